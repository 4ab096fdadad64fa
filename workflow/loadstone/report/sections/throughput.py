"""Throughput of all experiments, side by side."""

import pandas as pd

from loadstone.report.campaign import Campaign
from loadstone.report.charts import comparison
from loadstone.report.doubts import Doubts, marked
from loadstone.report.section import Section, drawn


def section(campaign: Campaign, doubts: Doubts) -> Section:
    """Successful requests/s of each run, with the means."""
    table, means = marked(throughput(campaign), doubts), throughput_means(campaign)
    charts = drawn({"throughput": comparison.throughput(table, means, campaign.experiments)})
    return Section(
        anchor="throughput", title="Comparison: throughput", navigation="Comparison", view=None, charts=charts
    )


def throughput(campaign: Campaign) -> pd.DataFrame:
    """List the successful requests/s of all runs: experiment, repeat, goodput_rps."""
    table = campaign.together
    return table[table["goodput_rps"] > 0][["experiment", "repeat", "goodput_rps"]]


def throughput_means(campaign: Campaign) -> pd.DataFrame:
    """List the mean of each experiment's runs with its 95 % interval: experiment, value, low, high."""
    return campaign.means({"goodput_rps": ""}).drop(columns="statistic")
