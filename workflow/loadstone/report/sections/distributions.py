"""Distributions of response times, to lay over each other."""

from dataclasses import dataclass

import pandas as pd

from loadstone.report.campaign import Campaign
from loadstone.report.charts import distributions
from loadstone.report.charts.shared import colour_of
from loadstone.report.doubts import Doubts
from loadstone.report.percentiles import drawable_percentiles
from loadstone.report.section import Section, drawn

STATISTICS = {"mean_ms": "mean", "p95_ms": "95th percentile", "p99_ms": "99th percentile"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """An experiment that the reader can pick, with the colour that it has in every chart."""

    name: str
    colour: str
    picked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionsView:
    """What the section shows."""

    picks: list[Pick]


def section(campaign: Campaign, doubts: Doubts) -> Section:
    """The distributions of the median runs."""
    order, first = campaign.experiments, first_picks(campaign)
    percentiles = drawable_percentiles(campaign, doubts)
    charts = {
        "percentiles": distributions.percentiles(percentiles, order, first),
        "shares": distributions.shares(percentiles, order, first),
    }
    return Section(
        anchor="distributions",
        title="Distributions of response times",
        view=DistributionsView(picks=picks(campaign)),
        charts=drawn(charts),
    )


def response_statistics(campaign: Campaign) -> pd.DataFrame:
    """Lay mean and percentiles of all endpoints together in rows: experiment, repeat, statistic, ms."""
    together = campaign.together.rename(columns=STATISTICS)
    return together.melt(["experiment", "repeat"], list(STATISTICS.values()), "statistic", "ms").dropna()


def picks(campaign: Campaign) -> list[Pick]:
    """List the experiments that have a distribution to be drawn, in the page's order."""
    picked = first_picks(campaign)
    return [
        Pick(name=name, colour=_colour(campaign, name), picked=name in picked)
        for name in campaign.experiments
        if name in campaign.median_runs
    ]


def first_picks(campaign: Campaign) -> list[str]:
    """Choose what the distributions show at first: most users (of published ones), fastest, slowest; each a colour."""
    known = campaign.median_runs.keys()
    together = campaign.together[campaign.together["goodput_rps"] > 0]
    mine = together[together["experiment"].isin(list(known))]
    if mine.empty:
        return []
    repeated = campaign.plan.suite.published
    first = max(
        (name for name in campaign.experiments if repeated and name in repeated.rows),
        key=lambda name: campaign.plan.experiments[name].load.users,
        default=_busiest(campaign),
    )
    response = response_statistics(campaign)
    means = response[(response["statistic"] == "mean") & response["experiment"].isin(list(known))]
    by_rate = mine.sort_values("goodput_rps", ascending=False, kind="stable")["experiment"]
    by_time = means.sort_values("ms", ascending=False, kind="stable")["experiment"]
    picked = [first] if first in known else []
    for names in (by_rate, by_time):
        taken = {_colour(campaign, name) for name in picked}
        picked += next(([str(name)] for name in names if _colour(campaign, str(name)) not in taken), [])
    return picked


def _busiest(campaign: Campaign) -> str:
    """Name the first experiment that has as many users as any."""
    users = {name: campaign.plan.experiments[name].load.users for name in campaign.experiments}
    return max(users, key=users.__getitem__)


def _colour(campaign: Campaign, experiment: str) -> str:
    return colour_of(campaign.experiments.index(experiment))
