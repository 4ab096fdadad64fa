"""Figures of a published table, with the intervals that rounding and chance leave."""

from collections.abc import Sequence
from dataclasses import replace

from scipy import stats

from loadstone.analyse.audit import Audit, audit
from loadstone.analyse.audit_compared import CONFIDENCE
from loadstone.analyse.audit_row import RowAudit
from loadstone.figures.row import LoadTestRow, ThinkTimeRange
from loadstone.suite.load_settings import Load
from loadstone.suite.model import Suite
from loadstone.theory.intervals import Interval

NO_THINK_TIME = "the think time of the row's users is not known"


def audit_published(suite: Suite, rows: Sequence[LoadTestRow]) -> Audit:
    """Audit the published rows, with the suite's think time where the table doesn't state one.

    The think time is that of the experiment that repeats the row, or else the one that all such experiments share.
    """
    named = suite.published.rows.items() if suite.published else ()
    think = {row.strip(): _uniform(suite.experiments[name].load) for name, row in named}
    common = next(iter(think.values())) if len(set(think.values())) == 1 else None
    return audit([row if row.think else replace(row, think=think.get(row.label, common)) for row in rows])


def _uniform(load: Load) -> ThinkTimeRange | None:
    """Return the think time of a closed load if it is uniform; the audit supports no other kind."""
    if load.scheduled or not isinstance(load.think_time, tuple):
        return None
    low, high = load.think_time
    return ThinkTimeRange(low=low, high=high)


def estimate_metric(audited: RowAudit, metric: str) -> Interval:
    """Estimate a metric of a row (see `PUBLISHED_METRICS`) with its 95 % interval.

    A published throughput X can be off by its rounding and by the noise of users who wait at random (the noise floor of
    `loadstone audit`; Cox 1962): X ± (1.96·σ + rounding). Metrics that are proportional to X have the same relative
    interval. N/(R + Z) has neither error, because it follows from stated figures alone. The duration that X implies
    follows from the number of requests, so only the rounding of X matters. Raises ValueError, naming what is missing,
    where the row doesn't have the figure.
    """
    row = audited.row
    if metric == "possible_rps":
        return _exactly(audited.possible_rps, "the row states no users" if row.think else NO_THINK_TIME)
    throughput = audited.rps
    if not throughput:
        raise ValueError("the row has no throughput")
    if metric == "implied_s":
        if row.requests is None or row.rps is None:
            raise ValueError("the row states no number of requests, or no rate")
        slowest = row.rps - row.rps_rounding
        if slowest <= 0:
            raise ValueError("the rate is rounded so coarsely that it could be 0")
        fastest = row.rps + row.rps_rounding
        return Interval(value=row.requests / row.rps, low=row.requests / fastest, high=row.requests / slowest, runs=1)
    if audited.noise_rps is None:
        raise ValueError(NO_THINK_TIME if row.think is None else "the row does not state how long it was measured")
    factors = {"throughput": throughput, "active_users": audited.active_users, "think_share": audited.think_share}
    value = factors[metric]
    if value is None:
        raise ValueError("the row states no users" if row.users is None else "the row states no mean response time")
    z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    rounding = row.rps_rounding if throughput == row.rps else 0.0
    share = (z * audited.noise_rps + rounding) / throughput
    return Interval(value=value, low=value * max(0.0, 1 - share), high=value * (1 + share), runs=1)


def _exactly(value: float | None, otherwise: str) -> Interval:
    if value is None:
        raise ValueError(otherwise)
    return Interval(value=value, low=value, high=value, runs=1)
