"""Distributions of response times as the page shows them: one run per experiment, as far as its requests reach.

Percentiles of several runs have no mean that means anything. So an experiment's distribution is that of its *median
run*: the one whose mean response time is the median of those that count, the lower of the two middle ones.
"""

import math
from collections.abc import Iterator

import pandas as pd

from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts, kinds, marked

TAIL_FROM = 0.5
"""Probability from which a tail is drawn."""


def of_median_runs(campaign: Campaign) -> pd.DataFrame:
    """Pick the distributions of the median runs.

    Columns experiment, repeat, endpoint, probability, response_ms, service_ms, successes.
    """
    chosen = pd.MultiIndex.from_tuples([*campaign.median_runs.values(), ("", 0)])  # pandas needs at least one
    latency = campaign.latency
    mine = latency[pd.MultiIndex.from_frame(latency[["experiment", "repeat"]]).isin(chosen)]
    keys = ["experiment", "repeat", "endpoint"]
    counts = campaign.summary[[*keys, "requests", "failures"]]
    table = mine.merge(counts, on=keys, how="left").assign(successes=lambda t: t["requests"] - t["failures"])
    return table[[*keys, "probability", "response_ms", "service_ms", "successes"]]


def tails(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the upper half, up to the percentile that one request lies above, and add `tail`, 1/(1 - probability).

    Takes the columns probability and successes.
    """
    above = (1 - table["probability"]) * table["successes"]
    kept = table[(table["probability"] >= TAIL_FROM) & (table["probability"] < 1) & (above >= 1 - 1e-9)]
    return kept.assign(tail=1 / (1 - kept["probability"])).drop(columns="successes")


def percentiles(table: pd.DataFrame, column: str, wanted: dict[str, float]) -> Iterator[float | None]:
    """Take percentiles of one distribution, in the order wanted."""
    known = dict(zip(table["probability"].round(6), table[column], strict=True))
    for probability in wanted.values():
        value = known.get(round(probability, 6))
        yield None if value is None or math.isnan(value) else float(value)


def drawable_percentiles(campaign: Campaign, doubts: Doubts) -> pd.DataFrame:
    """Pick the columns for the charts of distributions, with doubts by kind only, to keep the page small.

    Columns experiment, endpoint, probability, response_ms, successes, doubt.
    """
    columns = ["experiment", "endpoint", "probability", "response_ms", "successes", "doubt"]
    return marked(of_median_runs(campaign), doubts, kinds)[columns]
