"""The verdict in words: the figures that decided it, and the limits that are nearest."""

from collections.abc import Sequence

from loadstone.analyse.rules.figures import NO_THINK_TIME
from loadstone.analyse.rules.leads import LEADS, cpus
from loadstone.analyse.rules.load import is_overload
from loadstone.analyse.rules.resources import Resource, list_resources, notable_other_cpus
from loadstone.results.signals import Signals
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.text import figure, whole_percent

MAX_NEAREST = 2
"""Limits beside the verdict's own that a sentence names."""
WORTH_NAMING = 0.5
"""Utilisation from which a resource is named."""


def describe(s: Signals, verdict: Verdict, parties: Sequence[Verdict], limits: Thresholds) -> str:
    """Write one or a few sentences: what limited throughput, why, and what is nearest to its limit."""
    if verdict == Verdict.MIXED:
        leads = [_lead(s, party, limits) for party in parties]
        lead = " ".join([f"{len(leads)} limits are reached at the same time.", *leads])
    else:
        lead = _lead(s, verdict, limits)
    parts = [lead, _backlog(s), _caveats(s), _others(s, verdict), _nearest(s, verdict, parties, limits)]
    return " ".join(filter(None, parts))


def _lead(s: Signals, verdict: Verdict, limits: Thresholds) -> str:
    return LEADS[verdict](s, limits)


def _backlog(s: Signals) -> str:
    if not is_overload(s):
        return ""
    return (
        f"Of {figure(s.arrival_rate)} requests/s that the load asks for, {figure(s.throughput)} are carried: the "
        f"backlog grows by {figure(s.backlog_per_s)} requests per second."
    )


def _caveats(s: Signals) -> str:
    if s.in_parallel:
        return f"Users send requests in parallel, so {NO_THINK_TIME}."
    return (
        f"The users of some requests are unknown, so {NO_THINK_TIME}."
        if s.of_unknown_users and s.think_s is None
        else ""
    )


def _others(s: Signals, verdict: Verdict) -> str:
    other = notable_other_cpus(s)
    if other is None or verdict == Verdict.NEIGHBOUR:
        return ""
    return f"Other processes used {cpus(other, s)}."


def _nearest(s: Signals, verdict: Verdict, parties: Sequence[Verdict], limits: Thresholds) -> str:
    own = set(parties) | ({Verdict.SERVER_CPU} if verdict == Verdict.SERVER_CPU else set())
    known = [each for each in list_resources(s, limits) if each.verdict not in own]
    near = sorted((each for each in known if each.value >= WORTH_NAMING), key=lambda each: -each.value / each.limit)
    if not near:
        fullest = max(known, key=lambda each: each.value / each.limit, default=None)
        return f"Nothing else is above half of its limit: {name_use(fullest, limits)}." if fullest else ""
    listed = "; ".join(name_use(each, limits) for each in near[:MAX_NEAREST])
    return f"Nearest to a limit: {listed}." if verdict == Verdict.UNDETERMINED else f"Nearest otherwise: {listed}."


def name_use(resource: Resource, limits: Thresholds) -> str:
    """Write a resource with its use and its degree: the server's CPU, 88 % (nearly full).

    More than all of it is an error of the limit: then no share is written.
    """
    if resource.value > 1:
        return f"{resource.name} (at its limit)"
    if resource.value >= resource.limit:
        degree = " (at its limit)"
    else:
        degree = " (nearly full)" if resource.value >= limits.slack else ""
    return f"{resource.name}, {whole_percent(resource.value)}{degree}"
