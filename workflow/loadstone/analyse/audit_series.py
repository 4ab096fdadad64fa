"""What rows of one series show together: the same system under different numbers of users."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadstone.analyse.audit_figures import pause_class
from loadstone.analyse.audit_row import RowAudit
from loadstone.analyse.audit_wording import users_text
from loadstone.suite.thresholds import DEFAULTS
from loadstone.suite.verdict import Verdict
from loadstone.text import count, figure, lasting, percent

LEAST_STEP = 1.5
"""Ratio of two numbers of users from which a change of the rate counts: a linear rise is then far above the noise."""

ON_PLATEAU = 0.90
"""Share of the highest rate of a plateau that each of its rows has at least, going up to it."""

INDEX_WORDS = frozenset({"level", "line", "phase", "repeat", "row", "run", "stage", "step", "test", "trial"})
"""Words of a label after which a number only counts."""

LEVEL_WORDS = INDEX_WORDS | frozenset(
    {"a", "at", "baseline", "heavy", "high", "light", "load", "low", "medium", "normal", "one", "peak", "single"}
    | {
        "extreme",
        "smoke",
        "soak",
        "spike",
        "stress",
        "virtual",
        "with",
        "concurrency",
        "concurrent",
        "vu",
        "vus",
        "client",
        "clients",
    }
    | {"connection", "connections", "thread", "threads", "user", "users"}
)
"""Words of a label that state how much load there is, and not which system it is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """A rate that more users do not raise."""

    rows: list[RowAudit]
    """The rows that have it, by users."""
    rps: float
    below: float | None
    """Most users of a row that does not reach it."""
    knee: float | None
    """X·(R₀ + Z): the users at which the asymptotes meet, if a row shows the unloaded response time R₀."""

    @property
    def first_users(self) -> float:
        """Fewest users with whom it was reached."""
        return self.rows[0].row.users or 0.0

    @property
    def last_users(self) -> float:
        """Most users with whom it was measured."""
        return self.rows[-1].row.users or 0.0


@dataclass(frozen=True, slots=True)
class _Point:
    users: float
    rps: float
    rows: list[RowAudit]


def find_series(rows: Sequence[RowAudit]) -> list[list[RowAudit]]:
    """Group the rows that describe one system: the same pauses, the same factors, labels that differ by the load only.

    Of a label, words of load, the number of users and numbers that only count are set aside.

    Rows that cannot be compared are left out.
    """
    groups: dict[tuple[object, ...], list[RowAudit]] = {}
    for row in rows:
        if row.usable and row.row.users:
            groups.setdefault(_system(row), []).append(row)
    return [sorted(group, key=lambda row: row.row.users or 0.0) for group in groups.values()]


def _system(audited: RowAudit) -> tuple[object, ...]:
    row = audited.row
    words, before = set(), ""
    for word in re.findall(r"[^\W\d_]+|[0-9][0-9.,]*", row.label.casefold()):
        counts = word[0].isdigit() and (before in INDEX_WORDS or word.replace(",", "") == f"{row.users:.0f}")
        if word not in LEVEL_WORDS and not counts:
            words.add(word)
        before = word
    return frozenset(words), tuple(sorted(row.factors.items())), pause_class(row)


def find_capacity(series: Sequence[RowAudit]) -> Capacity | None:
    """Find a plateau at the end of a series: the rate hardly rises with the users, so that the response time does.

    Every row of it accounts for its users, so that the longer response times are queueing (N = X·(R + Z)). Where no
    response times are stated, that is what follows from the rates. The limit is that of a measured capacity:
    d ln X / d ln N ≤ `most_elasticity_at_capacity`.
    """
    points = list(_points([row for row in series if row.busy_users]))
    for start, first in enumerate(points):
        after = points[start + 1 :]
        if not after or after[-1].users < LEAST_STEP * first.users:
            return None
        top = max(point.rps for point in (first, *after))
        flat = all(_elasticity(first, point) <= DEFAULTS.most_elasticity_at_capacity for point in after)
        rows = [row for point in (first, *after) for row in point.rows]
        queueing = all(row.bound != Verdict.THINK_TIME for row in after[-1].rows)
        if flat and queueing and first.rps >= ON_PLATEAU * top:
            knee = _knee(series, top, first.users)
            return Capacity(rows=rows, rps=top, below=points[start - 1].users if start else None, knee=knee)
    return None


def _points(rows: Sequence[RowAudit]) -> Iterator[_Point]:
    """Put repeats together: geometric means."""
    by_users: dict[float, list[RowAudit]] = {}
    for row in rows:
        by_users.setdefault(row.row.users or 0.0, []).append(row)
    for users, same in sorted(by_users.items()):
        yield _Point(users, math.exp(sum(math.log(row.rps or 1.0) for row in same) / len(same)), same)


def _elasticity(one: _Point, other: _Point) -> float:
    return math.log(other.rps / one.rps) / math.log(other.users / one.users)


def _knee(series: Sequence[RowAudit], rps: float, reached: float) -> float | None:
    unloaded = [row for row in series if row.unloaded and row.row.mean_s and row.row.think]
    if not unloaded:
        return None
    least = min(unloaded, key=lambda row: row.row.mean_s or math.inf).row
    assert least.mean_s is not None  # noqa: S101 - they were chosen by it
    assert least.think is not None  # noqa: S101 - as above
    knee = rps * (least.mean_s + least.think.mean)
    return knee if knee <= reached else None


def with_too_few_users(series: Sequence[RowAudit]) -> dict[int, float]:
    """Rows of a series after which the rate rises as the users do: their `id` → the ratio of the two rates.

    More users were served in proportion, so too few of them limited the row. Users' pauses are a limit of their own,
    so their length has to be known.
    """
    points = list(_points([row for row in series if row.row.think is not None]))
    found: dict[int, float] = {}
    for one, other in itertools.pairwise(points):
        if other.users < LEAST_STEP * one.users:
            continue
        if _elasticity(one, other) >= DEFAULTS.least_elasticity_of_think_time:
            found |= {id(row): other.rps / one.rps for row in one.rows if row.bound == Verdict.UNDETERMINED}
    return found


def capacity_sentence(found: Capacity) -> str:
    """State a capacity, where it is reached, and which users only wait."""
    first, last = found.rows[0], found.rows[-1]
    change = (last.rps or 0.0) / (first.rps or 1.0) - 1
    moved = f"{'rises' if change > 0 else 'falls'} by {percent(abs(change))}" if change else "does not change"
    sentences = [
        f"A capacity of about {figure(found.rps)} requests/s: from {count(found.first_users)} to "
        f"{users_text(found.last_users)} the rate {moved}, and the mean response time goes from "
        f"{_response(first)} to {_response(last)}."
    ]
    if found.knee is not None:
        beyond = found.last_users - found.knee
        sentences.append(
            f"By the unloaded response time it is reached with about {users_text(round(found.knee, 1))}: of "
            f"{users_text(found.last_users)}, {figure(beyond)} only wait."
        )
    else:
        where = f"between {count(found.below)} and" if found.below is not None else "with at most"
        sentences.append(
            f"It is reached {where} {users_text(found.first_users)}: of {users_text(found.last_users)}, at least "
            f"{count(found.last_users - found.first_users)} only wait."
        )
    sentences.append("The table does not show whose capacity it is: the server's, the network's or the load tool's.")
    return " ".join(sentences)


def _response(row: RowAudit) -> str:
    if row.row.mean_s is not None:
        return lasting(row.row.mean_s)
    return f"{lasting(row.implied_response_s)} (N/X - Z)"


def too_few_sentence(row: RowAudit, times: float) -> str:
    """State that more users raised the rate in proportion."""
    return (
        f"{row.name}: limited by too few users. With more than {users_text(row.row.users or 0)}, the rate rises "
        f"in proportion: {figure(times)} times as high in the next row."
    )
