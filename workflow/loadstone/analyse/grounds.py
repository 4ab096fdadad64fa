"""Whether a sweep has grounds for a scaling law, and whose law it would be: a fit without grounds is not made.

Data that do not change at all are a perfect Amdahl curve, so a good fit proves nothing. A law says something about the
party that was swept only where that party limited throughput and every other party had slack.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.suite.verdict import OPEN_VERDICTS, Verdict
from loadstone.text import figure, several
from loadstone.theory import caveats, operational
from loadstone.theory.fitting import MIN_LEVELS
from loadstone.theory.scaling import Fit

MIN_REPEATS = 3
"""Runs of a level below which its scatter, and so a lack of fit, can't be estimated."""
SERVER, GENERATOR = "server", "generator"
PARTIES = {"server.workers": SERVER, "server.threads": SERVER, "load.workers": GENERATOR}
"""Factor → the party whose law a sweep of it can show."""
OWN = {
    SERVER: {Verdict.SERVER_CPU, Verdict.SERVER_CONCURRENCY, Verdict.SERIAL_SECTION, Verdict.LOCK},
    GENERATOR: {Verdict.GENERATOR},
}
"""Party → its verdicts, and its utilisations by the same names."""
REMEDIES = {
    Verdict.GENERATOR: "a generator with CPU left is needed: more Locust workers, or a client that costs less",
    Verdict.SERVER_CPU: "a server with CPU left is needed: more workers on more CPUs",
    Verdict.SERIAL_SECTION: "a server without that serial section is needed",
    Verdict.SHARED_HOST: "CPUs of their own are needed for server and generator: two machines, or one with more CPUs",
    Verdict.SERVER_CONCURRENCY: "a server with slots left is needed: more workers or threads",
    Verdict.NETWORK: "a faster link is needed",
    Verdict.LOCK: "a server without that lock is needed",
    Verdict.POOL: "a larger pool in the server is needed",
    Verdict.DOWNSTREAM: "a faster service behind the server is needed",
    Verdict.DISK: "a faster disk is needed",
    Verdict.RATE_LIMITER: "a server without that rate limiter is needed",
    Verdict.ACCEPT_QUEUE: "a longer accept queue is needed",
    Verdict.UNEVEN_CONNECTIONS: "connections spread evenly over the server's processes are needed",
    Verdict.PAUSES: "a server without these pauses is needed",
    Verdict.SERVER_OR_BEHIND: "what the server waits for has to be found first: see its probes",
}
"""The other party that was the ceiling → what a fit would need. Where the load sets the rate, that is more users."""
EVERY = "every level"
_OF_USERS = {Verdict.THINK_TIME, Verdict.TOO_FEW_USERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFacts:
    """What was measured at one level of a sweep."""

    value: float
    """Of the factor."""
    experiment: str
    throughput: tuple[float, ...]
    """X, requests/s, one per run."""
    verdict: Verdict
    """What limited the experiment."""
    utilisations: Mapping[Verdict, float]
    """Limit → mean over the runs of its highest utilisation. What was not measured is absent."""
    users: float
    """N."""
    think_s: float
    """Z, mean think time as measured, seconds; NaN where it is unknown."""
    unloaded_response_s: float | None
    """R₀, mean response time with one user, seconds."""
    server_demand_s: float | None
    """CPU seconds of the server per request."""
    generator_demand_s: float | None
    """CPU seconds of the generator per request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Which levels a law may be fitted to, or why to none."""

    party: str | None
    """Whose law it would be, `server` or `generator`; None where the factor is neither's number."""
    used: tuple[LevelFacts, ...]
    """Levels limited by the party, all others having slack, by ascending value."""
    left_out: tuple[tuple[LevelFacts, str], ...]
    """The other levels, each with the reason, by ascending value."""
    reason: str | None
    """Why no law may be fitted: the ceiling with its figures, and what a fit would need. None where a law may."""
    indicative: bool
    """Fewer levels or repeats than a firm fit has."""


def find_grounds(vary: str, levels: Sequence[LevelFacts], limits: Thresholds = DEFAULTS) -> Grounds:
    """Find the levels of a sweep over `vary` that a scaling law may be fitted to."""
    party = PARTIES.get(vary)
    if party is None:
        return Grounds(party=None, used=(), left_out=(), reason=_no_capacity(vary), indicative=True)
    judged = [(level, _obstacle(level, party, limits)) for level in sorted(levels, key=lambda level: level.value)]
    used = tuple(level for level, why in judged if why is None)
    left_out = tuple((level, why) for level, why in judged if why is not None)
    enough = _count(used) >= MIN_LEVELS
    return Grounds(
        party=party,
        used=used,
        left_out=left_out,
        reason=None if enough else _reason(vary, used, left_out, limits),
        indicative=_count(used) < caveats.FIRM_LEVELS
        or min(len(level.throughput) for level in used) < caveats.FIRM_REPEATS,
    )


def withdrawn(fit: Fit) -> str | None:
    """Explain why a fit is withdrawn: the law misses the levels by more than runs scatter; None where it is not."""
    misfit = caveats.misfit(fit)
    return f"withdrawn for {misfit}" if misfit else None


def _no_capacity(vary: str) -> str:
    if vary == "load.users":
        return (
            "no scaling law is about load.users: users are demand, not capacity; "
            "the page shows asymptotes and the queueing prediction instead"
        )
    return f"no scaling law is about {vary}: it is no number of workers or threads"


def _count(levels: Sequence[LevelFacts]) -> int:
    return len({level.value for level in levels})


def _obstacle(level: LevelFacts, party: str, limits: Thresholds) -> str | None:
    """Explain in a short phrase why a level can't be used; None where it can.

    *Several limits* is never the party's own: it may hide runs that failed, or a generator behind its schedule.
    """
    ceiling = _ceiling(level, party, limits)
    if ceiling is not None:
        figure = f" at {level.utilisations[ceiling]:.2f}" if ceiling in level.utilisations else ""
        return f"{ceiling.as_limit if level.verdict == ceiling else ceiling}{figure}"
    if level.verdict not in OWN[party]:
        return str(level.verdict)
    if party == SERVER and Verdict.SHARED_HOST not in level.utilisations:
        return f"{Verdict.SHARED_HOST} not measured"
    runs = len(level.throughput)
    if runs < MIN_REPEATS:
        return f"{several(runs, 'run')} of at least {MIN_REPEATS}"
    return None if all(x > 0 for x in level.throughput) else "a run without throughput"


def _ceiling(level: LevelFacts, party: str, limits: Thresholds) -> Verdict | None:
    """Name the other party that limited a level, or could have: the verdict's, else the highest that has no slack."""
    if not level.verdict.is_sound:
        return None
    if level.verdict not in (*OPEN_VERDICTS, *OWN[party]):
        return level.verdict
    others = {name: share for name, share in level.utilisations.items() if name not in OWN[party]}
    full = [name for name, share in others.items() if not share < limits.slack]  # what is not a number has none either
    return max(full, key=others.__getitem__, default=None)


def _reason(
    vary: str, used: Sequence[LevelFacts], left_out: Sequence[tuple[LevelFacts, str]], limits: Thresholds
) -> str:
    """Explain why there are too few levels: the ceilings that the points coincide with, and what a fit would need."""
    levels = sorted([*used, *(level for level, _ in left_out)], key=lambda level: level.value)
    by_ceiling: dict[Verdict, list[LevelFacts]] = {}
    by_phrase: dict[str, list[LevelFacts]] = {}
    for level, why in left_out:
        ceiling = _ceiling(level, PARTIES[vary], limits)
        if ceiling is None:
            by_phrase.setdefault(why, []).append(level)
        else:
            by_ceiling.setdefault(ceiling, []).append(level)
    usable = f"{_count(used)} of {several(_count(levels), 'level')} can be used"
    clauses = [] if left_out and not used else [f"{usable}, {MIN_LEVELS} are needed"]
    clauses += [_coincidence(ceiling, affected, _named(affected, levels)) for ceiling, affected in by_ceiling.items()]
    clauses += [f"{_named(affected, levels)}: {why}" for why, affected in by_phrase.items()]
    clauses += [REMEDIES[ceiling] for ceiling in by_ceiling if ceiling in REMEDIES]
    clauses += [_users_needed(vary, levels)] if by_ceiling.keys() & _OF_USERS else []
    return "; ".join(clauses)


def _named(some: Sequence[LevelFacts], levels: Sequence[LevelFacts]) -> str:
    if len(some) == len(levels):
        return EVERY
    *rest, last = (f"{level.value:g}" for level in some)
    return f"levels {', '.join(rest)} and {last}" if rest else f"level {last}"


def _coincidence(ceiling: Verdict, levels: Sequence[LevelFacts], which: str) -> str:
    """Compare measured throughput with what the ceiling allows, both in requests/s."""
    certain = "were" if len(levels) > 1 and which != EVERY else "was"
    verb = certain if all(level.verdict == ceiling for level in levels) else "may have been"
    clause = f"{which} {verb} {ceiling.as_limit}"
    measured = [x for level in levels for x in level.throughput]
    if ceiling in _OF_USERS:
        known = all(level.unloaded_response_s is not None for level in levels)
        label = "N/(R₀ + Z)" if known else "N/Z"
        cycles = [level.think_s + (level.unloaded_response_s or 0.0) * known for level in levels]
        allowed = [level.users / cycle_s for level, cycle_s in zip(levels, cycles, strict=True) if cycle_s > 0]
    else:
        label = "its capacity X/u"
        shares = [(level.throughput, level.utilisations.get(ceiling)) for level in levels]
        allowed = [fmean(throughput) / share for throughput, share in shares if throughput and share]
    if not allowed or not measured:
        return clause
    return f"{clause}: {label} = {_span(allowed)} requests/s, {_span(measured)} measured"


def _users_needed(vary: str, levels: Sequence[LevelFacts]) -> str:
    """State how many users would saturate all workers of the highest level, or each worker where threads were swept."""
    party, threads = PARTIES[vary], vary == "server.threads"
    workers, present = 1 if threads else math.ceil(levels[-1].value), max(level.users for level in levels)
    for level in reversed(levels):
        demand_s = level.server_demand_s if party == SERVER else level.generator_demand_s
        if demand_s and not math.isnan(level.think_s):
            users = operational.users_to_saturate(workers, demand_s, level.think_s)
            count = f"at least {users:,}" if users > present else f"more than {present:,.0f}"
            whom = f"{'each' if threads else workers} worker{'s' * (workers != 1)} of the {party}"
            return f"{count} users would be needed to saturate {whom}"
    return f"how many users would saturate the {party} is unknown without its CPU seconds per request"


def _span(values: Sequence[float]) -> str:
    low, high = figure(min(values)), figure(max(values))
    return low if low == high else f"{low} to {high}"
