"""Audit a published table of load-test results, row by row, by arithmetic that you can check by hand.

Nothing is measured. A row states a number of users, a throughput and perhaps more. With the users' think time these
figures show which of them contradict each other, how many users were active, and whether the throughput is simply what
that number of waiting users can send.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from loadstone.figures.row import LoadTestRow
from loadstone.theory import operational as laws

THINK_TIME_SHARE = 0.90
"""X·Z/N from which a row is bound by think time: the share of their time that users spent thinking instead of waiting
for the server. The unloaded response time, which few tables state, can only raise the share."""

FEWER_USERS = 0.90
"""Active over stated users below which some of the users were missing."""

CONFIDENCE = 0.95
SERVER_COUNTS = (1, 2, 4)
"""Numbers of servers for which an audit states how many users would saturate them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAudit:
    """What arithmetic shows about one row."""

    row: LoadTestRow
    contradictions: list[str]
    active_users: float | None
    """X·(R + Z)."""
    possible_rps: float | None
    """N/(R + Z)."""
    think_share: float | None
    """X·Z/N."""
    bound: str
    """`think time`, `fewer users` or `undetermined`."""
    noise_rps: float | None
    """Standard deviation of the throughput of the active users, if they are independent; requests/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The audit of a table."""

    rows: list[RowAudit]
    findings: list[str]
    users_to_saturate: dict[int, int]
    """Number of servers → users needed to saturate them, at least."""


def audit(table: Sequence[LoadTestRow]) -> Audit:
    """Audit each row, then compare the rows with each other."""
    rows = [_audit_row(row) for row in table]
    saturation = _saturation(rows)
    findings = [*_row_findings(rows), *_comparisons(rows), *_factor_findings(rows)]
    if saturation:
        counts = ", ".join(f"{users:,} for {_servers(servers)}" for servers, users in saturation.items())
        findings.append(f"Users needed to saturate servers of that speed, at least: {counts}.")
    return Audit(rows=rows, findings=findings, users_to_saturate=saturation)


def _audit_row(row: LoadTestRow) -> RowAudit:
    think = row.think.mean if row.think else None
    response = row.mean_s or 0.0
    throughput, users = row.throughput, row.users
    active = possible = share = noise = None
    if throughput is not None and think is not None:
        active = laws.active_users(throughput, response, think)
    if users and think is not None and response + think > 0:
        possible = laws.think_time_bound(users, response, think)
    if users and think is not None and throughput is not None:
        share = throughput * think / users
    seconds = row.implied_s or row.duration_s
    if active and row.think and seconds:
        cycle = response + row.think.mean
        noise = laws.throughput_noise(active, cycle, row.think.variance, seconds) if cycle > 0 else None
    return RowAudit(
        row=row,
        contradictions=_contradictions(row, active),
        active_users=active,
        possible_rps=possible,
        think_share=share,
        bound=_bound(users, active, share),
        noise_rps=noise,
    )


def _bound(users: float | None, active: float | None, share: float | None) -> str:
    if users and active is not None and active < FEWER_USERS * users:
        return "fewer users"
    return "think time" if share is not None and share >= THINK_TIME_SHARE else "undetermined"


def _contradictions(row: LoadTestRow, active: float | None) -> list[str]:
    contradictions = []
    if row.requests is not None and row.duration_s and row.rps:
        mean = row.requests / row.duration_s
        if abs(mean - row.rps) > row.rps_rounding + 0.01 * row.rps:
            contradictions.append(
                f"{row.requests:,.0f} requests in {row.duration_s:g} s are {mean:.3g} requests/s, not {row.rps:g}; at "
                f"{row.rps:g} they take {row.implied_s:.0f} s"
            )
    if row.users and active is not None:
        if active < FEWER_USERS * row.users:
            contradictions.append(
                f"{_users(row.users)} stated, {active:.2f} active: the rate is that of {_users(active)}"
            )
        elif active > laws.MAX_CONSISTENCY * row.users + 0.5:
            contradictions.append(f"{_users(row.users)} stated, but the rate needs {active:.1f}")
    return contradictions


def _users(count: float) -> str:
    return "one user" if round(count) == 1 else f"{count:.0f} users"


def _servers(count: int) -> str:
    return "1 server" if count == 1 else f"{count} servers"


def _row_findings(rows: Sequence[RowAudit]) -> list[str]:
    findings = []
    bound = [row for row in rows if row.bound == "think time"]
    for users, group in itertools.groupby(sorted(bound, key=_stated), key=_stated):
        members = list(group)
        names = ", ".join(f"«{row.row.label}»" for row in members)
        possible = max(row.possible_rps or 0 for row in members)
        measured = sorted(row.row.throughput or 0 for row in members)
        low, high = f"{measured[0]:g}", f"{measured[-1]:g}"
        span = low if measured[0] == measured[-1] else f"{low} to {high}"
        findings.append(
            f"Bound by think time, not by the server: {names}. With any server of that speed, {_users(users)} can send "
            f"{possible:.1f} requests/s; measured: {span}."
        )
    for row in rows:
        findings += [f"«{row.row.label}»: {text}." for text in row.contradictions]
    return findings


def _stated(row: RowAudit) -> float:
    return row.row.users or 0.0


def _comparisons(rows: Sequence[RowAudit]) -> list[str]:
    """Compare the spread of rows that have the same number of users with the spread expected by chance.

    For k rows the latter is the 95 % quantile of the range of k normal variables (Tukey's studentised range).
    """
    findings = []
    usable = [row for row in rows if row.bound == "think time" and row.noise_rps and row.row.throughput]
    for users, group in itertools.groupby(sorted(usable, key=_stated), key=_stated):
        members = list(group)
        if len(members) < 2:
            continue
        values = [row.row.throughput or 0.0 for row in members]
        spread = max(values) - min(values)
        rounding = max(row.row.rps_rounding for row in members)
        deviation = max(row.noise_rps or 0.0 for row in members)
        floor = deviation * float(stats.studentized_range.ppf(CONFIDENCE, len(members), math.inf))
        within = spread - 2 * rounding <= floor
        findings.append(
            f"The {len(members)} rows of {_users(users)} differ by {spread:.2g} requests/s"
            f"{f' (each rounded by up to {rounding:g})' if rounding else ''}. Random think times alone make such rows "
            f"differ by up to {floor:.2g} in 95 % of cases: this is {'within' if within else 'beyond'} the noise floor."
        )
    return findings


GENERATOR_FACTORS = frozenset({"locust_workers", "load_workers", "generator_workers", "user_class", "user", "client"})


def _factor_findings(rows: Sequence[RowAudit]) -> list[str]:
    """State which party's scaling the table can show: only that of the party that was varied."""
    names = {name for row in rows for name in row.row.factors}
    varied = sorted(n for n in names if len({row.row.factors.get(n) for row in rows}) > 1)
    if not varied or not set(varied) <= GENERATOR_FACTORS:
        return []
    return [
        f"Apart from users, only settings of the load generator were varied ({', '.join(varied)}): this table cannot "
        "show a scaling law of the server."
    ]


def _saturation(rows: Sequence[RowAudit]) -> dict[int, int]:
    """Count the users that saturate servers, taking the shortest mean response in the table for a request's demand.

    A request cannot need more of the server than that, so the true numbers are at least as large.
    """
    timed = [(row.row.mean_s, row.row.think.mean) for row in rows if row.row.mean_s and row.row.think]
    if not timed:
        return {}
    demand, think = min(timed)
    return {servers: laws.users_to_saturate(servers, demand, think) for servers in SERVER_COUNTS}
