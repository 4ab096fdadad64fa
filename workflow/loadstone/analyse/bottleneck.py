"""What bound a run's throughput: one function per rule, from signals to a verdict with its evidence.

First the two rules that end the matter (errors, invalid), then every candidate. A run without `failures` or `steady`
counts as sound. In a sound run, a missing signal can hide a candidate but never make the server one: a rule that names
the server needs every signal that could rule it out, and u_host in full, not its lower bound.
"""

import math
from collections.abc import Callable, Sequence

from scipy import stats

from loadstone.results.signals import MAX_UNKNOWN_SHARE, Signals
from loadstone.results.verdicts import Evidence, Judgement
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.theory import operational

FAILURE_CONFIDENCE = 0.95
NO_THINK_TIME = "their think time is unknown"


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
    return s.steady is False or not (s.consistency is None or _fits(s.consistency, s, limits))


def _fits(consistency: float, s: Signals, limits: Thresholds) -> bool:
    """Whether X·(R + Z)/N is 1, or differs from it by no more than the cycles that the window's ends cut off."""
    if operational.MIN_CONSISTENCY <= consistency <= operational.MAX_CONSISTENCY:
        return True
    if s.requests is None or consistency == 0:
        return False
    return abs(s.requests * (1 - 1 / consistency)) <= limits.edge_requests * math.sqrt(s.users)


def generator(s: Signals, limits: Thresholds) -> bool:
    """A generator worker's CPU, or its ceiling, or its schedule, while the server has CPU left."""
    at_limit = _at_least(s.generator, limits.saturated) or _at_least(s.ceiling, limits.saturated)
    return (at_limit or s.behind_schedule is True) and not _at_least(s.server, limits.saturated)


def server_cpu(s: Signals, limits: Thresholds) -> bool:
    """The server's workers use the CPUs they can have, and the hypervisor does not withhold them."""
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

    In an open load they wait for the next arrival: then its rate is what sets the throughput. Users who send requests
    in parallel have no think time to be judged by.
    """
    return _at_least(s.think, limits.think_time) and not any(
        _at_least(value, limits.saturated) for value in (s.server, s.slots, s.min_host)
    )


RULES: dict[Verdict, Callable[[Signals, Thresholds], bool]] = {
    Verdict.GENERATOR: generator,
    Verdict.SERVER_CPU: server_cpu,
    Verdict.SHARED_HOST: shared_host,
    Verdict.SERVER_CONCURRENCY: server_concurrency,
    Verdict.NETWORK: network,
}


def judge(s: Signals, limits: Thresholds = DEFAULTS) -> Judgement:
    """Apply all rules, in their order."""
    if errors(s, limits):
        return _judgement(s, limits, Verdict.ERRORS, ())
    if invalid(s, limits):
        return _judgement(s, limits, Verdict.INVALID, ())
    candidates = [name for name, rule in RULES.items() if rule(s, limits)]
    own_will = Verdict.THINK_TIME if s.arrival_rate is None else Verdict.ARRIVAL_RATE
    if candidates and _at_least(s.think, limits.think_time):
        candidates.append(own_will)
    if len(candidates) > 1:
        return _judgement(s, limits, Verdict.MIXED, candidates)
    if candidates:
        return _judgement(s, limits, candidates[0], candidates)
    if think_time(s, limits):
        return _judgement(s, limits, own_will, [own_will])
    return _judgement(s, limits, Verdict.UNDETERMINED, ())


def _judgement(s: Signals, limits: Thresholds, verdict: Verdict, parties: Sequence[Verdict]) -> Judgement:
    figures = _figures(s, limits)
    rivals = [f for f in figures if f.signal in _UTILISATIONS and _UTILISATIONS[f.signal] not in parties]
    nearest = max(rivals, key=lambda f: f.value / f.limit, default=None)
    return Judgement(
        verdict=verdict,
        parties=tuple(parties),
        also=parties[1] if len(parties) > 1 else None,
        evidence=tuple(figures),
        runner_up=f"{_UTILISATIONS[nearest.signal]} ({nearest.signal} = {nearest.value:.3g})" if nearest else None,
        remark=_remark(s, limits, verdict),
        probe=_probe(s, verdict, limits),
        missing=tuple(s.missing),
    )


_UTILISATIONS = {
    "u_gen": Verdict.GENERATOR,
    "X/ceiling": Verdict.GENERATOR,
    "u_server": Verdict.SERVER_CPU,
    "u_host": Verdict.SHARED_HOST,
    "u_slot": Verdict.SERVER_CONCURRENCY,
    "u_link": Verdict.NETWORK,
    "u_think": Verdict.THINK_TIME,
}


def _figures(s: Signals, limits: Thresholds) -> list[Evidence]:
    stolen = " or stolen" if s.host is not None else "; the share stolen is unknown"
    rows: list[tuple[str, float | None, str, float, str]] = [
        ("X·(R+Z)/N", s.consistency, "", 1.0, "1 in a closed, steady system: a check of the run, not of what bound it"),
        ("u_think", s.think, "", limits.think_time, "share of the rate that this number of users can send at R₀"),
        ("u_server", s.server, "", limits.saturated, "server CPU over what its workers could use"),
        ("u_slot", s.slots, "", limits.saturated, "share of the server's slots that hold a request"),
        ("u_gen", s.generator, "CPUs", limits.saturated, "CPU of the busiest generator worker"),
        ("X/ceiling", s.ceiling, "", limits.saturated, "throughput over the highest rate that the generator can send"),
        ("u_host", s.min_host, "", limits.saturated, f"share of all CPUs that was busy{stolen}"),
        ("run queue", s.host_run_queue, "per CPU", 1.0, "running or ready processes; above 1, some waited for a CPU"),
        ("u_link", s.link, "", limits.link_full, "share of the link's speed that was used"),
    ]
    if s.failures is not None and s.requests:
        bound = failure_bound(s.failures, s.requests)
        rows.append(("failures", bound, "", limits.most_failures, "lower 95 % bound of the share of failures"))
    if s.in_parallel:
        meaning = "share of requests sent while an earlier one of the same user was in progress"
        rows.append(("overlapping", s.overlapping, "", MAX_UNKNOWN_SHARE, f"{meaning}; above it, {NO_THINK_TIME}"))
    if s.of_unknown_users:
        meaning = "share of requests whose user is unknown"
        rows.append(("unattributed", s.unattributed, "", MAX_UNKNOWN_SHARE, f"{meaning}; above it, {NO_THINK_TIME}"))
    return [
        Evidence(signal=signal, value=value, unit=unit, limit=limit, meaning=meaning)
        for signal, value, unit, limit, meaning in rows
        if value is not None
    ]


def _remark(s: Signals, limits: Thresholds, verdict: Verdict) -> str | None:
    remarks = [_remark_on(s, limits, verdict)]
    if s.in_parallel:
        remarks.append(f"users send requests in parallel, so {NO_THINK_TIME}")
    if s.of_unknown_users:
        remarks.append(f"the users of some requests are unknown, so {NO_THINK_TIME}")
    return "; ".join(remark for remark in remarks if remark) or None


def _remark_on(s: Signals, limits: Thresholds, verdict: Verdict) -> str | None:
    if verdict in (Verdict.THINK_TIME, Verdict.ARRIVAL_RATE):
        utilisations = (s.server, s.slots, s.generator, s.ceiling, s.min_host, s.link)
        remarks = ["near the knee"] * any(_at_least(value, limits.slack) for value in utilisations)
        if s.think_s is not None and s.think_s < s.response_s:
            remarks.append("few users and hardly any think time: more users would raise throughput")
        return "; ".join(remarks) or None
    if verdict == Verdict.UNDETERMINED and (near := _nearly_full(s, limits)):
        return "nearly full: " + ", ".join(near)
    if (
        verdict == Verdict.UNDETERMINED
        and s.unloaded_response_s
        and s.response_s >= limits.slowed * s.unloaded_response_s
    ):
        return (
            f"an unobserved resource: responses take at least {limits.slowed:g} times as long as without load, and no "
            "measured resource is near its limit"
        )
    if verdict == Verdict.INVALID:
        return "the run never settled" if s.steady is False else f"X·(R+Z)/N = {s.consistency or 0.0:.3g}"
    return None


def _nearly_full(s: Signals, limits: Thresholds) -> list[str]:
    """Name the resources without slack: close to their limit, or at it where another signal rules them out."""
    return [
        f"{_UTILISATIONS[figure.signal]} ({figure.signal} = {figure.value:.2g})"
        for figure in _figures(s, limits)
        if figure.signal in _UTILISATIONS and figure.signal != "u_think" and figure.value >= limits.slack
    ]


def _probe(s: Signals, verdict: Verdict, limits: Thresholds) -> str:
    if not verdict.is_sound:
        return "fix the cause, then measure again"
    users = "think time" if s.think_s is not None else "that the users set the rate"
    return (
        f"measure with twice the users: d ln X/d ln N of {limits.least_elasticity_of_think_time:g} or more means "
        f"{users}, {limits.most_elasticity_at_capacity:g} or less means that a capacity is reached"
    )


def _at_least(value: float | None, limit: float) -> bool:
    return value is not None and value >= limit


def _below(value: float | None, limit: float) -> bool:
    return value is not None and value < limit
