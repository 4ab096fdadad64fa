"""Where the requests in progress are: X·R of them, by the samples of sockets and threads."""

from loadstone.analyse.rules.blocking import count_proceeding, threads_in, waiting_downstream
from loadstone.results.signals import Signals
from loadstone.results.threads import ThreadState
from loadstone.results.verdicts import Place
from loadstone.suite.thresholds import Thresholds

STATE_OF = {
    Place.DISK: ThreadState.DISK,
    Place.SLEEPING: ThreadState.SLEEP,
}
"""Places that are a state of threads."""


def find_places(s: Signals, limits: Thresholds) -> dict[Place, float]:
    """Share out the requests in progress; empty where no samples were taken of threads or sockets.

    What is left over is elsewhere.
    """
    if s.thread_states is None and s.unread is None:
        return {}
    running, waiting = _split_running(s)
    in_work = {
        Place.RUNNING: running,
        Place.WAITING_FOR_CPU: waiting,
        **{place: threads_in(s, state) for place, state in STATE_OF.items()},
        Place.DOWNSTREAM: waiting_downstream(s),
    }
    before = {Place.NOT_ACCEPTED: s.not_accepted, Place.UNREAD: s.unread}
    on_lock = _on_lock(s, limits, sum(value or 0.0 for value in in_work.values()))
    found = {**before, **in_work, Place.UNSENT: s.unsent, Place.LOCK: on_lock}
    left, places = s.in_progress, dict[Place, float]()
    for place, value in found.items():
        if value:
            places[place] = min(value, left)
            left -= places[place]
    places[Place.ELSEWHERE] = left
    return {place: places[place] for place in Place if places.get(place)}


def _on_lock(s: Signals, limits: Thresholds, in_work: float) -> float | None:
    """Return how many requests wait on a lock: an idle thread of a pool waits on one too, and holds no request.

    Where the rules find that requests wait for a few that proceed, it is all threads on a lock. Elsewhere it is at most
    the requests that the server has read and not answered, less those in work; None where their number is unknown.
    """
    threads = threads_in(s, ThreadState.LOCK)
    if threads is None or count_proceeding(s, limits) is not None:
        return threads
    return None if s.inside is None else min(threads, max(0.0, s.inside - in_work))


def _split_running(s: Signals) -> tuple[float | None, float | None]:
    """Split the threads that could run into those that did and those that waited, by the run delay."""
    ready = threads_in(s, ThreadState.RUNNING)
    if ready is None or s.busiest_waited is None or not s.busiest_process:
        return ready, None
    ran = s.busiest_process / (s.busiest_process + s.busiest_waited)
    return ready * ran, ready * (1 - ran)
