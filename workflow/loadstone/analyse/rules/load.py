"""Users and arrivals that ask for no more than they get."""

from loadstone.analyse.rules.resources import at_least, below
from loadstone.results.signals import Signals
from loadstone.suite.thresholds import Thresholds
from loadstone.theory.overload import CARRIED, falls_short

MIN_SLOWDOWN = 0.80
"""R/R₀ below which the two contradict each other: a request can't take longer without load than with it."""


def asks_for_no_more(s: Signals, limits: Thresholds) -> bool:
    """Users send as much as they can at the unloaded pace, and no resource is at its limit, explained or not.

    In an open load they wait for the next arrival. Users who send requests in parallel have no think time to be judged
    by.
    """
    return paces_itself(s, limits) and not any(
        at_least(value, limits.saturated) for value in (s.server, s.slots, s.min_host)
    )


def paces_itself(s: Signals, limits: Thresholds) -> bool:
    """Whether the users' pace alone explains the rate, whatever else is full.

    It is judged by R₀, which has to be believed where users wait for answers more than of their own will.
    """
    believed = not below(s.slowdown, MIN_SLOWDOWN) or (s.think_s is not None and s.think_s >= s.response_s)
    return at_least(s.think, limits.think_time) and believed and not is_overload(s)


def is_overload(s: Signals) -> bool:
    """Whether an open load certainly asks for more than is carried, so that requests pile up."""
    if s.arrival_rate is None:
        return False
    if s.requests is None:  # then chance can't be told from overload
        return s.throughput < CARRIED * s.arrival_rate and s.behind_schedule is True
    return falls_short(s.arrival_rate, s.throughput, s.requests)


def keeps_its_rate(s: Signals) -> bool:
    """Whether the load is open and its rate was sent in full, so that the rate sets the throughput."""
    return s.arrival_rate is not None and not is_overload(s)


def all_are_too_few(s: Signals, limits: Thresholds) -> bool:
    """Whether an open load lacks users: all of them wait for answers that take no longer than without load."""
    all_wait = s.throughput * s.response_s >= limits.think_time * s.users
    return all_wait and below(s.slowdown, 1 / limits.think_time) and not below(s.slowdown, MIN_SLOWDOWN)
