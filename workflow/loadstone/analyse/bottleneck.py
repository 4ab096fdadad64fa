"""What limited a run's throughput: from its signals to a verdict with its evidence, by the rules in `analyse/rules/`.

First comes what makes the figures useless (failures, contradictions), or explains why they look so. Then every rule is
asked. Of those that explain why requests wait while CPUs are free, the most specific one counts. Several that remain
are *several limits*.

A run without `failures` or `steady` counts as sound. In a sound run, a missing signal can hide a candidate but never
make the server one.
"""

from collections.abc import Callable, Iterator, Sequence

from loadstone.analyse.rules import blocking, connections, load, machine, soundness
from loadstone.analyse.rules.advice import advise
from loadstone.analyse.rules.figures import NO_THINK_TIME, list_figures
from loadstone.analyse.rules.places import find_places
from loadstone.analyse.rules.resources import (
    at_least,
    generator_has_slack,
    host_has_slack,
    is_server_full,
    list_resources,
    mostly_wait,
    notable_other_cpus,
    own_will,
    queues,
)
from loadstone.analyse.rules.wording import describe
from loadstone.results.signals import Signals
from loadstone.results.verdicts import Judgement
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.suite.verdict import Verdict

Rule = Callable[[Signals, Thresholds], bool]

EXPLAINS_CONTRADICTIONS: dict[Verdict, Rule] = {
    Verdict.ACCEPT_QUEUE: connections.accept_queue,
    Verdict.NEIGHBOUR: machine.neighbour,
    Verdict.UNEVEN_CONNECTIONS: connections.uneven_connections,
    Verdict.PAUSES: soundness.pauses,
}
"""What makes figures look invalid: users who are never served, a step or a rhythm in the window."""

FULL: dict[Verdict, Rule] = {
    Verdict.GENERATOR: machine.generator,
    Verdict.SERVER_CPU: machine.server_cpu,
    Verdict.SHARED_HOST: machine.shared_host,
    Verdict.NETWORK: connections.network,
}
"""Resources that are full. Several can be at the same time."""

WAITING: dict[Verdict, Rule] = {
    Verdict.ACCEPT_QUEUE: connections.accept_queue,
    Verdict.UNEVEN_CONNECTIONS: lambda s, limits: (
        connections.unserved_users(s, limits) or connections.waits_beside_free_slots(s, limits)
    ),
    Verdict.RATE_LIMITER: blocking.rate_limiter,
    Verdict.PAUSES: soundness.pauses,
    Verdict.DISK: blocking.disk,
    Verdict.LOCK: blocking.lock,
    Verdict.POOL: blocking.pool,
    Verdict.DOWNSTREAM: blocking.downstream,
    Verdict.SERVER_CONCURRENCY: blocking.server_concurrency,
}
"""Why requests wait while CPUs are free: the first that holds counts."""

BESIDE_THE_LOAD = (
    *(Verdict.PAUSES, Verdict.UNEVEN_CONNECTIONS, Verdict.DOWNSTREAM, Verdict.DISK),
    *(Verdict.LOCK, Verdict.POOL, Verdict.RATE_LIMITER),
)
"""Verdicts that explain a response time rather than a rate, if the load's own pace explains the rate: users who mostly
wait of their own will hardly notice, and where users are too few, they say what the users wait for."""


def judge(s: Signals, limits: Thresholds = DEFAULTS) -> Judgement:
    """Apply all rules, in their order."""
    verdict, parties = _decide(s, limits)
    rivals = [each for each in list_resources(s, limits) if each.verdict not in parties]
    nearest = max(rivals, key=lambda each: each.value / each.limit, default=None)
    waiting = (Verdict.LOCK, Verdict.POOL, Verdict.SERVER_CONCURRENCY)
    return Judgement(
        verdict=verdict,
        parties=tuple(parties),
        also=parties[1] if len(parties) > 1 else None,
        evidence=tuple(list_figures(s, limits)),
        runner_up=f"{nearest.verdict} ({nearest.signal} = {nearest.value:.3g})" if nearest else None,
        remark=_remark(s, limits, verdict),
        probe=advise(s, verdict, limits),
        sentence=describe(s, verdict, parties, limits),
        places=find_places(s, limits),
        proceeding=blocking.count_proceeding(s, limits) if verdict in waiting else None,
        missing=tuple(s.missing),
    )


Decision = tuple[Verdict, Sequence[Verdict]]
"""A verdict and its parties."""


def _decide(s: Signals, limits: Thresholds) -> Decision:
    return _if_unusable(s, limits) or _if_bound(s, limits) or _if_open(s, limits)


def _if_unusable(s: Signals, limits: Thresholds) -> Decision | None:
    """Decide on figures that can't be used, or that look so."""
    if soundness.errors(s, limits):
        return _alone(Verdict.RATE_LIMITER) if blocking.refuses_beyond_a_rate(s) else (Verdict.ERRORS, ())
    if soundness.invalid(s, limits):
        explained = (name for name, rule in EXPLAINS_CONTRADICTIONS.items() if rule(s, limits))
        first = next(explained, None)
        return (Verdict.INVALID, ()) if first is None else _alone(first)
    return _alone(Verdict.NEIGHBOUR) if machine.neighbour(s, limits) else None


def _if_bound(s: Signals, limits: Thresholds) -> Decision | None:
    """Decide where something is full, or where requests wait for a known reason."""
    if connections.one_process_has_all(s, limits):
        return Verdict.UNEVEN_CONNECTIONS, (Verdict.UNEVEN_CONNECTIONS, Verdict.SERVER_CPU)
    candidates = [each for each in _candidates(s, limits) if each not in BESIDE_THE_LOAD or _load_is_known(s)]
    if candidates and load.paces_itself(s, limits):
        candidates = _beside_the_load(s, candidates)
    if len(candidates) > 1:
        return Verdict.MIXED, candidates
    return _alone(candidates[0]) if candidates else None


def _if_open(s: Signals, limits: Thresholds) -> Decision:
    """Decide where nothing is full: the load asks for no more, or all else is eliminated, or it stays open."""
    if load.asks_for_no_more(s, limits) or _hardly_notices_others(s, limits):
        return _alone(own_will(s))
    if load.is_overload(s) and load.all_are_too_few(s, limits):
        return _alone(Verdict.TOO_FEW_USERS)
    if load.is_overload(s) and queues(s, limits) and _is_eliminated(s, limits):
        return _alone(Verdict.SERVER_OR_BEHIND)
    return Verdict.UNDETERMINED, ()


def _alone(verdict: Verdict) -> Decision:
    return verdict, (verdict,)


def _candidates(s: Signals, limits: Thresholds) -> Iterator[Verdict]:
    """List the resources that are full, and the first reason for which requests wait while CPUs are free."""
    yield from (name for name, rule in FULL.items() if rule(s, limits))
    waiting = next((name for name, rule in WAITING.items() if rule(s, limits)), None)
    if waiting is None and connections.uneven_connections(s, limits):
        waiting = Verdict.UNEVEN_CONNECTIONS
    if waiting is not None:
        yield waiting


def _load_is_known(s: Signals) -> bool:
    """Whether it is known if users mostly wait of their own will: by the unloaded pace, or as they wait for answers."""
    return s.unloaded_response_s is not None or (s.think_s is not None and s.think_s < s.response_s)


def _beside_the_load(s: Signals, candidates: Sequence[Verdict]) -> list[Verdict]:
    """Weigh candidates against a load that sets the rate by itself."""
    own = own_will(s)
    others = [each for each in candidates if each not in BESIDE_THE_LOAD]
    if others:
        return [*others, own]
    return list(candidates) if own == Verdict.TOO_FEW_USERS else [own]


def _hardly_notices_others(s: Signals, limits: Thresholds) -> bool:
    """Whether users mostly wait of their own will, on a machine that others fill."""
    is_server = at_least(s.server, limits.saturated) or at_least(s.slots, limits.saturated)
    crowded = notable_other_cpus(s) is not None and mostly_wait(s) and not is_server
    return crowded and load.paces_itself(s, limits)


def _is_eliminated(s: Signals, limits: Thresholds) -> bool:
    """Whether all is known to have slack but the server and what it waits for."""
    return generator_has_slack(s, limits) and host_has_slack(s, limits) and not is_server_full(s, limits)


def _remark(s: Signals, limits: Thresholds, verdict: Verdict) -> str | None:
    remarks = [_remark_on(s, limits, verdict)]
    if s.in_parallel:
        remarks.append(f"users send requests in parallel, so {NO_THINK_TIME}")
    if s.of_unknown_users and s.think_s is None:
        remarks.append(f"the users of some requests are unknown, so {NO_THINK_TIME}")
    return "; ".join(remark for remark in remarks if remark) or None


def _remark_on(s: Signals, limits: Thresholds, verdict: Verdict) -> str | None:
    if verdict in (Verdict.THINK_TIME, Verdict.TOO_FEW_USERS, Verdict.ARRIVAL_RATE):
        utilisations = (s.server, s.slots, s.generator, s.ceiling, s.min_host, s.link)
        return "near the knee" if any(at_least(value, limits.slack) for value in utilisations) else None
    if verdict == Verdict.UNDETERMINED:
        if near := _nearly_full(s, limits):
            return "nearly full: " + ", ".join(near)
        if at_least(s.slowdown, limits.slowed):
            return (
                f"an unobserved resource: responses take at least {limits.slowed:g} times as long as without load, and "
                "no measured resource is near its limit"
            )
    if verdict == Verdict.INVALID:
        return "the run never settled" if soundness.never_settled(s) else f"X·(R+Z)/N = {s.consistency or 0.0:.3g}"
    return None


def _nearly_full(s: Signals, limits: Thresholds) -> list[str]:
    """Name the resources without slack: close to their limit, or at it where another signal rules them out."""
    return [
        f"{each.verdict} ({each.signal} = {each.value:.2g})"
        for each in list_resources(s, limits)
        if each.signal != "u_think" and each.value >= limits.slack
    ]
