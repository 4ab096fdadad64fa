"""The evidence: the figures of a run that the rules compare with limits."""

from collections.abc import Iterator

from loadstone.analyse.rules.blocking import BUSY_DISK, EVEN, FEW_PROCEED, MIN_GAP_SHARE, waiting_downstream
from loadstone.analyse.rules.connections import NOTABLE_OVERFLOW, SERVED
from loadstone.analyse.rules.load import is_overload
from loadstone.analyse.rules.resources import least_notable_other_cpus, run_delay_limit
from loadstone.analyse.rules.soundness import failure_bound
from loadstone.results.signals import MAX_UNKNOWN_SHARE, Signals
from loadstone.results.verdicts import Evidence
from loadstone.suite.thresholds import Thresholds

NO_THINK_TIME = "their think time is unknown"

Row = tuple[str, float | None, str, float, str]
"""Signal, value, unit, limit, meaning."""


def list_figures(s: Signals, limits: Thresholds) -> list[Evidence]:
    """List the figures that are known."""
    rows = [*_of_utilisation(s, limits), *_of_waiting(s, limits), *_of_course(s, limits)]
    return [
        Evidence(signal=signal, value=value, unit=unit, limit=limit, meaning=meaning)
        for signal, value, unit, limit, meaning in rows
        if value is not None
    ]


def _of_utilisation(s: Signals, limits: Thresholds) -> Iterator[Row]:
    stolen = " or stolen" if s.host is not None else "; the share stolen is unknown"
    full = limits.saturated
    yield "X·(R+Z)/N", s.consistency, "", 1.0, "1 in a closed, steady system: a check of the run, not of its limit"
    yield "u_think", s.think, "", limits.think_time, "share of the rate that this number of users can send at R₀"
    yield "u_server", s.server, "", full, "server CPU over what its workers could use"
    yield "busiest process", s.busiest_process, "CPUs", full, "CPU of the server's busiest process"
    yield "u_slot", s.slots, "", full, "share of the server's slots that hold a request"
    yield "u_gen", s.generator, "CPUs", full, "CPU of the busiest generator worker"
    yield "X/ceiling", s.ceiling, "", full, "throughput over the highest rate that the generator can send"
    yield "u_host", s.min_host, "", full, f"share of all CPUs that was busy{stolen}"
    yield "run queue", s.host_run_queue, "per CPU", 1.0, "running or ready processes; above 1, some waited for a CPU"
    yield (
        "run delay",
        s.busiest_waited,
        "CPUs",
        run_delay_limit(s),
        "CPUs for which the server's busiest process waited",
    )
    notable = least_notable_other_cpus(s)
    yield "other CPUs", s.other_cpus, "CPUs", notable, "CPUs that neither the server nor the generator used"
    yield "u_link", s.link, "", limits.link_full, "share of the link's speed that was used"


def _of_waiting(s: Signals, limits: Thresholds) -> Iterator[Row]:
    users = s.in_progress
    yield "R/R₀", s.slowdown, "", limits.slowed, "response time over that without load; above the limit, requests queue"
    yield "X·R₀", s.concurrency, "requests", FEW_PROCEED * users, "requests in progress if none queued for another"
    queued = "time outside the application: in queues before it, and on the way"
    yield "R−S", s.queue_s, "s", s.response_s / 2, queued
    if s.proceeding is not None:
        meaning = "threads that proceed; the requests in progress beyond them wait"
        yield "proceeding", s.proceeding, "threads", FEW_PROCEED * users, meaning
    for state, number in (s.thread_states or {}).items():
        yield f"threads: {state}", number, "threads", users, "mean number of the server's threads in this state"
    half = 0.5 * users
    yield "not accepted", s.not_accepted, "connections", half, "connections that wait to be accepted"
    yield "unread", s.unread, "connections", half, "connections with bytes that the server has not read"
    yield (
        "waiting downstream",
        waiting_downstream(s),
        "requests",
        half,
        "requests that await an answer from elsewhere",
    )
    yield "unsent", s.unsent, "connections", half, "connections with a response that the client's side has not taken"
    overflows = NOTABLE_OVERFLOW * s.throughput
    yield "overflows", s.listen_overflows, "per s", overflows, "connections that found a full accept queue"
    yield "iowait", s.iowait, "", BUSY_DISK, "share of all CPUs without work while a disk was awaited"


def _of_course(s: Signals, limits: Thresholds) -> Iterator[Row]:
    if s.failures is not None and s.requests:
        bound = failure_bound(s.failures, s.requests)
        yield "failures", bound, "", limits.most_failures, "lower 95 % bound of the share of failures"
    if s.refused and s.requests:
        meaning = "share of requests that were refused with status 429 or 503"
        yield "refused", s.refused / s.requests, "", limits.most_failures, meaning
    meaning = "variance over mean of completions per half second: 1 by chance, 0 like a clock"
    yield "evenness", s.evenness, "", EVEN, meaning
    yield "gaps", s.gap_share, "", MIN_GAP_SHARE, "share of time in gaps without a completion"
    if s.users_served is not None:
        meaning = "share of the users with a completed request"
        yield "users served", min(1.0, s.users_served / s.users), "", SERVED, meaning
    if is_overload(s):
        yield "backlog", s.backlog_per_s, "requests/s", 0.0, "how fast the requests that wait to be sent become more"
    if s.in_parallel:
        meaning = "share of requests sent while an earlier one of the same user was in progress"
        yield "overlapping", s.overlapping, "", MAX_UNKNOWN_SHARE, f"{meaning}; above it, {NO_THINK_TIME}"
    if s.of_unknown_users and s.think_s is None:
        meaning = "share of requests whose user is unknown"
        yield "unattributed", s.unattributed, "", MAX_UNKNOWN_SHARE, f"{meaning}; above it, {NO_THINK_TIME}"
