"""Who used the CPUs: the server, the generator, both together, or others."""

from loadstone.analyse.rules.resources import (
    NOTABLE_THROTTLING,
    at_least,
    below,
    is_contended,
    is_server_full,
    mostly_wait,
    notable_other_cpus,
)
from loadstone.results.signals import Signals
from loadstone.suite.thresholds import Thresholds


def generator(s: Signals, limits: Thresholds) -> bool:
    """A generator worker's CPU is full, or it sends as much as it can, and the server has CPU left.

    Its own figures decide. Requests that begin late are a symptom: whoever serves them may be full. A generator whose
    busiest worker has slack is not at its ceiling, whatever rate that was.
    """
    full = at_least(s.generator, limits.saturated)
    at_ceiling = at_least(s.ceiling, limits.saturated) and not below(s.generator, limits.slack)
    return (full or at_ceiling) and not is_server_full(s, limits)


def server_cpu(s: Signals, limits: Thresholds) -> bool:
    """The server, or one of its processes, uses the CPU it can have, and the hypervisor does not withhold it."""
    return is_server_full(s, limits) and below(s.host_steal, limits.most_steal)


def shared_host(s: Signals, limits: Thresholds) -> bool:
    """All of the machine's CPUs are busy by server and generator together: neither alone is why, nor are others."""
    full = at_least(s.min_host, limits.saturated) or at_least(s.throttled, NOTABLE_THROTTLING)
    return full and not (generator(s, limits) or server_cpu(s, limits) or notable_other_cpus(s))


def neighbour(s: Signals, limits: Thresholds) -> bool:
    """Others used CPUs that the run's processes waited for.

    A server or a generator that is full had the CPU it can use. Users who mostly wait of their own will hardly notice.
    """
    if notable_other_cpus(s) is None or not (is_contended(s, limits) or s.dent is not None):
        return False
    return not (server_cpu(s, limits) or generator(s, limits) or mostly_wait(s))
