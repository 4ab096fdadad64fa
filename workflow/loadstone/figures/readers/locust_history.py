"""Locust's `…_stats_history.csv`: one run, a row per second; a plateau of users in it is a test.

The printed rate is the mean of about ten seconds, and follows a change of users late. The counts of requests have no
such lag: where they agree with the printed rates, the rate is that of the counts.
"""

import csv
import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from loadstone.errors import TableError
from loadstone.figures.options import MAX_FIGURE, ReadOptions
from loadstone.figures.row import LoadTestRow
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable
from loadstone.text import count, figure, short

LAG_S = 12.0
"""Time after which the printed rate holds nothing of what was before."""
MIN_PLATEAU_S = 30.0
"""Length of a plateau that is a test of its own, if there are several."""
AGREEMENT = 0.1
"""Relative difference of two rates up to which they are the same."""
MAX_LINES = 1_000_000

_FIGURES = {
    "Timestamp": "seconds",
    "User Count": "users",
    "Requests/s": "rps",
    "Total Request Count": "requests",
    "Total Failure Count": "failures",
    "Total Average Response Time": "mean_ms",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    seconds: float
    users: float
    rps: float
    requests: float
    failures: float
    mean_ms: float


def recognises(source: Source) -> bool:
    """Whether the file is what Locust writes as `…_stats_history.csv`."""
    first = source.head.lstrip().split("\n", 1)[0].replace('"', "")
    return {"Timestamp", "User Count", "Total Request Count"} <= {name.strip() for name in first.split(",")}


def read(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the plateaus of a history. Raises `TableError` if the number of users never stays the same."""
    moments, without = _moments(source)
    plateaus = [
        list(group) for users, group in itertools.groupby(moments, key=lambda moment: moment.users) if users > 0
    ]
    lasting = [plateau for plateau in plateaus if _length(plateau) >= MIN_PLATEAU_S]
    if not lasting:
        lasting = [max(plateaus, key=lambda plateau: (_length(plateau), plateau[0].users))] if plateaus else []
    if not lasting or _length(lasting[0]) <= 0:
        raise TableError(f"{source.path}: Locust's history without a plateau: the number of users never stays the same")
    notes = ["one run: its plateaus are the tests, each without its first half, in which rates still change"]
    if without:
        notes.append(f"{without} rows of endpoints left out")
    rows = []
    for plateau in lasting:
        label = source.name if len(lasting) == 1 else f"{source.name}, {plateau[0].users:g} users"
        rows.append(_test(plateau, label, options, notes))
        if _length(plateau) < LAG_S:
            notes.append(
                f"the plateau lasts {_length(plateau):g} s: too short for the printed rates, which lag by {LAG_S:g} s"
            )
    understood = dict(zip(_FIGURES, _WORDS, strict=True))
    return LoadTestTable(rows=rows, kind="Locust's history", understood=understood, notes=tuple(dict.fromkeys(notes)))


_WORDS = (
    "time, seconds",
    "users",
    "requests/s, mean of about 10 s",
    "requests so far",
    "requests that failed so far",
    "mean response time so far, ms",
)


def _length(plateau: Sequence[_Moment]) -> float:
    return plateau[-1].seconds - plateau[0].seconds


def _test(plateau: Sequence[_Moment], label: str, options: ReadOptions, notes: list[str]) -> LoadTestRow:
    middle = (plateau[0].seconds + plateau[-1].seconds) / 2
    part = [moment for moment in plateau if moment.seconds >= middle]
    if len(part) < 2:
        part = list(plateau[-2:])
    first, last = part[0], part[-1]
    seconds, requests, failures = (
        last.seconds - first.seconds,
        last.requests - first.requests,
        last.failures - first.failures,
    )
    printed = statistics.median(moment.rps for moment in part)
    mean_s = failed = None
    if requests > 0:
        mean_ms = (last.mean_ms * last.requests - first.mean_ms * first.requests) / requests
        mean_s = mean_ms / 1000 if mean_ms >= 0 else None
        failed = min(1.0, failures / requests) if failures >= 0 else None
    counted = requests / seconds if seconds > 0 else 0.0
    agree = counted > 0 and abs(counted - printed) <= AGREEMENT * printed
    if not agree:
        notes.append(
            f"the counts rise by {figure(counted)} requests/s, the printed rates are about {figure(printed)}: rows may "
            "be missing; the median of the printed rates is taken"
        )
    return LoadTestRow(
        label=label,
        users=plateau[0].users,
        think=options.think,
        requests=requests if agree else None,
        failures=failures if agree and failures >= 0 else None,
        stated_failed_share=failed,
        duration_s=seconds if agree else None,
        duration_rounding_s=1.0 if agree else 0.0,
        rps=None if agree else printed,
        mean_s=mean_s,
        source=f"{source_span(first, last)}",
    )


def source_span(first: _Moment, last: _Moment) -> str:
    """Name the part of the history that a test is from."""
    return f"Timestamp {first.seconds:.0f} to {last.seconds:.0f}"


def _moments(source: Source) -> tuple[list[_Moment], int]:
    reader = csv.DictReader(source.text().split("\n"))
    moments, without = [], 0
    try:
        for number, line in enumerate(reader, 2):
            if number > MAX_LINES:
                raise TableError(f"{source.path}: more than {count(MAX_LINES)} rows")
            if (line.get("Name") or "Aggregated").strip() not in ("Aggregated", "Total"):
                without += 1
                continue
            moments.append(
                _Moment(**{key: _number(source, number, name, line.get(name)) for name, key in _FIGURES.items()})
            )
    except csv.Error as error:
        raise TableError(f"{source.path}: cannot be read: {error}") from None
    return sorted(moments, key=lambda moment: moment.seconds), without


def _number(source: Source, line: int, name: str, text: str | None) -> float:
    """Read a cell as Locust writes it; `N/A`, before the first request, is 0."""
    written = (text or "").strip()
    if written in ("N/A", "", "nan"):
        return 0.0
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MAX_FIGURE:
        raise TableError(f"{source.path}: line {line}: {name}: {short(written)} is not allowed; allowed: a number")
    return value
