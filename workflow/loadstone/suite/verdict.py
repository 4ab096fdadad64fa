"""The verdicts: what can have limited an experiment's throughput, by the names that suites, results and pages use.

A name continues *limited by*: as a column's heading, or in a sentence by `Verdict.as_limit`, which knows the names that
do not, such as *no clear limit*.
"""

from collections.abc import Sequence
from enum import StrEnum


class Verdict(StrEnum):
    """What limited throughput. A suite expects one of a `bottleneck`; `loadstone.analyse.bottleneck` reaches them."""

    THINK_TIME = "users' pauses"
    TOO_FEW_USERS = "too few users"
    ARRIVAL_RATE = "arrival rate"
    GENERATOR = "Locust's CPU"
    SERVER_CPU = "server's CPU"
    SHARED_HOST = "the whole machine's CPU"
    NEIGHBOUR = "other programs on the machine"
    SERVER_CONCURRENCY = "all server threads busy"
    SERIAL_SECTION = "a serial section in the server"
    LOCK = "a lock in the server"
    POOL = "a pool in the server"
    DOWNSTREAM = "a service behind the server"
    DISK = "the server's disk"
    RATE_LIMITER = "a rate limiter"
    ACCEPT_QUEUE = "the server's accept queue"
    UNEVEN_CONNECTIONS = "uneven connections"
    PAUSES = "pauses of the server"
    NETWORK = "the network"
    SERVER_OR_BEHIND = "the server, or what it waits for"
    MIXED = "several limits"
    DISAGREE = "repeats disagree"
    UNDETERMINED = "no clear limit"
    ERRORS = "too many failures"
    INVALID = "invalid figures"

    @classmethod
    def _missing_(cls, value: object) -> "Verdict | None":
        """Take a verdict by the name that earlier versions gave it, from their suites and results."""
        return next((verdict for verdict, name in EARLIER_NAMES.items() if name == value), None)

    @property
    def is_sound(self) -> bool:
        """Whether the figures of a run with this verdict can be used.

        They can't with too many failures or contradictions, or if processes of others took the CPUs.
        """
        return self not in (Verdict.ERRORS, Verdict.INVALID, Verdict.NEIGHBOUR)

    @property
    def names_a_party(self) -> bool:
        """Whether it names one party that limited throughput."""
        return self.is_sound and self not in OPEN_VERDICTS

    @property
    def as_limit(self) -> str:
        """Write it as the end of a sentence: *limited by users' pauses*, and *no clear limit* without *limited by*.

        This and `phrase_limits` are the one place for this grammar: "fifty-users: limited by users' pauses",
        "fifty-users: no clear limit".
        """
        if self in OPEN_VERDICTS or self in (Verdict.ERRORS, Verdict.INVALID):
            return str(self)
        return f"limited by {IN_SENTENCES.get(self, self)}"


def phrase_limits(verdict: Verdict, parties: Sequence[Verdict] = ()) -> str:
    """Write a verdict as the end of a sentence, and name several limits: *limited by the server's CPU and the network*.

    `parties` are what the runs name. Only those of several limits are written.
    """
    limits = [IN_SENTENCES.get(party, party) for party in parties if party.names_a_party]
    if verdict != Verdict.MIXED or len(limits) < 2:
        return verdict.as_limit
    return f"limited by {', '.join(limits[:-1])} and {limits[-1]}"


OPEN_VERDICTS = (Verdict.MIXED, Verdict.DISAGREE, Verdict.UNDETERMINED)
"""Those of sound figures that name no single party."""

IN_SENTENCES = {
    Verdict.ARRIVAL_RATE: "the arrival rate",
    Verdict.SERVER_CPU: "the server's CPU",
    Verdict.SERVER_CONCURRENCY: "server threads (all busy)",
}
"""Verdict → its name after *limited by* in a sentence, where that needs more than in a column."""


EARLIER_NAMES = {
    Verdict.THINK_TIME: "think time",
    Verdict.GENERATOR: "generator",
    Verdict.SERVER_CPU: "server CPU",
    Verdict.SHARED_HOST: "shared host",
    Verdict.NEIGHBOUR: "neighbour",
    Verdict.SERVER_CONCURRENCY: "server concurrency",
    Verdict.SERIAL_SECTION: "serial section",
    Verdict.LOCK: "lock in the server",
    Verdict.POOL: "pool",
    Verdict.DOWNSTREAM: "downstream",
    Verdict.DISK: "disk",
    Verdict.RATE_LIMITER: "rate limiter",
    Verdict.ACCEPT_QUEUE: "accept queue",
    Verdict.PAUSES: "pauses",
    Verdict.NETWORK: "network",
    Verdict.MIXED: "mixed",
    Verdict.UNDETERMINED: "undetermined",
    Verdict.ERRORS: "errors",
    Verdict.INVALID: "invalid",
}
"""Verdict → its name in results and suites of earlier versions, where that was another."""

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
