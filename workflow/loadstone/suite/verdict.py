"""The verdicts: what can have bound an experiment's throughput, by the names that suites, results and pages use."""

from enum import StrEnum


class Verdict(StrEnum):
    """What bound throughput. A suite expects one of a `bottleneck`; `loadstone.analyse.bottleneck` reaches them."""

    THINK_TIME = "think time"
    TOO_FEW_USERS = "too few users"
    ARRIVAL_RATE = "arrival rate"
    GENERATOR = "generator"
    SERVER_CPU = "server CPU"
    SHARED_HOST = "shared host"
    NEIGHBOUR = "neighbour"
    SERVER_CONCURRENCY = "server concurrency"
    SERIAL_SECTION = "serial section"
    LOCK = "lock in the server"
    POOL = "pool"
    DOWNSTREAM = "downstream"
    DISK = "disk"
    RATE_LIMITER = "rate limiter"
    ACCEPT_QUEUE = "accept queue"
    UNEVEN_CONNECTIONS = "uneven connections"
    PAUSES = "pauses"
    NETWORK = "network"
    SERVER_OR_BEHIND = "the server, or what it waits for"
    MIXED = "mixed"
    UNDETERMINED = "undetermined"
    ERRORS = "errors"
    INVALID = "invalid"

    @property
    def is_sound(self) -> bool:
        """Whether the figures of a run with this verdict can be used.

        They can't with too many failures or contradictions, or if processes of others took the CPUs.
        """
        return self not in (Verdict.ERRORS, Verdict.INVALID, Verdict.NEIGHBOUR)

    @property
    def names_a_party(self) -> bool:
        """Whether it names one party that bound throughput."""
        return self.is_sound and self not in (Verdict.MIXED, Verdict.UNDETERMINED)


SERVER_VERDICTS = (
    Verdict.SERVER_CPU,
    Verdict.SERVER_CONCURRENCY,
    Verdict.SERIAL_SECTION,
    Verdict.LOCK,
    Verdict.POOL,
    Verdict.DISK,
    Verdict.RATE_LIMITER,
    Verdict.ACCEPT_QUEUE,
    Verdict.UNEVEN_CONNECTIONS,
    Verdict.PAUSES,
    Verdict.DOWNSTREAM,
    Verdict.SERVER_OR_BEHIND,
)
"""Those that name the server, or what it waits for."""

SET_BY_LOAD = (Verdict.THINK_TIME, Verdict.TOO_FEW_USERS, Verdict.ARRIVAL_RATE)
"""Those under which the load sets the throughput, whatever the server's capacity."""
