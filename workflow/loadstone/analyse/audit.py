"""Audit a table of load-test results, by arithmetic that you can check by hand.

Nothing is measured. A row states a number of users, a throughput and perhaps more. With the users' think time these
figures show which of them contradict each other, how many users were active, and whether the throughput is simply what
that number of pausing users can send. `audit_row` audits single rows, `audit_series` and `audit_compared` rows
together.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from loadstone.analyse.audit_compared import compare_rows, pause_bound_findings
from loadstone.analyse.audit_row import CAPACITY, RowAudit, audit_row
from loadstone.analyse.audit_series import (
    Capacity,
    capacity_sentence,
    find_capacity,
    find_series,
    too_few_sentence,
    with_too_few_users,
)
from loadstone.analyse.audit_wording import name_rows, pause_text, users_text
from loadstone.figures.row import LoadTestRow
from loadstone.suite.verdict import Verdict
from loadstone.text import count, figure, lasting, named, percent, plain, several
from loadstone.theory import operational as laws
from loadstone.theory.closed_run import Account

SERVER_COUNTS = (1, 2, 4)
"""Numbers of requests at a time for which an audit states how many users would saturate a server."""

ALL = {2: "both rows"}

MOST_NAMED = 6
"""Rows that one sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The audit of a table."""

    rows: list[RowAudit]
    findings: list[str]
    capacities: list[Capacity]
    users_to_saturate: dict[int, int]
    """Number of requests that a server works on at a time → users at the knee, W·(D + Z)/D; empty where no row shows
    the demand D of a request."""


def audit(table: Sequence[LoadTestRow]) -> Audit:
    """Audit each row, then the rows of each series together, then compare the rows with each other."""
    rows = [audit_row(row, name) for row, name in zip(table, name_rows(table), strict=True)]
    series = find_series(rows)
    capacities = [found for group in series if (found := find_capacity(group))]
    too_few = {key: times for group in series for key, times in with_too_few_users(group).items()}
    limits = {id(row): CAPACITY for found in capacities for row in found.rows if row.bound == Verdict.UNDETERMINED}
    limits = {key: str(Verdict.TOO_FEW_USERS) for key in too_few} | limits
    few = [too_few_sentence(row, too_few[id(row)]) for row in rows if limits.get(id(row)) == Verdict.TOO_FEW_USERS]
    rows = [replace(row, bound=limits[id(row)]) if id(row) in limits else row for row in rows]
    saturation = _users_to_saturate(rows)
    findings = [
        *_failures(rows),
        *(f"{row.name}: {text}." for row in rows for text in row.contradictions),
        *_nothing_usable(rows),
        *map(capacity_sentence, capacities),
        *few,
        *pause_bound_findings(rows),
        *compare_rows(rows),
        *_checked(rows),
        *_response_unknown(rows),
        *_pauses_unknown(rows),
        *_only_medians(rows),
        *_cautions(rows),
        *_saturation(rows, saturation),
    ]
    return Audit(rows=rows, findings=findings, capacities=capacities, users_to_saturate=saturation)


def _failures(rows: Sequence[RowAudit]) -> Iterator[str]:
    for row in rows:
        if row.bound == Verdict.ERRORS:
            good = "" if row.goodput_rps is None else f" {figure(row.goodput_rps)} requests/s succeeded."
            share = percent(row.failed_share)
            text = f"{row.name}: {share} of the requests failed: do not use the rate or the times.{good}"
            if row.pausing and row.possible_rps is not None and row.row.users:
                text += f" {users_text(row.row.users)} with {pause_text(row.row)} can send {figure(row.possible_rps)} "
                text += "requests/s, N/(R + Z), so no saturation is shown either."
            yield text


def _nothing_usable(rows: Sequence[RowAudit]) -> Iterator[str]:
    if rows and all(row.bound in (Verdict.ERRORS, Verdict.INVALID) for row in rows):
        yield "No row can be used: nothing about the server follows from them."


def _checked(rows: Sequence[RowAudit]) -> Iterator[str]:
    """State which rows obey the laws, and which state too little to be checked."""
    sound = [row for row in rows if row.account is Account.ALL and not row.contradictions]
    if sound:
        names = (
            _names(sound) if len(sound) < len(rows) or len(rows) == 1 else ALL.get(len(rows), f"all {len(rows)} rows")
        )
        pauses = any(row.row.think is not None and row.row.think.mean > 0 for row in sound)
        figures = "Users, rate, response time and pauses" if pauses else "Users, rate and response time"
        yield f"{figures} fit each other in {names}."
    busy = [row for row in rows if row.row.think is None and row.busy_users]
    if busy:
        yield f"X·R is about the number of users in {_names(busy)}: these users hardly pause."
    unknown = [row for row in rows if row.account is Account.UNKNOWN and row not in busy]
    if unknown:
        needed = {"users": "users", "think": "think time", "mean_s": "mean response time"}
        missing = [text for key, text in needed.items() if any(getattr(row.row, key) is None for row in unknown)]
        names = _names(unknown) if len(unknown) < len(rows) or len(rows) == 1 else f"{several(len(rows), 'row')}"
        yield f"Not checked against the number of users: {names}. Not stated: {named(missing)}."


def _response_unknown(rows: Sequence[RowAudit]) -> Iterator[str]:
    unknown = [row for row in rows if row.row.mean_s is None and row.implied_response_s is not None]
    if unknown:
        subject = "No row states a" if len(unknown) == len(rows) else f"{several(len(unknown), 'row')} without a"
        law = "by Little's law it is N/X - Z if all users were active"
        yield f"{subject} mean response time: {law}: {_listed(unknown, lambda row: lasting(row.implied_response_s))}."


def _pauses_unknown(rows: Sequence[RowAudit]) -> Iterator[str]:
    unknown = [row for row in rows if row.implied_pause_s is not None and not row.busy_users]
    if unknown:
        yield (
            "No think time is stated. By Little's law users pause for N/X - R if all were active: "
            f"{_listed(unknown, lambda row: lasting(row.implied_pause_s))}. State think times, and more can be checked."
        )


def _only_medians(rows: Sequence[RowAudit]) -> Iterator[str]:
    """Set X·median next to the users: it is no law, so it is stated carefully."""
    known = [row for row in rows if row.row.mean_s is None and 0.5 in row.row.quantiles_s and row.rps and row.row.users]
    if not known:
        return

    def product(row: RowAudit) -> float:
        return (row.rps or 0.0) * row.row.quantiles_s[0.5]

    text = (
        "Medians are no means, so Little's law does not apply to them. X·median, next to the users: "
        f"{_listed(known, lambda row: f'{figure(product(row))} of {plain(row.row.users)}')}."
    )
    above = [row for row in known if row.median_above_users]
    if above:
        text += (
            " No more requests than users can be in progress, X·R ≤ N, and a mean is rarely below the median: rate and "
            f"median of {_names(above)} hardly describe the same time."
        )
    yield text


def _cautions(rows: Sequence[RowAudit]) -> Iterator[str]:
    by_text: dict[str, list[RowAudit]] = {}
    for row in rows:
        for text in row.cautions:
            by_text.setdefault(text, []).append(row)
    for text, same in by_text.items():
        yield f"{_names(same)}: {text}."


def _listed(rows: Sequence[RowAudit], write: Callable[[RowAudit], str]) -> str:
    return named([f"{write(row)} ({row.name})" for row in rows], MOST_NAMED)


def _names(rows: Sequence[RowAudit]) -> str:
    return named([row.name for row in rows], MOST_NAMED)


def _unloaded(rows: Sequence[RowAudit]) -> RowAudit | None:
    """Pick the row that shows a request's demand best: that of one user, or else the one with the least queueing."""
    known = [row for row in rows if row.unloaded and row.row.think is not None and row.row.think.mean > 0]
    return min(known, key=lambda row: (row.row.users != 1, row.row.mean_s or math.inf), default=None)


def _users_to_saturate(rows: Sequence[RowAudit]) -> dict[int, int]:
    row = _unloaded(rows)
    if row is None or not row.row.mean_s or row.row.think is None:
        return {}
    knee = laws.knee(row.row.mean_s, row.row.mean_s, row.row.think.mean)
    return {servers: math.ceil(servers * knee) for servers in SERVER_COUNTS}


def _saturation(rows: Sequence[RowAudit], saturation: dict[int, int]) -> Iterator[str]:
    row = _unloaded(rows)
    if row is None or not saturation:
        return
    counts = ", ".join(
        f"{count(users)} if it works on {'one request' if servers == 1 else f'{servers} requests'} at a time"
        for servers, users in saturation.items()
    )
    yield (
        f"Users at which such a server saturates, (D + Z)/D with a demand D of {lasting(row.row.mean_s)}, the response "
        f"time of {row.name} ({users_text(row.row.users) if row.row.users else 'unloaded'}): {counts}."
    )
