"""The first sentence of each verdict, with the figures that decided it."""

from collections.abc import Callable

from loadstone.analyse.rules.blocking import count_proceeding, threads_in, waiting_downstream
from loadstone.analyse.rules.connections import not_all_are_served, one_process_has_all, waits_beside_free_slots
from loadstone.analyse.rules.load import is_overload
from loadstone.analyse.rules.places import find_places
from loadstone.analyse.rules.resources import notable_other_cpus
from loadstone.analyse.rules.soundness import contradicts_itself
from loadstone.results.signals import Signals
from loadstone.results.threads import ThreadState
from loadstone.results.verdicts import Concurrency, Place
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.text import figure, tenths, whole_percent

MAX_PLACES = 2
"""Places of requests that a sentence names."""


def cpus(value: float, s: Signals) -> str:
    """Write a number of CPUs, with those of the machine where they are known."""
    cores = s.cores or (None if s.server_cores is None else round(s.server_cores))
    return f"{tenths(value)} CPUs" if cores is None else f"{tenths(value)} of {cores} CPUs"


def interval(k: Concurrency) -> str:
    """Write a number of requests with its interval."""
    if k.low is None or k.high is None:
        return tenths(k.value)
    return f"{tenths(k.value)} (95 % interval {tenths(k.low)} to {tenths(k.high)})"


def _think_time(s: Signals, _: Thresholds) -> str:
    one = round(s.users) == 1
    who = "One user who waits" if one else f"{s.users:.0f} users who wait"
    wait, rate = figure(s.think_s or 0.0), figure(s.throughput)
    return f"{who} {wait} s between requests set{'s' * one} the rate: {rate} requests/s."


def _too_few_users(s: Signals, _: Thresholds) -> str:
    few = f"{s.users:.0f} users hardly wait and hardly queue"
    who = "One user hardly waits and hardly queues" if round(s.users) == 1 else few
    return (
        f"{who}: a response takes {tenths(s.slowdown)} times as long as for "
        "one user alone. More users would raise throughput."
    )


def _arrival_rate(s: Signals, _: Thresholds) -> str:
    return f"The load asks for {figure(s.arrival_rate)} requests/s, and gets them."


def _generator(s: Signals, limits: Thresholds) -> str:
    if (s.generator or 0.0) >= limits.saturated:
        used = whole_percent(s.generator)
        return f"The load generator's busiest worker used {used} of a CPU, and the server had CPU left."
    share = whole_percent(s.ceiling) if (s.ceiling or 0.0) <= 1 else "all"
    return f"The load generator sends {share} of the most that it can, and the server had CPU left."


def _server_cpu(s: Signals, limits: Thresholds) -> str:
    if (s.server or 0.0) >= limits.saturated:
        return f"The server used {whole_percent(s.server)} of the CPUs that its workers can use."
    several = f"One of {s.server_processes} server processes" if (s.server_processes or 1) > 1 else "The server"
    thread = " by threads that take turns" if (s.busiest_thread or 1.0) < limits.saturated else ""
    return f"{several} is full: it used {whole_percent(s.busiest_process)} of a CPU{thread}."


def _shared_host(s: Signals, _: Thresholds) -> str:
    return f"Server and load generator share the machine, and its CPUs were {whole_percent(s.min_host)} busy."


def _neighbour(s: Signals, _: Thresholds) -> str:
    return (
        f"Can't tell: other processes used {cpus(notable_other_cpus(s) or 0.0, s)}, and the server or the load "
        "generator waited for a CPU."
    )


def _server_concurrency(s: Signals, limits: Thresholds) -> str:
    slots = f"All of the server's slots are taken ({whole_percent(s.slots)})"
    if s.slots is None and (k := count_proceeding(s, limits)):
        slots = f"All of the server's threads are taken: {interval(k)} proceed"
    return f"{slots} while CPUs are free: {_waiting(s)}wait for a free one.{_work(s)}"


WORK = {
    ThreadState.DOWNSTREAM: "wait for an answer from elsewhere",
    ThreadState.SLEEP: "sleep",
    ThreadState.DISK: "wait for a disk",
    ThreadState.RUNNING: "run",
}
"""State of a thread that proceeds → what it does, in a sentence."""


def _work(s: Signals) -> str:
    """State what those that proceed mostly do."""
    known = {state: threads_in(s, state) or 0.0 for state in WORK}
    most = max(known, key=known.__getitem__)
    return f" Those that proceed mostly {WORK[most]}." if known[most] > sum(known.values()) / 2 else ""


def _waiting(s: Signals) -> str:
    before = (s.unread or 0.0) + (s.not_accepted or 0.0)
    if before > s.in_progress:  # in an open load that is not carried, X·R lags behind
        return f"{tenths(before)} requests "
    return f"{tenths(before)} of {tenths(s.in_progress)} requests " if before >= 1 else "other requests "


def _lock(s: Signals, limits: Thresholds) -> str:
    return f"One request proceeds at a time, while CPUs are free: {_proceeding(s, limits)}.{_work(s)}"


def _pool(s: Signals, limits: Thresholds) -> str:
    k = count_proceeding(s, limits)
    about = f"{k.value:.0f}" if k else "a few"
    return f"About {about} requests proceed at a time, while CPUs are free: {_proceeding(s, limits)}.{_work(s)}"


def _proceeding(s: Signals, limits: Thresholds) -> str:
    k = count_proceeding(s, limits)
    text = f"of {tenths(s.in_progress)} requests in progress {interval(k) if k else 'few'} proceed"
    on_lock = threads_in(s, ThreadState.LOCK)
    seen = f", and {tenths(on_lock)} threads wait on a lock" if on_lock and on_lock >= 1 else ""
    law = f"; X·R₀ is {tenths(s.concurrency)}" if s.concurrency is not None else ""
    return text + seen + law


def _downstream(s: Signals, _: Thresholds) -> str:
    return (
        f"The server waits for another service: {tenths(waiting_downstream(s))} of {tenths(s.in_progress)} requests "
        "wait for an answer from elsewhere, and none queues for the server."
    )


def _disk(s: Signals, _: Thresholds) -> str:
    waiting = f"{tenths(threads_in(s, ThreadState.DISK))} threads of the server wait for a disk"
    wait = f"; CPUs were without work and awaited a disk for {whole_percent(s.iowait)} of the time" if s.iowait else ""
    return f"{waiting}{wait}."


def _rate_limiter(s: Signals, limits: Thresholds) -> str:
    if s.refused and s.requests and s.refused / s.requests > limits.most_failures:
        rate, refused = figure(s.goodput), whole_percent(s.refused / s.requests)
        return f"{refused} of the requests are refused; {rate} per second get through, evenly."
    return (
        f"Requests are held back to {figure(s.throughput)} per second: they take {tenths(s.slowdown)} times as long as "
        f"without load, come out evenly, and at this rate only {tenths(s.concurrency)} need to be in progress."
    )


def _accept_queue(s: Signals, _: Thresholds) -> str:
    parts = [f"{tenths(s.not_accepted)} connections wait to be accepted"] if s.not_accepted else []
    if s.listen_overflows:
        parts.append(f"{figure(s.listen_overflows)} per second find the accept queue full")
    served = f" {s.users_served} of {s.users:.0f} users are served." if not_all_are_served(s) else ""
    return f"{' and '.join(parts) or 'Connections wait to be accepted'}, while the server's CPU is free.{served}"


def _uneven_connections(s: Signals, limits: Thresholds) -> str:
    if one_process_has_all(s, limits):
        several, used = s.server_processes or s.server_workers, whole_percent(s.busiest_process)
        share = whole_percent(s.fullest_share)
        return f"One of {several} server processes is full ({used} of a CPU) and has {share} of the connections."
    if waits_beside_free_slots(s, limits):
        share, free = whole_percent(s.fullest_share), whole_percent(1 - (s.slots or 0.0))
        return (
            f"One of {s.server_workers} server processes has {share} of {tenths(s.connections)} connections, more than "
            f"its slots: {_waiting(s)}wait unread, while {free} of all slots are free."
        )
    if not_all_are_served(s):
        return f"Only {s.users_served} of {s.users:.0f} users are served, while the server's CPU is free."
    return (
        f"{s.slow_users} of {s.users:.0f} users wait {tenths(s.slow_ratio)} times as long as the others, while the "
        "server's CPU is free."
    )


def _pauses(s: Signals, _: Thresholds) -> str:
    return (
        f"The server pauses: for {whole_percent(s.gap_share)} of the time no request completes, about every "
        f"{tenths(s.gap_period_s)} s."
    )


def _network(s: Signals, limits: Thresholds) -> str:
    if s.link is not None and s.link >= limits.link_full:
        share = whole_percent(s.link) if s.link <= 1 else "all"
        return f"The link is full: {share} of its speed is used by response bodies alone."
    return (
        f"Responses wait to be sent: of {tenths(s.in_progress)} requests in progress, {tenths(s.unsent)} have a "
        "response that the client's side has not taken yet, although it has CPU left."
    )


def _server_or_behind(s: Signals, limits: Thresholds) -> str:
    carries = "The generator and the machine have CPU left: the server, or what it waits for, carries no more."
    return carries + _where(s, limits)


def _serial_section(_s: Signals, _: Thresholds) -> str:
    return "Slots are taken, and more of them bring nothing."


def _undetermined(s: Signals, limits: Thresholds) -> str:
    if is_overload(s):
        return (
            "The load asks for more than is carried, and nothing that was measured is at its limit: whether the server "
            f"or the load generator carries no more is open.{_where(s, limits)}"
        )
    if s.slowdown is not None and s.slowdown >= limits.slowed:
        return (
            f"Responses take {tenths(s.slowdown)} times as long as without load, but nothing that was measured is at "
            f"its limit.{_where(s, limits)}"
        )
    if s.server_cpu is None and s.generator_cpu is None and s.host_busy is None:
        changed = s.fewest_users is not None and s.think_s is None
        return (
            "No limit shows in the requests. "
            + "The number of users changed, so that their pauses are not judged. " * changed
            + "The CPU of the server, of the load generator and of the machine is "
            f"unknown, so that each of them can be the limit.{_where(s, limits)}"
        )
    return f"Nothing that was measured is at its limit.{_where(s, limits)}"


def _where(s: Signals, limits: Thresholds) -> str:
    """State where most requests are, if samples show it."""
    places = {place: number for place, number in find_places(s, limits).items() if place != Place.ELSEWHERE}
    named = sorted(((number, place) for place, number in places.items() if number >= 0.1 * s.in_progress), reverse=True)
    listed = ", ".join(f"{tenths(number)} {place}" for number, place in named[:MAX_PLACES])
    return f" Of {tenths(s.in_progress)} requests in progress, on average {listed}." if listed else ""


def _errors(s: Signals, _: Thresholds) -> str:
    return f"{whole_percent((s.failures or 0.0) / s.requests) if s.requests else 'Too many'} of the requests failed."


def _invalid(s: Signals, limits: Thresholds) -> str:
    if contradicts_itself(s, limits):
        return f"The figures contradict each other: X·(R+Z)/N is {figure(s.consistency)}, not 1."
    return "The run never settled."


LEADS: dict[Verdict, Callable[[Signals, Thresholds], str]] = {
    Verdict.THINK_TIME: _think_time,
    Verdict.TOO_FEW_USERS: _too_few_users,
    Verdict.ARRIVAL_RATE: _arrival_rate,
    Verdict.GENERATOR: _generator,
    Verdict.SERVER_CPU: _server_cpu,
    Verdict.SHARED_HOST: _shared_host,
    Verdict.NEIGHBOUR: _neighbour,
    Verdict.SERVER_CONCURRENCY: _server_concurrency,
    Verdict.SERIAL_SECTION: _serial_section,
    Verdict.LOCK: _lock,
    Verdict.POOL: _pool,
    Verdict.DOWNSTREAM: _downstream,
    Verdict.DISK: _disk,
    Verdict.RATE_LIMITER: _rate_limiter,
    Verdict.ACCEPT_QUEUE: _accept_queue,
    Verdict.UNEVEN_CONNECTIONS: _uneven_connections,
    Verdict.PAUSES: _pauses,
    Verdict.NETWORK: _network,
    Verdict.SERVER_OR_BEHIND: _server_or_behind,
    Verdict.UNDETERMINED: _undetermined,
    Verdict.ERRORS: _errors,
    Verdict.INVALID: _invalid,
}
"""Verdict → its first sentence. *Several limits* have one each."""
