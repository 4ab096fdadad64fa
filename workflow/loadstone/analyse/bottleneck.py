"""What bound a run's throughput: one function a rule, from signals to a verdict with its evidence.

First the two that end the matter (errors, invalid); then every candidate is looked for. A signal that is missing can
hide a candidate and never make one of the server: each rule against the server asks for all the signals that could
clear it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import Field
from scipy import stats

from loadstone.analyse import operational
from loadstone.analyse import thresholds as limits
from loadstone.suite import Model

ERRORS, INVALID = "errors", "invalid"
GENERATOR, SERVER_CPU, SHARED_HOST = "generator", "server CPU", "shared host"
SERVER_CONCURRENCY, NETWORK = "server concurrency", "network"
THINK_TIME, MIXED, UNDETERMINED = "think time", "mixed", "undetermined"


class Signals(Model):
    """What was measured in the window; whatever is missing is None."""

    users: float = Field(gt=0)
    """N."""
    throughput: float = Field(ge=0)
    """X, requests/s."""
    response_s: float = Field(ge=0)
    """R, mean response time, seconds."""
    think_s: float = Field(ge=0)
    """Z, mean think time as measured, seconds."""
    unloaded_response_s: float | None = Field(default=None, ge=0)
    """R₀: mean response time of the same mix with one user."""
    failures: float | None = Field(default=None, ge=0)
    requests: float | None = Field(default=None, ge=0)
    server_workers: int | None = Field(default=None, ge=1)
    server_threads: int | None = Field(default=None, ge=1)
    server_cores: float | None = Field(default=None, gt=0)
    """CPUs that the server may use."""
    server_cpu: float | None = Field(default=None, ge=0)
    """CPUs that the server's workers used."""
    server_seconds: float | None = Field(default=None, ge=0)
    """S: mean time of a request inside the server, seconds."""
    generator_cpu: list[float] | None = Field(default=None, min_length=1)
    """CPUs used by each of the generator's workers."""
    generator_ceiling: float | None = Field(default=None, gt=0)
    """Requests/s that this generator reaches against a server that is no limit."""
    behind_schedule: bool | None = None
    """Whether an open generator started requests later than intended."""
    host_busy: float | None = Field(default=None, ge=0, le=1)
    """Share of all CPUs that was busy."""
    host_steal: float | None = Field(default=None, ge=0, le=1)
    """Share of all CPUs that the hypervisor took."""
    bytes_per_s: float | None = Field(default=None, ge=0)
    link_bytes_per_s: float | None = Field(default=None, gt=0)
    steady: bool | None = None
    """Whether the run settled."""

    @property
    def consistency(self) -> float:
        """X·(R + Z)/N."""
        return operational.consistency(self.users, self.throughput, self.response_s, self.think_s)

    @property
    def think(self) -> float:
        """u_think = X·(R₀ + Z)/N. Without R₀, X·Z/N, which it can only exceed."""
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
    def generator(self) -> float | None:
        """u_gen: CPUs used by the busiest of the generator's workers, each of which can use one."""
        return max(self.generator_cpu) if self.generator_cpu else None

    @property
    def ceiling(self) -> float | None:
        """X over the generator's ceiling."""
        return self.throughput / self.generator_ceiling if self.generator_ceiling else None

    @property
    def host(self) -> float | None:
        """u_host = busy + steal."""
        return self.host_busy + (self.host_steal or 0.0) if self.host_busy is not None else None

    @property
    def link(self) -> float | None:
        """Bytes/s over the link's speed."""
        known = self.bytes_per_s is not None and self.link_bytes_per_s is not None
        return self.bytes_per_s / self.link_bytes_per_s if known else None  # type: ignore[operator]

    @property
    def missing(self) -> list[str]:
        """Names of the signals that were not given."""
        optional = set(type(self).model_fields) - {"behind_schedule"}
        return sorted(name for name in optional if getattr(self, name) is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One figure that counts for something."""

    signal: str
    value: float
    unit: str
    limit: float
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What bound throughput, and why one should think so."""

    verdict: str
    parties: tuple[str, ...]
    """Who: one, or the two or more of a mixed verdict."""
    evidence: tuple[Evidence, ...]
    runner_up: str | None
    """The next nearest to its limit, with its figure."""
    remark: str | None
    probe: str
    """The measurement that would settle it."""
    missing: tuple[str, ...]

    @property
    def also(self) -> str | None:
        """The second party of a mixed verdict."""
        return self.parties[1] if len(self.parties) > 1 else None


def failure_bound(failures: float, requests: float) -> float:
    """Lower one-sided 95 % bound of the failure share (Clopper & Pearson 1934)."""
    if failures <= 0 or requests <= 0:
        return 0.0
    return float(stats.beta.ppf(1 - limits.FAILURE_CONFIDENCE, failures, requests - failures + 1))


def errors(s: Signals) -> bool:
    """Too many requests failed: the lower bound of their share is above 1 %."""
    if s.failures is None or s.requests is None:
        return False
    return failure_bound(s.failures, s.requests) > limits.MOST_FAILURES


def invalid(s: Signals) -> bool:
    """The figures don't belong together, or the run never settled."""
    fits = operational.LOWEST_CONSISTENCY <= s.consistency <= operational.HIGHEST_CONSISTENCY
    return not (fits or _within_edges(s)) or s.steady is False


def _within_edges(s: Signals) -> bool:
    """Whether the cycles that the window's ends cut off explain the difference to 1."""
    if s.requests is None or s.consistency == 0:
        return False
    return abs(s.requests * (1 - 1 / s.consistency)) <= limits.EDGE_REQUESTS * math.sqrt(s.users)


def generator(s: Signals) -> bool:
    """A generator worker's CPU, or its ceiling, or its schedule, while the server has CPU left."""
    at_limit = _at_least(s.generator, limits.SATURATED) or _at_least(s.ceiling, limits.SATURATED)
    return (at_limit or s.behind_schedule is True) and not _at_least(s.server, limits.SATURATED)


def server_cpu(s: Signals) -> bool:
    """The server's workers use the CPUs they can have, and nobody takes those away."""
    return _at_least(s.server, limits.SATURATED) and _below(s.host_steal, limits.MOST_STEAL)


def shared_host(s: Signals) -> bool:
    """All of the machine's CPUs are busy, and neither the generator nor the server alone is why."""
    return _at_least(s.host, limits.SATURATED) and not generator(s) and not server_cpu(s)


def server_concurrency(s: Signals) -> bool:
    """All slots are taken while CPU is left; waiting for a CPU fills slots too, so the host must be known free."""
    idle = _below(s.server, limits.SLACK) and _below(s.host, limits.SATURATED)
    return _at_least(s.slots, limits.SATURATED) and idle


def network(s: Signals) -> bool:
    """The link is full."""
    return _at_least(s.link, limits.LINK_FULL)


def think_time(s: Signals) -> bool:
    """Users wait of their own will, and no resource is at its limit, explained or not."""
    return s.think >= limits.THINK_TIME and not any(
        _at_least(value, limits.SATURATED) for value in (s.server, s.slots, s.host)
    )


RULES: dict[str, Callable[[Signals], bool]] = {
    GENERATOR: generator,
    SERVER_CPU: server_cpu,
    SHARED_HOST: shared_host,
    SERVER_CONCURRENCY: server_concurrency,
    NETWORK: network,
}


def judge(s: Signals) -> Verdict:
    """Apply all rules, in their order."""
    if errors(s):
        return _verdict(s, ERRORS, ())
    if invalid(s):
        return _verdict(s, INVALID, ())
    candidates = [name for name, rule in RULES.items() if rule(s)]
    if candidates and s.think >= limits.THINK_TIME:
        candidates.append(THINK_TIME)
    if len(candidates) > 1:
        return _verdict(s, MIXED, candidates)
    if candidates:
        return _verdict(s, candidates[0], candidates)
    if think_time(s):
        return _verdict(s, THINK_TIME, [THINK_TIME])
    return _verdict(s, UNDETERMINED, ())


def _verdict(s: Signals, name: str, parties: Sequence[str]) -> Verdict:
    figures = _figures(s)
    rivals = [f for f in figures if f.signal in _UTILISATIONS and _UTILISATIONS[f.signal] not in parties]
    nearest = max(rivals, key=lambda f: f.value / f.limit, default=None)
    return Verdict(
        verdict=name,
        parties=tuple(parties),
        evidence=tuple(figures),
        runner_up=f"{_UTILISATIONS[nearest.signal]} ({nearest.signal} = {nearest.value:.3g})" if nearest else None,
        remark=_remark(s, name),
        probe=_probe(name),
        missing=tuple(s.missing),
    )


_UTILISATIONS = {
    "u_gen": GENERATOR, "X/ceiling": GENERATOR, "u_server": SERVER_CPU, "u_host": SHARED_HOST,
    "u_slot": SERVER_CONCURRENCY, "u_link": NETWORK, "u_think": THINK_TIME,
}  # fmt: skip


def _figures(s: Signals) -> list[Evidence]:
    known = s.failures is not None and s.requests
    rows: list[tuple[str, float | None, str, float, str]] = [
        ("X·(R+Z)/N", s.consistency, "", 1.0, "1 in a closed, steady system: checks the run, accuses nobody"),
        ("u_think", s.think, "", limits.THINK_TIME, "share of the rate that so many users can send at R₀"),
        ("u_server", s.server, "", limits.SATURATED, "server CPU over what its workers could use"),
        ("u_slot", s.slots, "", limits.SATURATED, "share of the server's slots that hold a request"),
        ("u_gen", s.generator, "CPUs", limits.SATURATED, "CPU of the busiest generator worker"),
        ("X/ceiling", s.ceiling, "", limits.SATURATED, "throughput over what the generator can send at all"),
        ("u_host", s.host, "", limits.SATURATED, "share of all CPUs that was busy or stolen"),
        ("u_link", s.link, "", limits.LINK_FULL, "share of the link's speed"),
    ]
    if known:
        bound = failure_bound(s.failures or 0.0, s.requests or 0.0)
        rows.append(("failures", bound, "", limits.MOST_FAILURES, "lower 95 % bound of the share of failures"))
    return [
        Evidence(signal=signal, value=value, unit=unit, limit=limit, meaning=meaning)
        for signal, value, unit, limit, meaning in rows
        if value is not None
    ]


def _remark(s: Signals, name: str) -> str | None:
    if name == THINK_TIME:
        utilisations = (s.server, s.slots, s.generator, s.ceiling, s.host, s.link)
        return "near the knee" if any(_at_least(value, limits.SLACK) for value in utilisations) else None
    if name == UNDETERMINED and s.unloaded_response_s and s.response_s >= limits.SLOWED * s.unloaded_response_s:
        return "an unobserved resource: responses take twice as long as unloaded, or more; nothing seen is at its limit"
    if name == INVALID:
        return "the run never settled" if s.steady is False else f"X·(R+Z)/N = {s.consistency:.3g}"
    return None


def _probe(name: str) -> str:
    if name in (ERRORS, INVALID):
        return "run it again once the cause is mended"
    return "twice the users: d ln X/d ln N of 0.9 or more means think time, of 0.2 or less a capacity reached"


def _at_least(value: float | None, limit: float) -> bool:
    return value is not None and value >= limit


def _below(value: float | None, limit: float) -> bool:
    return value is not None and value < limit
