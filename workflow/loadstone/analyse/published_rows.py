"""Figures of a published table with intervals: what rounding and chance allow them to have been."""

from collections.abc import Sequence
from dataclasses import replace

from scipy import stats

from loadstone.analyse.audit import CONFIDENCE, Audit, RowAudit, audit
from loadstone.suite.load_test_table import LoadTestRow, ThinkTimeRange
from loadstone.suite.model import Suite
from loadstone.suite.settings import Load
from loadstone.theory.intervals import Interval

NO_THINK_TIME = "no think time is known of the row's users"


def audit_published(suite: Suite, rows: Sequence[LoadTestRow]) -> Audit:
    """Audit the published rows; users whose think time the table doesn't state have that of the suite.

    That is the think time of the experiment that repeats the row, or else what all such experiments have in common.
    """
    named = suite.published.rows.items() if suite.published else ()
    think = {row.strip(): _uniform(suite.experiments[name].load) for name, row in named}
    common = next(iter(think.values())) if len(set(think.values())) == 1 else None
    return audit([row if row.think else replace(row, think=think.get(row.label, common)) for row in rows])


def _uniform(load: Load) -> ThinkTimeRange | None:
    """Take the think time of a closed load where it is uniform; the audit knows no other."""
    if load.scheduled or not isinstance(load.think_time, tuple):
        return None
    low, high = load.think_time
    return ThinkTimeRange(low=low, high=high)


def printed_interval(found: RowAudit, metric: str) -> Interval:
    """Estimate a metric of a row (see `PUBLISHED_METRICS`) with its 95 % interval.

    A printed throughput X may have been off by its rounding, and by the noise of so many users who wait at random (the
    noise floor of `loadstone audit`; Cox 1962): X ± (1.96·σ + rounding), which the metrics that are proportional to X
    take over. N/(R + Z) has neither: it is arithmetic on what is stated. The duration that X implies is arithmetic on
    the number of requests, in which X has its rounding only. Raises ValueError, saying what is missing, where the row
    doesn't have the figure.
    """
    row = found.row
    if metric == "possible_rps":
        return _exactly(found.possible_rps, "the row states no users" if row.think else NO_THINK_TIME)
    throughput = row.throughput
    if not throughput:
        raise ValueError("the row has no throughput")
    if metric == "implied_s":
        if row.requests is None or row.rps is None:
            raise ValueError("the row states no number of requests, or no rate")
        slowest = row.rps - row.rps_rounding
        if slowest <= 0:
            raise ValueError("the rate is rounded so much that it might be 0")
        fastest = row.rps + row.rps_rounding
        return Interval(value=row.requests / row.rps, low=row.requests / fastest, high=row.requests / slowest, runs=1)
    if found.noise_rps is None:
        raise ValueError(NO_THINK_TIME if row.think is None else "how long the row was measured can't be told")
    factors = {"throughput": throughput, "active_users": found.active_users, "think_share": found.think_share}
    value = factors[metric]
    if value is None:
        raise ValueError("the row states no users")
    z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    share = (z * found.noise_rps + row.rps_rounding) / throughput
    return Interval(value=value, low=value * max(0.0, 1 - share), high=value * (1 + share), runs=1)


def _exactly(value: float | None, otherwise: str) -> Interval:
    if value is None:
        raise ValueError(otherwise)
    return Interval(value=value, low=value, high=value, runs=1)
