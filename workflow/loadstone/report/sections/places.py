"""Where requests are that users wait for, from samples of threads and connections: a part of the verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import pandas as pd

from loadstone import text
from loadstone.report.campaign import Campaign
from loadstone.report.charts import places as charts
from loadstone.report.charts.shared import Chart
from loadstone.results.verdicts import Place

MAX_NAMED = 6
"""Experiments without samples that are named."""
NOTABLE_SHARE = 0.02
"""Share of the requests from which a place is named in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesView:
    """What is shown of the places, next to the chart."""

    unknown: str
    """Which experiments have no samples, in a sentence; empty if all have them."""


def places_of(campaign: Campaign, name: str) -> dict[Place, float]:
    """Return the mean number of requests in each place, over the runs that count and have samples; in their order."""
    found = [places for key in campaign.used_of(name) if (places := campaign.judged[key].places)]
    means = {place: fmean(each.get(place, 0.0) for each in found) for place in Place} if found else {}
    return {place: requests for place, requests in means.items() if requests > 0}


def places_sentence(found: dict[Place, float]) -> str:
    """State where the requests of an experiment are; empty where it is unknown."""
    total = sum(found.values())
    shares = sorted(((requests / total, place) for place, requests in found.items()), reverse=True)
    named = [
        f"{place} {text.figure(share * total)} ({text.percent(share)})"
        for share, place in shares
        if share >= NOTABLE_SHARE
    ]
    return f"Requests in progress: {text.figure(total)}, of them {', '.join(named)}." if named else ""


def places_table(campaign: Campaign) -> pd.DataFrame:
    """Lay out the places of all experiments: experiment, place, requests, share, begin, end, total."""
    rows = []
    for name in campaign.experiments:
        found = places_of(campaign, name)
        total, begin = sum(found.values()), 0.0
        for place, requests in found.items():
            share = requests / total
            rows.append((name, place, requests, share, begin, begin + share, total))
            begin += share
    return pd.DataFrame(rows, columns=["experiment", "place", "requests", "share", "begin", "end", "total"])


def places_chart(campaign: Campaign) -> Chart | None:
    """Draw the places of all experiments that have samples."""
    table = places_table(campaign)
    return charts.places(table, list(dict.fromkeys(table["experiment"])))


def places_view(campaign: Campaign) -> PlacesView | None:
    """Name the experiments without samples; None where no experiment has any."""
    known = {name for name in campaign.experiments if places_of(campaign, name)}
    return PlacesView(unknown=_unknown([name for name in campaign.experiments if name not in known])) if known else None


def _unknown(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"No samples show where the requests of {text.named(names, MAX_NAMED)} were."
