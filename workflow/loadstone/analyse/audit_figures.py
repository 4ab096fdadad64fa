"""What follows from the figures of one row: the rate to go by, the run they describe, and what they leave open."""

import math
from dataclasses import replace

from loadstone.figures.row import LoadTestRow
from loadstone.theory import operational as laws
from loadstone.theory.closed_run import (
    Account,
    ClosedRun,
    Span,
    count_agrees,
    looks_fixed,
    mean_from_quantiles,
    mean_think,
    rounded_count,
)

SHORT_S = 10.0
"""Length of a run below which its start and chance decide the rate."""

ANYTHING = Span(0.0, math.inf)


def pause_class(row: LoadTestRow) -> tuple[float, float] | None:
    """Think time with two digits, to compare rows: where it follows from other figures, it is never the same."""
    if row.think is None:
        return None
    return float(f"{row.think.low:.2g}"), float(f"{row.think.high:.2g}")


def choose_rate(row: LoadTestRow) -> tuple[float | None, bool]:
    """Return the rate to go by, and whether requests, duration and printed rate agree.

    Where they do not, the printed rate is kept, unless the counted one alone fits the users.
    """
    if row.rps is None or row.requests is None or not row.duration_s:
        return row.throughput, True
    rounded = Span.around(row.rps, row.rps_rounding)
    cycle = _cycle(row, row.rps)
    if count_agrees(rounded_count(row.requests), Span.around(row.duration_s, row.duration_rounding_s), rounded, cycle):
        return row.rps, True
    counted = row.requests / row.duration_s
    runs = [closed_run(replace(row, rps_rounding=r), x) for x, r in ((row.rps, row.rps_rounding), (counted, 0.0))]
    printed_fits, counted_fits = (run is not None and run.judge() is Account.ALL for run in runs)
    return (counted if counted_fits and not printed_fits else row.rps), False


def _cycle(row: LoadTestRow, rate: float) -> float:
    """Seconds between two requests of one user, as far as they are known."""
    if row.think is not None and row.mean_s is not None:
        return row.think.mean + row.mean_s
    known = (row.think.mean if row.think else 0.0) + (row.mean_s or 0.0)
    return max(known, row.users / rate if row.users and rate else 0.0)


def closed_run(row: LoadTestRow, rate: float | None) -> ClosedRun | None:
    """Describe the row as a run of its users; None if users or rate are unknown."""
    if not row.users or rate is None:
        return None
    seconds = run_seconds(row, rate)
    think = ANYTHING
    if row.think is not None:
        think = mean_think(row.think.low, row.think.high, row.requests or rate * (seconds or SHORT_S))
    if row.mean_s is not None:
        response = Span.around(row.mean_s, row.mean_rounding_s)
    else:
        response = mean_from_quantiles(row.quantiles_s, row.max_s)
    return ClosedRun(
        users=row.users,
        throughput=Span.around(rate, row.rps_rounding if rate == row.rps else 0.0),
        response_s=response,
        think_s=think,
        seconds=seconds,
        ramp_s=row.ramp_s,
        longest_response_s=row.max_s,
        fixed_requests=row.requests is not None and looks_fixed(row.requests, row.users),
    )


def run_seconds(row: LoadTestRow, rate: float | None) -> float | None:
    """Length of the run that goes with the rate."""
    return row.requests / rate if row.requests and rate else row.duration_s


def active_users(row: LoadTestRow, rate: float | None) -> float | None:
    """X·(R + Z)."""
    if rate is None or row.think is None or row.mean_s is None:
        return None
    return laws.active_users(rate, row.mean_s, row.think.mean)


def possible_rps(row: LoadTestRow) -> float | None:
    """N/(R + Z), or N/Z if the response time is unknown."""
    if not row.users or row.think is None or (row.mean_s or 0.0) + row.think.mean <= 0:
        return None
    return laws.think_time_bound(row.users, row.mean_s or 0.0, row.think.mean)


def implied_response(row: LoadTestRow, rate: float | None, account: Account) -> float | None:
    """N/X - Z, if so many users can have made the rate."""
    if not rate or row.think is None or not row.users or account is Account.IMPOSSIBLE:
        return None
    return max(0.0, row.users / rate - row.think.mean)


def implied_pause(row: LoadTestRow, rate: float | None, account: Account) -> float | None:
    """N/X - R, where no think time is stated."""
    if not rate or not row.users or account is Account.IMPOSSIBLE:
        return None
    if row.think is not None or row.mean_s is None:
        return None
    return max(0.0, row.users / rate - row.mean_s)


def goodput(row: LoadTestRow, rate: float | None) -> float | None:
    """Return successful requests per second: counted where the table has counts, for a printed rate may be wrong."""
    if row.failures is not None and row.requests and row.duration_s:
        return max(0.0, row.requests - row.failures) / row.duration_s
    return None if rate is None or row.failed_share is None else rate * max(0.0, 1 - row.failed_share)


def noise(row: LoadTestRow, rate: float | None) -> float | None:
    """Standard deviation of the rate of users who pause independently, requests/s."""
    seconds = run_seconds(row, rate) or row.duration_s
    if not rate or row.think is None or not seconds:
        return None
    active = active_users(row, rate)
    if active is None:
        active = row.users
    cycle = max(active / rate, row.think.mean) if active else 0.0
    if not active or cycle <= 0:
        return None
    return laws.throughput_noise(active, cycle, row.think.variance, seconds)


def is_short(row: LoadTestRow) -> bool:
    """Whether a run is too short for its rate to mean much; not if its length is unknown."""
    return max(row.duration_s or 0.0, row.implied_s or 0.0, 0.0) < SHORT_S and bool(row.duration_s or row.implied_s)
