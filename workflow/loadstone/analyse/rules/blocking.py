"""Requests that wait inside the server, or for it, while CPUs are free.

How many requests proceed at the same time is known in two ways: by the states of threads, and by X·R₀, Little's law of
the resource that they queue for. The first needs threads of the server's own; an event loop shows only the second.
"""

from loadstone.analyse.rules.resources import (
    all_cpus_have_slack,
    at_least,
    below,
    generator_has_slack,
    host_has_slack,
    queues,
)
from loadstone.results.signals import Signals
from loadstone.results.threads import ThreadState
from loadstone.results.verdicts import Concurrency
from loadstone.suite.thresholds import Thresholds

MOST = 0.6
"""Share of the requests in progress that makes most of them."""
FEW_PROCEED = 0.67
"""Share of the requests in progress up to which the others wait for those that proceed."""
ONE = (0.7, 1.75)
"""How many proceed at the same time, if one does: a lock is free for a moment between two holders, and requests spend
some time outside it. A pool of two that requests queue for is in use twice, all the time."""
AGREE = 1.5
"""Factor within which the two ways of counting agree."""
EVEN = 0.5
"""Variance over mean of the completions per half second, below which something spaces them out. Chance makes 1."""
MIN_SLOWED_BY_LIMITER = 3.0
"""R/R₀ from which a limiter that delays can be told from ordinary queueing."""
MAX_CONCURRENCY_OF_LIMITER = 0.6
"""X·R₀ up to which a limiter's requests could be served one at a time, with time to spare."""
MIN_ON_LOCK = 2.0
ON_LOCK_OVER_PROCEEDING = 0.25
"""Threads on a lock, and over those that proceed, from which they are no idle threads of other work."""
MIN_GAP_SHARE = 0.05
"""Share of time without completions, from which pauses lower throughput more than ordinary noise does."""
BUSY_DISK = 0.3
"""Share of CPUs without work while a disk is awaited, or share of time in which a process waits for a disk, from which
a disk is busy."""


def threads_in(s: Signals, state: ThreadState) -> float | None:
    """Return the mean number of the server's threads in a state; None where states are unknown."""
    return None if s.thread_states is None else s.thread_states.get(state, 0.0)


def rate_limiter(s: Signals, limits: Thresholds) -> bool:
    """Requests are refused so that the rest comes evenly, or are held back although nothing works on them."""
    return refuses_beyond_a_rate(s) or _delays_beyond_a_rate(s, limits)


def refuses_beyond_a_rate(s: Signals) -> bool:
    """Most failures are refusals (status 429 or 503), and successful requests come more evenly than by chance."""
    if s.refused is None or not s.failures or not at_least(s.refused, MOST * s.failures):
        return False
    return below(s.goodput_evenness, EVEN)


def _delays_beyond_a_rate(s: Signals, limits: Thresholds) -> bool:
    held_back = at_least(s.slowdown, MIN_SLOWED_BY_LIMITER) and below(s.concurrency, MAX_CONCURRENCY_OF_LIMITER)
    if not (held_back and below(s.evenness, EVEN) and all_cpus_have_slack(s, limits)):
        return False
    others = (threads_in(s, ThreadState.LOCK), threads_in(s, ThreadState.DISK), s.downstream_waiting, s.not_accepted)
    asleep = threads_in(s, ThreadState.SLEEP)
    if at_least(asleep, MOST * s.in_progress):
        return True
    return all(below(each, 0.3 * s.in_progress) for each in (*others, s.unread, s.unsent))


def disk(s: Signals, limits: Thresholds) -> bool:
    """Most of what proceeds waits for a disk, and the disk is busy."""
    waiting, proceeding = threads_in(s, ThreadState.DISK), s.proceeding
    if waiting is None or proceeding is None:
        return False
    is_most = waiting >= MOST * min(s.in_progress, max(proceeding, 1.0)) and waiting >= 0.5
    is_busy = at_least(s.iowait, BUSY_DISK) or at_least(s.io_stalled, BUSY_DISK)
    return is_most and is_busy and generator_has_slack(s, limits)


def downstream(s: Signals, limits: Thresholds) -> bool:
    """Most of the requests in progress wait for an answer from elsewhere, and no request queues for the server."""
    waiting = waiting_downstream(s)
    if waiting is None or not all_cpus_have_slack(s, limits):
        return False
    before = (s.not_accepted or 0.0) + (s.unread or 0.0)
    return waiting >= MOST * s.in_progress > 0 and before < 1 - MOST + 0.3 * s.in_progress


def waiting_downstream(s: Signals) -> float | None:
    """Return how many requests wait for an answer from elsewhere, by threads or by connections: whichever are more."""
    known = [value for value in (threads_in(s, ThreadState.DOWNSTREAM), s.downstream_waiting) if value is not None]
    return max(known, default=None)


def count_proceeding(s: Signals, limits: Thresholds) -> Concurrency | None:
    """Count the requests that proceed at the same time while the others wait for them; None where that is unknown.

    The states of threads decide where they show who waits: on a lock, or before threads that all proceed. If nearly all
    requests proceed, none waits for another. Where the states show neither, as in an event loop, it is X·R₀, if
    everything is known that could explain the waiting otherwise.
    """
    if not all_cpus_have_slack(s, limits) or at_least(s.proceeding, FEW_PROCEED * s.in_progress):
        return None
    by_law = _by_law(s, limits)
    if s.proceeding is None or s.proceeding < ONE[0]:  # less than one: no holder of a lock is seen
        return by_law
    by_states = Concurrency(value=s.proceeding, low=s.proceeding_low, high=s.proceeding_high)
    agree = by_law is not None and by_law.value / AGREE <= by_states.value <= by_law.value * AGREE
    return by_states if agree or _is_shown_by_states(s) else None


def _is_shown_by_states(s: Signals) -> bool:
    """Whether those who wait are seen: on a lock, unread, or not accepted."""
    on_lock = threads_in(s, ThreadState.LOCK) or 0.0
    waiting = on_lock + (s.unread or 0.0) + (s.not_accepted or 0.0)
    return waiting >= MOST * (s.in_progress - (s.proceeding or 0.0)) and s.in_progress >= 2 * ONE[0]


def _by_law(s: Signals, limits: Thresholds) -> Concurrency | None:
    value = s.concurrency
    if value is None or not queues(s, limits) or not ONE[0] <= value <= FEW_PROCEED * s.in_progress:
        return None
    elsewhere = (waiting_downstream(s), s.unsent)
    steady = below(s.gap_share, MIN_GAP_SHARE) and s.dent is None
    ruled_out = all(below(each, 0.3 * s.in_progress) for each in elsewhere) and below(s.iowait, BUSY_DISK) and steady
    return Concurrency(value=value, low=None, high=None) if ruled_out else None


def waits_inside(s: Signals) -> bool:
    """Whether requests wait inside the server: on a lock, or in an event loop that has read them.

    Otherwise they wait for a free thread, unread or not accepted. Where some threads wait on a lock, it is the lock
    that keeps the others waiting for a thread.
    """
    proceeding = s.proceeding or s.concurrency or 0.0
    if at_least(threads_in(s, ThreadState.LOCK), max(MIN_ON_LOCK, ON_LOCK_OVER_PROCEEDING * proceeding)):
        return True
    before = (s.unread or 0.0) + (s.not_accepted or 0.0)
    return before < 0.5 * (s.in_progress - proceeding)


def _surely_waits_inside(s: Signals) -> bool:
    return s.unread is not None and s.not_accepted is not None and waits_inside(s)


def is_one(proceeding: Concurrency) -> bool:
    """Whether one request proceeds at a time."""
    return ONE[0] <= proceeding.value <= ONE[1]


def lock(s: Signals, limits: Thresholds) -> bool:
    """Requests wait inside the server for one that proceeds."""
    proceeding = count_proceeding(s, limits)
    return proceeding is not None and is_one(proceeding) and _surely_waits_inside(s)


def pool(s: Signals, limits: Thresholds) -> bool:
    """Requests wait inside the server for the few that proceed."""
    proceeding = count_proceeding(s, limits)
    return proceeding is not None and not is_one(proceeding) and _surely_waits_inside(s)


def server_concurrency(s: Signals, limits: Thresholds) -> bool:
    """All slots are taken while CPU is left; waiting for a CPU fills slots too, so the host must be known free.

    Where the number of slots is unknown, they are taken if threads all proceed and requests wait unread.
    """
    if s.slots is not None:
        return at_least(s.slots, limits.saturated) and below(s.server, limits.slack) and host_has_slack(s, limits)
    return count_proceeding(s, limits) is not None and not waits_inside(s)
