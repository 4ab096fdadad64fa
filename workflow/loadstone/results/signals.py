"""`signals.json`: what was measured of a run, as far as a verdict needs it, and the utilisations that follow.

`summarise` writes it; `loadstone verdict` takes the same of figures that were measured elsewhere.
"""

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, ValidationError

from loadstone.errors import TableError
from loadstone.results.signal_groups import GROUPED, TELLING, SignalGroups
from loadstone.suite.types import Model
from loadstone.text import dotted
from loadstone.theory import operational

MAX_UNKNOWN_SHARE = 0.01
"""Share of requests that overlap, or whose user is unknown, above which the think time is unknown."""

NOTABLE_OTHER_LOAD = 0.25
"""Share of the machine's CPUs above which other processes were certainly running. The kernel's share of a loaded run
and the cost of measuring stay below it."""


class Signals(SignalGroups):
    """What was measured in the window; whatever is missing is None. Most signals are in `SignalGroups`."""

    SPARSE: ClassVar[frozenset[str]] = GROUPED | {
        *("overlapping", "unattributed", "fewest_users", "most_users", "plateaus", "scheduled", "other_cpus"),
        *("cores", "typical_response_s", "rate_steady", "think_spread"),
    }

    users: float = Field(gt=0)
    """N; where it changed, its mean over time."""
    throughput: float = Field(ge=0)
    """X, requests/s."""
    response_s: float = Field(ge=0)
    """R, mean response time, seconds."""
    think_s: float | None = Field(ge=0)
    """Z, mean think time as measured, seconds; None where users send requests in parallel, or users are unknown."""
    think_spread: float | None = Field(default=None, ge=0)
    """Coefficient of variation of the think time: near 0 if it is constant, 1 if it is exponential."""
    unloaded_response_s: float | None = Field(default=None, ge=0)
    """R₀: mean response time of the same mix with one user."""
    failures: float | None = Field(default=None, ge=0)
    requests: float | None = Field(default=None, ge=0)
    server_workers: int | None = Field(default=None, ge=1)
    server_threads: int | None = Field(default=None, ge=1)
    server_cores: float | None = Field(default=None, gt=0)
    """CPUs that the server may use."""
    cores: int | None = Field(default=None, ge=1)
    """CPUs of the machine."""
    typical_response_s: float | None = Field(default=None, ge=0)
    """Mean response time without the requests that took more than three times the 95th percentile of their endpoint: a
    pause of the server adds to R, not to it."""
    server_cpu: float | None = Field(default=None, ge=0)
    """CPUs that the server's workers used."""
    server_seconds: float | None = Field(default=None, ge=0)
    """S: mean time of a request inside the server, seconds."""
    generator_cpu: list[float] | None = Field(default=None, min_length=1)
    """CPUs used by each of the generator's workers."""
    generator_ceiling: float | None = Field(default=None, gt=0)
    """Requests/s that this generator reaches against a server that is no limit."""
    arrival_rate: float | None = Field(default=None, gt=0)
    """Requests/s that an open load was to send."""
    behind_schedule: bool | None = None
    """Whether requests began later than intended, or fewer than intended, where that was set beforehand."""
    host_busy: float | None = Field(default=None, ge=0, le=1)
    """Share of all CPUs that was busy."""
    host_steal: float | None = Field(default=None, ge=0, le=1)
    """Share of all CPUs that the hypervisor took."""
    host_run_queue: float | None = Field(default=None, ge=0)
    """Processes that ran or could have, on average, over the number of CPUs: above 1, some waited for a CPU."""
    other_cpus: float | None = Field(default=None, ge=0)
    """CPUs that processes of neither the server nor the load generator used, the kernel's own work and the cost of
    measuring among them; None where not all of these processes were sampled."""
    bytes_per_s: float | None = Field(default=None, ge=0)
    link_bytes_per_s: float | None = Field(default=None, gt=0)
    steady: bool | None = None
    """Whether the run settled. It is not judged where the number of users changed."""
    rate_steady: bool | None = None
    """Whether throughput settled, if the run did not."""
    overlapping: float = Field(default=0.0, ge=0, le=1)
    """Share of requests that were sent while an earlier request of the same user was in progress."""
    unattributed: float = Field(default=0.0, ge=0, le=1)
    """Share of requests whose user is unknown."""
    fewest_users: int | None = Field(default=None, ge=0)
    """Fewest users that ran; None where all those ran that were asked for, all the time."""
    most_users: int | None = Field(default=None, ge=0)
    """Most users that ran; None likewise."""
    scheduled: float | None = Field(default=None, ge=0)
    """Requests of `requests` that had an intended start; None if all had one, or if there was no schedule."""
    plateaus: "tuple[Plateau, ...] | None" = None
    """The times with a constant number of users; None where a single number was asked for."""

    @property
    def in_parallel(self) -> bool:
        """Whether users send requests in parallel, so that there is no think time between them."""
        return self.overlapping > MAX_UNKNOWN_SHARE

    @property
    def of_unknown_users(self) -> bool:
        """Whether the users of too many requests are unknown."""
        return self.unattributed > MAX_UNKNOWN_SHARE

    @property
    def consistency(self) -> float | None:
        """X·(R + Z)/N; None where the think time is unknown."""
        if self.think_s is None:
            return None
        return operational.consistency(self.users, self.throughput, self.response_s, self.think_s)

    @property
    def think(self) -> float | None:
        """u_think = X·(R₀ + Z)/N. Without R₀, its lower bound X·Z/N, which can show think time but not rule it out.

        None where the think time is unknown.
        """
        if self.think_s is None:
            return None
        return self.throughput * ((self.unloaded_response_s or 0.0) + self.think_s) / self.users

    @property
    def server(self) -> float | None:
        """u_server = CPUs used over the CPUs that the workers could use: min(workers, cores)."""
        usable = [value for value in (self.server_workers, self.server_cores) if value is not None]
        return self.server_cpu / min(usable) if self.server_cpu is not None and len(usable) == 2 else None

    @property
    def slots(self) -> float | None:
        """u_slot = X·S/(workers·threads): the share of slots that hold a request (Little's law inside the server)."""
        if self.server_seconds is None or self.server_workers is None or self.server_threads is None:
            return None
        return self.throughput * self.server_seconds / (self.server_workers * self.server_threads)

    @property
    def in_progress(self) -> float:
        """Mean number of requests that users wait for: X·R (Little 1961).

        In a closed load it is N − X·Z if that is more: users who are never answered have no response time.
        """
        waiting = self.throughput * self.response_s
        if self.think_s is None or self.arrival_rate is not None:
            return waiting
        return max(waiting, self.users - self.throughput * self.think_s)

    @property
    def queue_s(self) -> float | None:
        """R − S: mean time of a request outside the application, most of it in a queue before it; seconds."""
        return None if self.server_seconds is None else max(0.0, self.response_s - self.server_seconds)

    @property
    def slowdown(self) -> float | None:
        """R/R₀: 1 if no request queues for another."""
        return self.response_s / self.unloaded_response_s if self.unloaded_response_s else None

    @property
    def concurrency(self) -> float | None:
        """X·R₀: mean number of requests that would be in progress at this rate if none queued for another.

        Where requests queue for a lock it is about 1, for a pool of k about k (Little's law of the resource).
        """
        return self.throughput * self.unloaded_response_s if self.unloaded_response_s else None

    @property
    def backlog_per_s(self) -> float | None:
        """How fast the requests that an open load could not send yet become more, requests/s; None in closed loads."""
        return None if self.arrival_rate is None else max(0.0, self.arrival_rate - self.throughput)

    @property
    def generator(self) -> float | None:
        """u_gen: CPUs used by the busiest of the generator's workers, each of which can use one."""
        return max(self.generator_cpu) if self.generator_cpu else None

    @property
    def ceiling(self) -> float | None:
        """X over the generator's ceiling."""
        return self.throughput / self.generator_ceiling if self.generator_ceiling else None

    @property
    def host(self) -> float | None:
        """u_host = busy + steal. It needs both: without steal, a full machine could pass for one with CPU left."""
        return self.host_busy + self.host_steal if self.host_busy is not None and self.host_steal is not None else None

    @property
    def min_host(self) -> float | None:
        """A lower bound of u_host: u_host itself, or busy where steal is unknown."""
        return self.host_busy if self.host is None else self.host

    @property
    def link(self) -> float | None:
        """Bytes/s over the link's speed."""
        known = self.bytes_per_s is not None and self.link_bytes_per_s is not None
        return self.bytes_per_s / self.link_bytes_per_s if known else None  # type: ignore[operator]

    @property
    def missing(self) -> list[str]:
        """Names of the signals that were not given."""
        optional = {"arrival_rate", "behind_schedule", "host_run_queue"} | self.SPARSE
        expected = (set(type(self).model_fields) - optional) | TELLING
        return sorted(name for name in expected if getattr(self, name) is None)


class Plateau(Model):
    """A time within the window in which the number of users was constant."""

    begin_s: float = Field(ge=0)
    """Seconds since the load began."""
    end_s: float = Field(ge=0)
    signals: Signals
    """What was measured in it; its users are the plateau's."""


Signals.model_rebuild()


def read_signals(path: Path) -> Signals:
    """Read a JSON object. Raises `TableError`, a line for each mistake: file, key, what is allowed."""
    try:
        return Signals.model_validate_json(path.read_bytes())
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise TableError("\n".join(_line(path, dict(detail)) for detail in error.errors())) from None


def _line(path: Path, detail: dict[str, Any]) -> str:
    place = dotted(*detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{path}: {place}: unknown key; allowed: {', '.join(Signals.model_fields)}"
    if detail["type"] == "missing":
        return f"{path}: {place}: missing"
    return ": ".join(part for part in (str(path), place, detail["msg"]) if part)
