"""The verdicts: what can have bound an experiment's throughput, by the names that suites, results and pages use."""

from enum import StrEnum


class Verdict(StrEnum):
    """What bound throughput. A suite expects one of a `bottleneck`; `loadstone.analyse.bottleneck` reaches them."""

    THINK_TIME = "think time"
    ARRIVAL_RATE = "arrival rate"
    GENERATOR = "generator"
    SERVER_CPU = "server CPU"
    SHARED_HOST = "shared host"
    SERVER_CONCURRENCY = "server concurrency"
    SERIAL_SECTION = "serial section"
    NETWORK = "network"
    MIXED = "mixed"
    UNDETERMINED = "undetermined"
    ERRORS = "errors"
    INVALID = "invalid"

    @property
    def is_sound(self) -> bool:
        """Whether the figures of a run with this verdict can be used: neither too many failures nor contradictions."""
        return self not in (Verdict.ERRORS, Verdict.INVALID)

    @property
    def names_a_party(self) -> bool:
        """Whether it names one party that bound throughput."""
        return self.is_sound and self not in (Verdict.MIXED, Verdict.UNDETERMINED)


SERVER_VERDICTS = (Verdict.SERVER_CPU, Verdict.SERVER_CONCURRENCY, Verdict.SERIAL_SECTION)
"""Those that name the server."""

SET_BY_LOAD = (Verdict.THINK_TIME, Verdict.ARRIVAL_RATE)
"""Those under which the load sets the throughput, whatever the server does."""
