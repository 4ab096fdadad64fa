"""How full each resource is: utilisation, with the limit at which it counts as full."""

from dataclasses import dataclass

from loadstone.results.signals import NOTABLE_OTHER_LOAD, Signals
from loadstone.results.threads import ThreadState
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.verdict import Verdict

ONE_CPU = 1.1
"""CPUs up to which a process counts as one that can use no more than one: a sample can be a few per cent off."""
MAX_RUNNING_OF_ONE = 1.3
"""Threads of a process that run or could, on average, up to which they take turns, as under Python's global lock."""
NOTABLE_WAIT = 0.10
"""CPUs for which a process waited, per thread that proceeds, from which a lack of CPUs slows it down notably. Threads
that are woken all the time wait a little each time."""
OWN_WAITING = 0.80
"""Share of their time that users wait of their own will, from which a slow machine or server hardly changes their
rate."""
NOTABLE_THROTTLING = 0.10
"""Share of time for which a CPU quota stopped the processes, from which it is what limited them."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource and how much of it was used."""

    signal: str
    """Its symbol in the evidence."""
    name: str
    """Its name in sentences."""
    verdict: Verdict
    """The verdict if it is what limited throughput."""
    value: float
    """Utilisation."""
    limit: float
    """Utilisation from which it counts as full."""


def list_resources(s: Signals, limits: Thresholds) -> list[Resource]:
    """List the resources whose utilisation is known."""
    full, rows = limits.saturated, list[tuple[str, str, Verdict, float | None, float]]()
    rows = [
        ("u_server", "the server's CPU", Verdict.SERVER_CPU, s.server, full),
        ("busiest process", "the server's busiest process", Verdict.SERVER_CPU, _of_one_cpu(s), full),
        ("u_slot", "the server's slots", Verdict.SERVER_CONCURRENCY, s.slots, full),
        ("u_gen", "the generator's busiest worker", Verdict.GENERATOR, s.generator, full),
        ("X/ceiling", "the generator's ceiling", Verdict.GENERATOR, s.ceiling, full),
        ("u_host", "the machine's CPUs", Verdict.SHARED_HOST, s.min_host, full),
        ("u_link", "the link", Verdict.NETWORK, s.link, limits.link_full),
        ("u_think", "the pace of the users", own_will(s), s.think, limits.think_time),
    ]
    return [
        Resource(signal, name, verdict, value, limit)
        for signal, name, verdict, value, limit in rows
        if value is not None
    ]


def own_will(s: Signals) -> Verdict:
    """Name what sets the rate where the load asks for no more.

    Users wait of their own will, or for arrivals; users who wait less than they are served are too few.
    """
    if s.arrival_rate is not None:
        return Verdict.ARRIVAL_RATE
    return Verdict.TOO_FEW_USERS if s.think_s is not None and s.think_s < s.response_s else Verdict.THINK_TIME


def _of_one_cpu(s: Signals) -> float | None:
    """CPUs of the busiest process over those that it can use, as far as that is known."""
    if s.busiest_process is None:
        return None
    if s.busiest_process <= ONE_CPU:
        return min(1.0, s.busiest_process)
    return None if s.cores is None else s.busiest_process / s.cores


def is_process_full(s: Signals, limits: Thresholds) -> bool:
    """Whether one process of the server uses all the CPU that it can, however idle the others are.

    One whose threads all take turns can use one CPU. If the machine is full, or threads run side by side, a process
    that uses one CPU could use more.
    """
    used = _of_one_cpu(s)
    if not at_least(used, limits.saturated):
        return False
    if (s.busiest_process or 0.0) > ONE_CPU or at_least(s.busiest_thread, limits.saturated):
        return True
    running = None if s.thread_states is None else s.thread_states.get(ThreadState.RUNNING, 0.0)
    take_turns = running is not None and running <= MAX_RUNNING_OF_ONE
    return take_turns or below(s.host, limits.saturated)


def is_server_full(s: Signals, limits: Thresholds) -> bool:
    """Whether the server uses all the CPUs it can, or one of its processes does."""
    return at_least(s.server, limits.saturated) or is_process_full(s, limits)


def server_has_slack(s: Signals, limits: Thresholds) -> bool:
    """Whether it is known that CPUs don't hold the server up."""
    if s.busiest_process is None or s.busiest_waited is None:
        return False
    wanted = s.busiest_process + s.busiest_waited  # it ran, or could have run
    throttled = at_least(s.throttled, NOTABLE_THROTTLING)
    return wanted < limits.slack and not (at_least(s.server, limits.slack) or waited_notably(s) or throttled)


def generator_has_slack(s: Signals, limits: Thresholds) -> bool:
    """Whether it is known that the generator could send more."""
    return (
        below(s.generator, limits.slack)
        and not at_least(s.ceiling, limits.saturated)
        and not at_least(s.generator_waited, NOTABLE_WAIT)
    )


def host_has_slack(s: Signals, limits: Thresholds) -> bool:
    """Whether it is known that the machine's CPUs are not all busy."""
    return below(s.host, limits.saturated)


def all_cpus_have_slack(s: Signals, limits: Thresholds) -> bool:
    """Whether it is known that no CPU limits anything."""
    return server_has_slack(s, limits) and generator_has_slack(s, limits) and host_has_slack(s, limits)


def is_contended(s: Signals, limits: Thresholds) -> bool:
    """Whether processes of the run certainly waited for a CPU."""
    return at_least(s.min_host, limits.saturated) or waited_notably(s) or at_least(s.generator_waited, NOTABLE_WAIT)


def waited_notably(s: Signals) -> bool:
    """Whether the server's busiest process certainly waited for a CPU for a notable share of its work."""
    return at_least(s.busiest_waited, run_delay_limit(s))


def none_waits_for_a_cpu(s: Signals, limits: Thresholds) -> bool:
    """Whether it is known that no process of the run waited for a CPU."""
    return host_has_slack(s, limits) and s.busiest_waited is not None and not is_contended(s, limits)


def least_notable_other_cpus(s: Signals) -> float:
    """Return the CPUs from which others use more than the kernel and the measurement need.

    Without a number of cores, two are assumed: the most common small machine.
    """
    return NOTABLE_OTHER_LOAD * (s.cores or s.server_cores or 2)


def notable_other_cpus(s: Signals) -> float | None:
    """Return the CPUs that others used, where they are notable; else None."""
    notable, step = least_notable_other_cpus(s), s.dent_other_cpus
    if at_least(s.other_cpus, notable):
        return s.other_cpus
    return s.other_cpus_peak or step if s.dent is not None and at_least(step, notable) else None


def mostly_wait(s: Signals) -> bool:
    """Whether users wait of their own will for most of their time: X·Z/N."""
    return s.throughput * (s.think_s or 0.0) >= OWN_WAITING * s.users


def run_delay_limit(s: Signals) -> float:
    """Return the CPUs for which the server's busiest process may wait before that is notable."""
    return NOTABLE_WAIT * max(1.0, s.proceeding or 0.0)


def queues(s: Signals, limits: Thresholds) -> bool:
    """Whether requests certainly queue for something: they take several times as long as without load."""
    return at_least(s.slowdown, limits.slowed)


def at_least(value: float | None, limit: float) -> bool:
    """Whether a value is known and has reached a limit."""
    return value is not None and value >= limit


def below(value: float | None, limit: float) -> bool:
    """Whether a value is known and below a limit."""
    return value is not None and value < limit
