"""Figures that can't be used, and what explains them."""

import math

from scipy import stats

from loadstone.analyse.rules.blocking import MIN_GAP_SHARE
from loadstone.analyse.rules.load import is_overload
from loadstone.analyse.rules.resources import (
    NOTABLE_WAIT,
    at_least,
    below,
    mostly_wait,
    notable_other_cpus,
    waited_notably,
)
from loadstone.results.signals import Signals
from loadstone.suite.thresholds import Thresholds
from loadstone.theory import operational

FAILURE_CONFIDENCE = 0.95
MIN_GAPS = 3
MAX_GAP_SPREAD = 0.35
"""Number of gaps, and the variation of the times between them, that make a rhythm. Gaps by chance vary by about 1."""
CONSTANT = 0.1
"""Coefficient of variation of the think time below which users all wait the same time: a uniform one whose bounds
differ by a third of its mean is just below it. Also the think time over the response time, below which users hardly
wait."""
GAP_PERIOD_OVER_RESPONSE = 2.0
"""Users who are all answered at once, in turns of one response time, leave gaps of that period: no pauses."""


def failure_bound(failures: float, requests: float) -> float:
    """Lower one-sided 95 % bound of the failure share (Clopper & Pearson 1934)."""
    if failures <= 0 or requests <= 0:
        return 0.0
    return float(stats.beta.ppf(1 - FAILURE_CONFIDENCE, failures, requests - failures + 1))


def errors(s: Signals, limits: Thresholds) -> bool:
    """Too many requests failed: the lower bound of their share is above 1 %."""
    if s.failures is None or s.requests is None:
        return False
    return failure_bound(s.failures, s.requests) > limits.most_failures


def invalid(s: Signals, limits: Thresholds) -> bool:
    """The figures don't belong together, or the run never settled.

    Above the capacity, an open load can't settle, and requests that are never answered are missing from the figures.
    """
    return not is_overload(s) and (never_settled(s) or contradicts_itself(s, limits))


def never_settled(s: Signals) -> bool:
    """Whether the run never settled.

    Where users mostly wait of their own will, a response time that drifts hardly changes the rate: throughput decides.
    """
    if s.steady is not False:
        return False
    return not (s.rate_steady and mostly_wait(s))


def contradicts_itself(s: Signals, limits: Thresholds) -> bool:
    """Whether X·(R + Z)/N can't be of one run."""
    return not (s.consistency is None or _fits(s.consistency, s, limits))


def _fits(consistency: float, s: Signals, limits: Thresholds) -> bool:
    """Whether X·(R + Z)/N is 1, or differs from it by no more than the cycles that the window's ends cut off.

    Each user's first and last cycle are cut off anywhere: at most one request per user. Between users who wait random
    times these errors balance. Users who wait the same time each keep in step, and all may have one request more. Where
    users hardly wait, the server decides how long their cycles are: all alike, or a few of them very long.
    """
    if operational.MIN_CONSISTENCY <= consistency <= operational.MAX_CONSISTENCY:
        return True
    if s.requests is None or consistency == 0:
        return False
    balanced = limits.edge_requests * math.sqrt(s.users)
    cut_off = max(balanced, s.users) if keep_in_step(s) or hardly_wait(s) else balanced
    return abs(s.requests * (1 - 1 / consistency)) <= cut_off


def keep_in_step(s: Signals) -> bool:
    """Whether users may send their requests together again and again: they wait the same time, or are paced."""
    is_paced = s.behind_schedule is not None and s.arrival_rate is None
    return is_paced or below(s.think_spread, CONSTANT)


def hardly_wait(s: Signals) -> bool:
    """Whether users wait next to nothing of their own will, compared with the responses that they wait for."""
    return below(s.think_s, CONSTANT * s.response_s)


def pauses(s: Signals, _limits: Thresholds) -> bool:
    """The server answers no request for a while, again and again in a rhythm, and no others took the CPUs meanwhile."""
    in_rhythm = at_least(s.gaps, MIN_GAPS) and below(s.gap_spread, MAX_GAP_SPREAD)
    apart = at_least(s.gap_period_s, GAP_PERIOD_OVER_RESPONSE * s.response_s)
    own = (
        s.busiest_waited is not None
        and not waited_notably(s)
        and below(s.generator_waited, NOTABLE_WAIT)
        and s.other_cpus is not None
        and notable_other_cpus(s) is None
    )
    return at_least(s.gap_share, MIN_GAP_SHARE) and in_rhythm and apart and own
