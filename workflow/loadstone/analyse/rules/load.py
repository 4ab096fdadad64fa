"""Users and arrivals that ask for no more than they get."""

from loadstone.analyse.rules.resources import at_least, below
from loadstone.results.signals import Signals
from loadstone.suite.thresholds import Thresholds

MAX_THINK = 1.05
"""u_think above which R₀ contradicts itself: a request can't take longer without load than with it."""
CARRIED = 0.95
"""Throughput over the arrival rate, below which the load asks for more than is carried."""


def asks_for_no_more(s: Signals, limits: Thresholds) -> bool:
    """Users send as much as they can at the unloaded pace, and no resource is at its limit, explained or not.

    In an open load they wait for the next arrival. Users who send requests in parallel have no think time to be judged
    by.
    """
    return paces_itself(s, limits) and not any(
        at_least(value, limits.saturated) for value in (s.server, s.slots, s.min_host)
    )


def paces_itself(s: Signals, limits: Thresholds) -> bool:
    """Whether the users' pace alone explains the rate, whatever else is full."""
    return at_least(s.think, limits.think_time) and below(s.think, MAX_THINK) and not is_overload(s)


def is_overload(s: Signals) -> bool:
    """Whether an open load certainly asks for more than is carried, so that requests pile up."""
    return s.arrival_rate is not None and s.behind_schedule is not False and s.throughput < CARRIED * s.arrival_rate
