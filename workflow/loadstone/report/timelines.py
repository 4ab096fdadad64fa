"""Runs over time, as the charts of each experiment take them: in bins that a page of many experiments can hold."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loadstone.report.campaign import Campaign
from loadstone.results.tables import RunKey

MAX_ROWS = 20_000
"""Bins of all runs on the page together; where there are more, neighbouring ones are merged."""
ROLES = {"server_cpu": "server", "generator_cpu": "Locust", "machine_cpu": "whole machine"}
"""Column of `timeline.csv` → what its CPUs are called."""
OTHERS = "others"
"""CPUs of the machine that neither the server nor Locust used."""
PERCENTILES = {"p50_ms": "p50", "p95_ms": "p95", "p99_ms": "p99"}
"""Column of `timeline.csv` → what its percentile is called."""
MEAN = "mean"
"""What runs of earlier versions have instead of percentiles."""
FAILED = "failed"
"""What failures are called whose kind is not known over time."""
ROOM_ABOVE = 2.5
"""The number of the machine's CPUs is drawn if it is at most this many times the CPUs that were busy."""
_KEYS = ["experiment", "repeat"]
_WEIGHTED = ("users", *ROLES)
"""Columns that are means over a bin's time."""


@dataclass(frozen=True, slots=True)
class Timelines:
    """Tables for charts.

    All begin with experiment, repeat, begin and end, the latter in seconds since the load began. The column `inside`
    states whether a bin lies inside the window.
    """

    bins: pd.DataFrame
    """users, requests, failures, inside, and a column per role of `ROLES`, and `OTHERS`: CPUs."""
    times: pd.DataFrame
    """A column per name of `PERCENTILES` and `MEAN`: ms; and inside."""
    failures: pd.DataFrame
    """kind, failures, and `low` and `high`, the ends of its bar in requests/s; a row per bin and kind with any."""
    windows: pd.DataFrame
    """The windows; `zero` and `until`, the ends of the run; and cores, the machine's CPUs, null where far away."""

    by_second: list[str]
    """Experiments whose runs are of an earlier version: requests, failures and means per second are known of them."""
    merged: bool
    """Whether neighbouring bins are merged."""

    @property
    def runs(self) -> dict[str, list[int]]:
        """Experiment → the repeats that can be drawn."""
        found: dict[str, list[int]] = {}
        for name, repeat in zip(self.windows["experiment"], self.windows["repeat"], strict=True):
            found.setdefault(str(name), []).append(int(repeat))
        return found


def timelines(campaign: Campaign, most_rows: int = MAX_ROWS) -> Timelines:
    """Lay out the runs of a campaign over time; runs of earlier versions by the second, as far as they are known.

    If there are more than `most_rows` bins, neighbouring ones are merged.
    """
    known = campaign.timeline
    have = {(str(name), int(repeat)) for name, repeat in known[_KEYS].drop_duplicates().itertuples(index=False)}
    lacking = {campaign.standing_run(name) for name in campaign.experiments} - have
    seconds = _by_second(campaign, lacking)
    every = pd.concat([part for part in (known, seconds) if not part.empty] or [known], ignore_index=True)
    bins = _inside(campaign, _merged(every, most_rows))
    return Timelines(
        bins=_rounded_bins(bins),
        times=_inside(campaign, _times(known, seconds)),
        failures=_failures(bins),
        windows=_windows(campaign, bins),
        by_second=list(dict.fromkeys(seconds["experiment"])),
        merged=len(bins) < len(every),
    )


def _by_second(campaign: Campaign, runs: set[RunKey]) -> pd.DataFrame:
    """Take what is known of runs without a timeline; their last second is left out, because it is not whole."""
    course = campaign.course
    mine = course[pd.MultiIndex.from_frame(course[_KEYS]).isin([*runs, ("", 0)])]
    whole = mine[mine["second"] < mine.groupby(_KEYS)["second"].transform("max")]
    return pd.DataFrame(
        {
            **{name: whole[name] for name in _KEYS},
            "begin_s": whole["second"].astype(float),
            "end_s": whole["second"] + 1.0,
            "requests": whole["requests"],
            "failures": whole["failures"],
            "failure_kinds": [json.dumps({FAILED: int(n)}) if n else "" for n in whole["failures"]],
            "mean_ms": whole["mean_ms"],
            **{name: np.full(len(whole), np.nan) for name in _WEIGHTED},
        }
    )


def _merged(table: pd.DataFrame, most_rows: int) -> pd.DataFrame:
    """Merge neighbouring bins of each run, so that all runs together have about `most_rows`."""
    if len(table) <= most_rows:
        return table
    of_run = table.groupby(_KEYS)
    room = most_rows / of_run.ngroups
    every = np.ceil(of_run["begin_s"].transform("size") / room)
    width = table["end_s"] - table["begin_s"]
    parts = table.assign(
        **{name: table[name] * width for name in _WEIGHTED}, width=width, part=of_run.cumcount() // every
    )
    groups = parts.groupby([*_KEYS, "part"], sort=False)
    added = groups[["requests", "failures", "width", *_WEIGHTED]].sum()
    for name in _WEIGHTED:  # unknown in a part is unknown
        added[name] = (added[name] / added["width"]).where(groups[name].count() == groups["width"].size())
    failing = parts[parts["failures"] > 0].groupby([*_KEYS, "part"], sort=False)
    added["failure_kinds"] = failing["failure_kinds"].agg(_added_kinds).reindex(added.index)
    ends = {"begin_s": groups["begin_s"].first(), "end_s": groups["end_s"].last()}
    return added.assign(**ends).reset_index().drop(columns=["part", "width"])


def _added_kinds(texts: pd.Series) -> str:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_kinds(text))
    return json.dumps(counts)


def _kinds(text: object) -> dict[str, int]:
    """Read kinds of failure with their numbers; none from a gap."""
    return dict(json.loads(text)) if isinstance(text, str) and text else {}


def _inside(campaign: Campaign, table: pd.DataFrame) -> pd.DataFrame:
    """Name the ends of bins `begin` and `end`, and add `inside`."""
    spans = {key: _span(campaign, key) for key in campaign.own_runs}
    of_rows = [spans[str(name), int(repeat)] for name, repeat in zip(table["experiment"], table["repeat"], strict=True)]
    begins, ends = (np.array([span[place] for span in of_rows]) for place in (0, 1))
    begin, end = (table[name].astype(float).round(2) for name in ("begin_s", "end_s"))
    inside = (begin >= begins - 0.01) & (end <= ends + 0.01)
    named = table.assign(begin=begin, end=end, inside=inside.astype(bool))
    return named.drop(columns=["begin_s", "end_s"])


def _span(campaign: Campaign, key: RunKey) -> tuple[float, float]:
    """Begin and end of a run's window, in seconds since the load began."""
    begin, end = campaign.windows[key].span
    began = campaign.load_started[key]
    return round(begin - began, 2), round(end - began, 2)


def _times(known: pd.DataFrame, seconds: pd.DataFrame) -> pd.DataFrame:
    """Take the percentiles over time, and means per second where there are none."""
    own = known.dropna(subset="percentiles_until_s")
    tables = [
        own[[*_KEYS, "begin_s", *PERCENTILES]].assign(end_s=own["percentiles_until_s"], mean_ms=np.nan),
        seconds[[*_KEYS, "begin_s", "end_s", "mean_ms"]].assign(**dict.fromkeys(PERCENTILES, np.nan)),
    ]
    table = pd.concat([each for each in tables if not each.empty] or tables[:1], ignore_index=True)
    for column, name in {**PERCENTILES, "mean_ms": MEAN}.items():
        table[name] = [_three_digits(ms) for ms in table[column].astype(float)]
    return table[[*_KEYS, "begin_s", "end_s", *PERCENTILES.values(), MEAN]]


def _three_digits(value: float) -> float:
    """Round to three significant digits; NaN for 0, which has no place on a logarithmic axis."""
    return float(f"{value:.3g}") if value > 0 else math.nan


def _rounded_bins(table: pd.DataFrame) -> pd.DataFrame:
    """Keep what the charts of bins show, in few digits, to keep the page small."""
    others = (table["machine_cpu"] - table["server_cpu"] - table["generator_cpu"]).clip(lower=0)
    cpus = {called: table[column].astype(float).round(2) for column, called in ROLES.items()}
    return table[[*_KEYS, "begin", "end", "requests", "failures", "inside"]].assign(
        users=table["users"].astype(float).round(1), **cpus, **{OTHERS: others.astype(float).round(2)}
    )


def _failures(bins: pd.DataFrame) -> pd.DataFrame:
    """Stack each bin's kinds of failure; where there are too many rows, they are one kind."""
    failing = bins[bins["failures"] > 0]
    rows = list(_bars(failing, by_kind=True))
    if len(rows) > MAX_ROWS:
        rows = list(_bars(failing, by_kind=False))
    return pd.DataFrame(rows, columns=[*_KEYS, "begin", "end", "kind", "failures", "low", "high"])


def _bars(failing: pd.DataFrame, *, by_kind: bool) -> Iterator[tuple[object, ...]]:
    columns = ["experiment", "repeat", "begin", "end", "failures", "failure_kinds"]
    for name, repeat, begin, end, failures, kinds in failing[columns].itertuples(index=False):
        counts = _kinds(kinds) if by_kind else {FAILED: int(failures)}
        low, width = 0.0, max(end - begin, 0.01)
        for kind, count in sorted(counts.items()):
            high = low + count / width
            yield name, repeat, begin, end, kind, count, round(low, 2), round(high, 2)
            low = high


def _windows(campaign: Campaign, bins: pd.DataFrame) -> pd.DataFrame:
    """List the windows of the runs that have bins, and the ends of the runs."""
    cores = {(record.run.experiment, record.run.repeat): record.cores or 0 for record in campaign.records}
    runs = bins.groupby(_KEYS, sort=False).agg(until=("end", "max"), busy=("machine_cpu", "max")).reset_index()
    rows = []
    for name, repeat, until, busy in runs.itertuples(index=False):
        key = str(name), int(repeat)
        near = busy > 0 and cores[key] <= ROOM_ABOVE * busy
        rows.append((*key, *_span(campaign, key), 0, until, cores[key] if near else None))
    return pd.DataFrame(rows, columns=[*_KEYS, "begin", "end", "zero", "until", "cores"])
