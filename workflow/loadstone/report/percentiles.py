"""Distributions of response times as the page shows them: one run per experiment, as far as its requests reach.

Percentiles of several runs have no mean that means anything. So an experiment's distribution is that of its *median
run*: the one whose mean response time is the median of those that count, the lower of the two middle ones.
"""

import math
from collections.abc import Iterable, Iterator

import pandas as pd

from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts, kinds, marked
from loadstone.suite.hypotheses import ALL
from loadstone.text import shortened
from loadstone.theory.quantiles import shows_quantile

MAX_ENDPOINTS = 8
"""Endpoints of an experiment that are drawn, besides all together: those with the most requests."""
MAX_LABEL = 42
"""Characters of an endpoint's name in a chart."""
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
    shown = shows_quantile(table["successes"], table["probability"])
    kept = table[(table["probability"] >= TAIL_FROM) & (table["probability"] < 1) & shown]
    return kept.assign(tail=1 / (1 - kept["probability"])).drop(columns="successes")


def percentiles(table: pd.DataFrame, column: str, wanted: dict[str, float], successes: float) -> Iterator[float | None]:
    """Take percentiles of one distribution of so many requests, in the order wanted; None where they show none."""
    known = dict(zip(table["probability"].round(6), table[column], strict=True))
    for probability in wanted.values():
        value = known.get(round(probability, 6))
        if value is None or math.isnan(value) or not shows_quantile(successes, probability):
            yield None
        else:
            yield float(value)


def drawable_percentiles(campaign: Campaign, doubts: Doubts) -> pd.DataFrame:
    """Pick the columns for the charts of distributions, with doubts by kind only, to keep the page small.

    Columns experiment, endpoint, probability, response_ms, successes, doubt.
    """
    columns = ["experiment", "endpoint", "probability", "response_ms", "successes", "doubt"]
    table = _most_requested(of_median_runs(campaign))
    table["endpoint"] = table["endpoint"].map(_labels(table["endpoint"].unique()))
    return marked(table, doubts, kinds)[columns]


def _most_requested(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the endpoints of each experiment that are drawn."""
    keys = ["experiment", "endpoint"]
    own = table[table["endpoint"] != ALL].groupby(keys)["successes"].max()
    place = own.groupby(level="experiment").rank(method="first", ascending=False)
    few = place[place > MAX_ENDPOINTS].index
    return table[~pd.MultiIndex.from_frame(table[keys]).isin(few)].copy()


def _labels(names: Iterable[str]) -> dict[str, str]:
    """Shorten the names of endpoints, so that no two become the same."""
    labels: dict[str, str] = {}
    for name in sorted(names):
        label, number = shortened(name, MAX_LABEL), 1
        while label in labels.values():
            number += 1
            label = f"{shortened(name, MAX_LABEL)} ({number})"
        labels[name] = label
    return labels
