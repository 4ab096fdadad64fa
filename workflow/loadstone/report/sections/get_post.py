"""Reading all albums against creating one: mean response times of GET /albums and POST /albums."""

import pandas as pd

from loadstone.report.campaign import GET, POST, Campaign
from loadstone.report.charts import comparison
from loadstone.report.doubts import Doubts, marked
from loadstone.report.section import Section, drawn


def section(campaign: Campaign, doubts: Doubts) -> Section:
    """The two endpoints in each run."""
    table = marked(get_and_post(campaign), doubts)
    charts = drawn({"get-post": comparison.get_against_post(table, campaign.experiments)})
    return Section(anchor="get-post", title="Comparison: GET against POST", view=None, charts=charts)


def get_and_post(campaign: Campaign) -> pd.DataFrame:
    """List the mean response of the two endpoints: experiment, repeat, endpoint, mean_ms."""
    table = campaign.summary
    return table[table["endpoint"].isin([GET, POST])][["experiment", "repeat", "endpoint", "mean_ms"]].dropna()
