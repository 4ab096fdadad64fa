"""What bound a run's throughput: one function a rule, from signals to a verdict with its evidence.

First the two rules that end the matter (errors, invalid), then every candidate. A run without `failures` or `steady`
counts as sound. In a sound run, a missing signal can hide a candidate but never make the server one: a rule that names
the server needs every signal that could rule it out, and u_host in full, not its lower bound.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy import stats

from loadstone.results.signals import Signals
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.theory import operational

ERRORS, INVALID = "errors", "invalid"
GENERATOR, SERVER_CPU, SHARED_HOST = "generator", "server CPU", "shared host"
SERVER_CONCURRENCY, SERIAL_SECTION, NETWORK = "server concurrency", "serial section", "network"
THINK_TIME, ARRIVALS, MIXED, UNDETERMINED = "think time", "arrival rate", "mixed", "undetermined"

FAILURE_CONFIDENCE = 0.95


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
    return float(stats.beta.ppf(1 - FAILURE_CONFIDENCE, failures, requests - failures + 1))


def errors(s: Signals, limits: Thresholds) -> bool:
    """Too many requests failed: the lower bound of their share is above 1 %."""
    if s.failures is None or s.requests is None:
        return False
    return failure_bound(s.failures, s.requests) > limits.most_failures


def invalid(s: Signals, limits: Thresholds) -> bool:
    """The figures don't belong together, or the run never settled."""
    fits = operational.MIN_CONSISTENCY <= s.consistency <= operational.MAX_CONSISTENCY
    return not (fits or _within_edges(s, limits)) or s.steady is False


def _within_edges(s: Signals, limits: Thresholds) -> bool:
    """Whether the cycles that the window's ends cut off explain the difference to 1."""
    if s.requests is None or s.consistency == 0:
        return False
    return abs(s.requests * (1 - 1 / s.consistency)) <= limits.edge_requests * math.sqrt(s.users)


def generator(s: Signals, limits: Thresholds) -> bool:
    """A generator worker's CPU, or its ceiling, or its schedule, while the server has CPU left."""
    at_limit = _at_least(s.generator, limits.saturated) or _at_least(s.ceiling, limits.saturated)
    return (at_limit or s.behind_schedule is True) and not _at_least(s.server, limits.saturated)


def server_cpu(s: Signals, limits: Thresholds) -> bool:
    """The server's workers use the CPUs they can have, and nobody takes those away."""
    return _at_least(s.server, limits.saturated) and _below(s.host_steal, limits.most_steal)


def shared_host(s: Signals, limits: Thresholds) -> bool:
    """All of the machine's CPUs are busy, and neither the generator nor the server alone is why."""
    return _at_least(s.min_host, limits.saturated) and not generator(s, limits) and not server_cpu(s, limits)


def server_concurrency(s: Signals, limits: Thresholds) -> bool:
    """All slots are taken while CPU is left; waiting for a CPU fills slots too, so the host must be known free."""
    idle = _below(s.server, limits.slack) and _below(s.host, limits.saturated)
    return _at_least(s.slots, limits.saturated) and idle


def network(s: Signals, limits: Thresholds) -> bool:
    """The link is full."""
    return _at_least(s.link, limits.link_full)


def think_time(s: Signals, limits: Thresholds) -> bool:
    """Users wait of their own will, and no resource is at its limit, explained or not.

    In an open load they wait for the next arrival: then its rate is what sets the throughput.
    """
    return s.think >= limits.think_time and not any(
        _at_least(value, limits.saturated) for value in (s.server, s.slots, s.min_host)
    )


RULES: dict[str, Callable[[Signals, Thresholds], bool]] = {
    GENERATOR: generator,
    SERVER_CPU: server_cpu,
    SHARED_HOST: shared_host,
    SERVER_CONCURRENCY: server_concurrency,
    NETWORK: network,
}


def judge(s: Signals, limits: Thresholds = DEFAULTS) -> Verdict:
    """Apply all rules, in their order."""
    if errors(s, limits):
        return _verdict(s, limits, ERRORS, ())
    if invalid(s, limits):
        return _verdict(s, limits, INVALID, ())
    candidates = [name for name, rule in RULES.items() if rule(s, limits)]
    own_will = THINK_TIME if s.arrival_rate is None else ARRIVALS
    if candidates and s.think >= limits.think_time:
        candidates.append(own_will)
    if len(candidates) > 1:
        return _verdict(s, limits, MIXED, candidates)
    if candidates:
        return _verdict(s, limits, candidates[0], candidates)
    if think_time(s, limits):
        return _verdict(s, limits, own_will, [own_will])
    return _verdict(s, limits, UNDETERMINED, ())


def _verdict(s: Signals, limits: Thresholds, name: str, parties: Sequence[str]) -> Verdict:
    figures = _figures(s, limits)
    rivals = [f for f in figures if f.signal in _UTILISATIONS and _UTILISATIONS[f.signal] not in parties]
    nearest = max(rivals, key=lambda f: f.value / f.limit, default=None)
    return Verdict(
        verdict=name,
        parties=tuple(parties),
        evidence=tuple(figures),
        runner_up=f"{_UTILISATIONS[nearest.signal]} ({nearest.signal} = {nearest.value:.3g})" if nearest else None,
        remark=_remark(s, limits, name),
        probe=_probe(name),
        missing=tuple(s.missing),
    )


_UTILISATIONS = {
    "u_gen": GENERATOR, "X/ceiling": GENERATOR, "u_server": SERVER_CPU, "u_host": SHARED_HOST,
    "u_slot": SERVER_CONCURRENCY, "u_link": NETWORK, "u_think": THINK_TIME,
}  # fmt: skip


def _figures(s: Signals, limits: Thresholds) -> list[Evidence]:
    stolen = " or stolen" if s.host is not None else "; the share stolen is unknown"
    rows: list[tuple[str, float | None, str, float, str]] = [
        ("X·(R+Z)/N", s.consistency, "", 1.0, "1 in a closed, steady system: checks the run, accuses nobody"),
        ("u_think", s.think, "", limits.think_time, "share of the rate that so many users can send at R₀"),
        ("u_server", s.server, "", limits.saturated, "server CPU over what its workers could use"),
        ("u_slot", s.slots, "", limits.saturated, "share of the server's slots that hold a request"),
        ("u_gen", s.generator, "CPUs", limits.saturated, "CPU of the busiest generator worker"),
        ("X/ceiling", s.ceiling, "", limits.saturated, "throughput over what the generator can send at all"),
        ("u_host", s.min_host, "", limits.saturated, f"share of all CPUs that was busy{stolen}"),
        ("run queue", s.host_run_queue, "a CPU", 1.0, "processes that ran or could; above 1, some waited for a CPU"),
        ("u_link", s.link, "", limits.link_full, "share of the link's speed"),
    ]
    if s.failures is not None and s.requests:
        bound = failure_bound(s.failures, s.requests)
        rows.append(("failures", bound, "", limits.most_failures, "lower 95 % bound of the share of failures"))
    return [
        Evidence(signal=signal, value=value, unit=unit, limit=limit, meaning=meaning)
        for signal, value, unit, limit, meaning in rows
        if value is not None
    ]


def _remark(s: Signals, limits: Thresholds, name: str) -> str | None:
    if name in (THINK_TIME, ARRIVALS):
        utilisations = (s.server, s.slots, s.generator, s.ceiling, s.min_host, s.link)
        remarks = ["near the knee"] * any(_at_least(value, limits.slack) for value in utilisations)
        remarks += ["users hardly wait, they are few: more would bring more"] * (s.think_s < s.response_s)
        return "; ".join(remarks) or None
    if name == UNDETERMINED and (near := _nearly_full(s, limits)):
        return "nearly full: " + ", ".join(near)
    if name == UNDETERMINED and s.unloaded_response_s and s.response_s >= limits.slowed * s.unloaded_response_s:
        return (
            "an unobserved resource: responses take twice as long as unloaded, or more; nothing seen is near its limit"
        )
    if name == INVALID:
        return "the run never settled" if s.steady is False else f"X·(R+Z)/N = {s.consistency:.3g}"
    return None


def _nearly_full(s: Signals, limits: Thresholds) -> list[str]:
    """Name the resources without slack: at their limit but for what keeps the blame from them, or just below it."""
    return [
        f"{_UTILISATIONS[figure.signal]} ({figure.signal} = {figure.value:.2g})"
        for figure in _figures(s, limits)
        if figure.signal in _UTILISATIONS and figure.signal != "u_think" and figure.value >= limits.slack
    ]


def _probe(name: str) -> str:
    if name in (ERRORS, INVALID):
        return "run it again once the cause is mended"
    return "twice the users: d ln X/d ln N of 0.9 or more means think time, of 0.2 or less a capacity reached"


def _at_least(value: float | None, limit: float) -> bool:
    return value is not None and value >= limit


def _below(value: float | None, limit: float) -> bool:
    return value is not None and value < limit
