"""The endpoints of a user's own service, in the first table of the page; for the album API see `comparison`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts, unusable
from loadstone.report.section import Section
from loadstone.results.tables import OTHER
from loadstone.suite.describe import describe_requests
from loadstone.suite.hypotheses import ALL

MAX_ROWS = 10
"""Endpoints of an experiment that are listed; each experiment's own part of the page has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointsOfExperiment:
    """The endpoints of one experiment, from its median run."""

    name: str
    anchor: str
    """Of the experiment's own part of the page."""
    load: str
    verdict: str
    reason: str | None
    """Why its figures must not be used; None where they can be."""
    rows: Sequence[Mapping[Any, Any]]
    """All together, then those with the most requests."""
    more: int
    """Number of endpoints that are not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointsView:
    """What the section shows."""

    experiments: list[EndpointsOfExperiment]


def endpoints(campaign: Campaign, doubts: Doubts) -> list[EndpointsOfExperiment]:
    """List the experiments whose load is not a mix of the album API, in the page's order."""
    own = [name for name in campaign.experiments if campaign.plan.experiments[name].load.mix is None]
    return [_endpoints(campaign, name, doubts) for name in own]


def _endpoints(campaign: Campaign, name: str, doubts: Doubts) -> EndpointsOfExperiment:
    keys = campaign.runs_of(name)
    _, repeat = campaign.median_runs.get(name, keys[0])
    table = campaign.summary
    mine = table[(table["experiment"] == name) & (table["repeat"] == repeat)]
    rows = by_requests(mine).to_dict("records")
    verdict = campaign.verdicts.experiments[name].verdict
    shown = len(rows) if len(rows) == MAX_ROWS + 2 else MAX_ROWS + 1  # "and 1 more" takes as much room
    return EndpointsOfExperiment(
        name=name,
        anchor=campaign.anchors[name],
        load=describe_requests(campaign.plan.experiments[name].load),
        verdict=verdict,
        reason=unusable(verdict, [doubt for key in keys for doubt in doubts[key]]),
        rows=rows[:shown],
        more=max(0, len(rows) - shown),
    )


def by_requests(rows: pd.DataFrame) -> pd.DataFrame:
    """Sort a run's endpoints: all together, then by falling number of requests, the sum of the others last."""
    place = rows["endpoint"].map({ALL: 0, OTHER: 2}).fillna(1)
    return (
        rows.assign(place=place)
        .sort_values(["place", "requests", "endpoint"], ascending=[True, False, True], kind="stable")
        .drop(columns="place")
    )


def section(campaign: Campaign, doubts: Doubts) -> Section | None:
    """The endpoints of each experiment with a load of the user's own; None without any."""
    found = endpoints(campaign, doubts)
    if not found:
        return None
    return Section(anchor="endpoints", title="Endpoints", navigation="Endpoints", view=EndpointsView(experiments=found))
