"""Reading all albums against creating one: mean response times of GET /albums and POST /albums."""

import pandas as pd

from loadstone.report.campaign import GET, POST, Campaign
from loadstone.report.charts import comparison
from loadstone.report.doubts import Doubts, marked
from loadstone.report.section import Section, drawn
from loadstone.suite.load_settings import Load


def section(campaign: Campaign, doubts: Doubts) -> Section | None:
    """The two endpoints in each run; None where no load requests them."""
    table = marked(get_and_post(campaign), doubts)
    if table.empty and not any(_requests_them(settings.load) for settings in campaign.plan.suite.experiments.values()):
        return None
    charts = drawn({"get-post": comparison.get_against_post(table, campaign.experiments)})
    return Section(anchor="get-post", title="Comparison: GET against POST", view=None, charts=charts)


def _requests_them(load: Load) -> bool:
    return load.mix is not None and bool(load.mix.list_albums or load.mix.create_album)


def get_and_post(campaign: Campaign) -> pd.DataFrame:
    """List the mean response of the two endpoints: experiment, repeat, endpoint, mean_ms."""
    table = campaign.summary
    return table[table["endpoint"].isin([GET, POST])][["experiment", "repeat", "endpoint", "mean_ms"]].dropna()
