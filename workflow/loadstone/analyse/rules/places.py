"""Where the requests in progress are: X·R of them, by the samples of sockets and threads."""

from loadstone.analyse.rules.blocking import threads_in, waiting_downstream
from loadstone.results.signals import Signals
from loadstone.results.threads import ThreadState
from loadstone.results.verdicts import Place

STATE_OF = {
    Place.DISK: ThreadState.DISK,
    Place.SLEEPING: ThreadState.SLEEP,
}
"""Places that are a state of threads."""


def find_places(s: Signals) -> dict[Place, float]:
    """Share out the requests in progress; empty where no samples were taken of threads or sockets.

    Threads that wait on a lock come last: an idle thread of a pool does so too, and no request is there. What is then
    left over is elsewhere.
    """
    if s.thread_states is None and s.unread is None:
        return {}
    running, waiting = _split_running(s)
    found = {
        Place.NOT_ACCEPTED: s.not_accepted,
        Place.UNREAD: s.unread,
        Place.RUNNING: running,
        Place.WAITING_FOR_CPU: waiting,
        **{place: threads_in(s, state) for place, state in STATE_OF.items()},
        Place.DOWNSTREAM: waiting_downstream(s),
        Place.UNSENT: s.unsent,
        Place.LOCK: threads_in(s, ThreadState.LOCK),
    }
    left, places = s.in_progress, dict[Place, float]()
    for place, value in found.items():
        if value:
            places[place] = min(value, left)
            left -= places[place]
    places[Place.ELSEWHERE] = left
    return {place: places[place] for place in Place if places.get(place)}


def _split_running(s: Signals) -> tuple[float | None, float | None]:
    """Split the threads that could run into those that did and those that waited, by the run delay."""
    ready = threads_in(s, ThreadState.RUNNING)
    if ready is None or s.busiest_waited is None or not s.busiest_process:
        return ready, None
    ran = s.busiest_process / (s.busiest_process + s.busiest_waited)
    return ready * ran, ready * (1 - ran)
