"""Requests that wait before the server, users who are not served alike, and links that are full."""

from loadstone.analyse.rules.machine import server_cpu
from loadstone.analyse.rules.resources import (
    at_least,
    below,
    generator_has_slack,
    is_process_full,
    none_waits_for_a_cpu,
    server_has_slack,
)
from loadstone.results.signals import Signals
from loadstone.suite.thresholds import Thresholds

NOTABLE_OVERFLOW = 0.01
"""Connections that found a full accept queue, over requests, from which they lower throughput: each of them waits a
second or more before it is tried again."""
SERVED = 0.90
"""Share of the users that have a completed request, below which not all are served."""
MOST_AT_ONE = 0.90
"""Share of the connections at one process, from which the others have none to speak of."""
MIN_WAITING = 0.25
"""Share of the requests in progress that wait unread, from which slots that are free elsewhere would serve them."""
MIN_SLOW_USERS = 2
MIN_SLOW_RATIO = 2.5
"""Slow users, and how many times as long they wait, from which users are not served alike."""
MOSTLY_UNSENT = MOSTLY_NOT_ACCEPTED = 0.6
"""Share of the requests in progress that have a response which the client's side does not take, so that the link or
whoever reads limits them; or whose connection is not accepted."""
MAX_IN_WORK = 0.5
"""Requests that the server has read and not answered, on average, up to which it mostly works on none."""


def accept_queue(s: Signals, limits: Thresholds) -> bool:
    """Connections wait to be accepted, so that their users are not served, or are turned away for a second or more.

    A server that has no CPU left, of its own or of the machine, accepts late because of that.
    """
    if s.busiest_process is None or is_process_full(s, limits) or not none_waits_for_a_cpu(s, limits):
        return False
    turned_away = at_least(s.listen_overflows, NOTABLE_OVERFLOW * max(s.throughput, 1.0))
    unserved = not_all_are_served(s) and at_least(s.not_accepted, 1.0)
    return turned_away or unserved or _none_is_in_work(s)


def _none_is_in_work(s: Signals) -> bool:
    """Whether connections wait to be accepted although the server works on no request."""
    most_wait = s.in_progress >= 2 * MAX_IN_WORK and at_least(s.not_accepted, MOSTLY_NOT_ACCEPTED * s.in_progress)
    return most_wait and below(s.inside, MAX_IN_WORK)


def not_all_are_served(s: Signals) -> bool:
    """Whether certainly not all users have a completed request."""
    return below(s.users_served, SERVED * s.users)


def one_process_has_all(s: Signals, limits: Thresholds) -> bool:
    """Whether one of several processes is full and has nearly all connections."""
    several = (s.server_processes is not None and s.server_processes > 1) or (s.server_workers or 1) > 1
    return several and at_least(s.fullest_share, MOST_AT_ONE) and server_cpu(s, limits)


def waits_beside_free_slots(s: Signals, limits: Thresholds) -> bool:
    """Whether requests wait unread at a process with more connections than slots, while others have slots free."""
    if (s.server_workers or 1) < 2 or not below(s.slots, limits.slack):
        return False
    at_fullest = (s.fullest_share or 0.0) * (s.connections or 0.0)
    too_many = s.server_threads is not None and at_fullest >= s.server_threads + 1
    waiting = at_least(s.unread, max(1.0, MIN_WAITING * s.in_progress))
    return too_many and waiting and server_has_slack(s, limits) and none_waits_for_a_cpu(s, limits)


def uneven_connections(s: Signals, limits: Thresholds) -> bool:
    """Users are not served alike: one process has all connections, or some users wait much longer than others.

    Waiting for a CPU makes users unequal by chance; a server that is full is full first.
    """
    if one_process_has_all(s, limits) or waits_beside_free_slots(s, limits):
        return True
    some_slow = at_least(s.slow_users, MIN_SLOW_USERS) and at_least(s.slow_ratio, MIN_SLOW_RATIO)
    unequal = some_slow or (not_all_are_served(s) and below(s.not_accepted, 1.0))
    return unequal and server_has_slack(s, limits) and none_waits_for_a_cpu(s, limits)


def unserved_users(s: Signals, limits: Thresholds) -> bool:
    """Some users are not served at all, although their connections were accepted."""
    return not_all_are_served(s) and uneven_connections(s, limits)


def network(s: Signals, limits: Thresholds) -> bool:
    """The link is full: by its speed, or by responses that stay unsent while the generator has CPU to read them."""
    if at_least(s.link, limits.link_full):
        return True
    waiting = MOSTLY_UNSENT * s.in_progress
    return s.in_progress >= 1 and at_least(s.unsent, waiting) and generator_has_slack(s, limits)
