"""Which rate to try next, and what came of a search, by bracketing and bisection on a logarithmic scale.

From the lowest rate, doubled until the objective is missed, then halved in between until the bracket is as narrow as
wanted. Pure: `loadstone.search.stage` measures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from loadstone.results.search import Probe, SearchResult
from loadstone.results.signals import Signals
from loadstone.results.tables import MAX_LATE_SHARE
from loadstone.results.verdicts import Judgement
from loadstone.suite.capacity import OBJECTIVE_METRICS, Search, parse_objective
from loadstone.suite.thresholds import DEFAULTS
from loadstone.suite.verdict import SERVER_VERDICTS, Verdict
from loadstone.summarise.starts import Starts
from loadstone.text import figure
from loadstone.theory.overload import falls_short

MAX_FAILED_SHARE = 0.01
"""Share of failed requests above which no objective is met."""

MAX_PROBES = 40

ALL_USERS = 0.95
"""Share of the users that wait for responses, on average, from which no user is free for another request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured of a step beside its requests."""

    signals: Signals
    judgement: Judgement | None = None
    """What limited its throughput, if that was judged."""
    calm_ms: float | None = None
    """Mean time from sending to the response at the lowest rate that met the objective, if there was one."""


def judge_probe(
    search: Search,
    rate: float,
    row: dict[str, float],
    folder: str,
    starts: Starts | None = None,
    seconds: float = 0.0,
    measured: Measured | None = None,
) -> Probe:
    """Judge a rate by the row of endpoints.csv that takes all endpoints together, and by the intended starts.

    The window has `seconds`. Without `starts`, each request counts as having had an intended start in it. `measured`
    shows why requests were sent late; without it, that is not stated.
    """
    objective = parse_objective(search.slo)
    value = row[OBJECTIVE_METRICS[objective.metric]]
    requests = int(row["requests"])
    starts, wanted = (starts, rate * seconds) if starts else (Starts(requests, requests), 0.0)
    late, failures = starts.late_share(row["late"]), row["failures"] / requests if requests else 0.0
    known = not math.isnan(value)
    why = None
    if late > MAX_LATE_SHARE:
        which = "requests" if starts.kept == requests else "requests with an intended start"
        why = f"{100 * late:.0f} % of {which} were sent late"
        if measured is not None:
            answered = row["throughput_rps"] if starts.kept == requests else starts.kept / seconds
            why += f": {_why_late(rate, answered, starts.kept, measured)}"
    elif starts.are_too_few(wanted):
        why = f"{starts.due / seconds:.3g} of {rate:g} intended starts per second had a request"
    elif failures > MAX_FAILED_SHARE:
        why = f"{100 * failures:.0f} % of requests failed"
    elif not known or value >= objective.limit_ms:
        why = f"{objective.metric} was {value:.3g} ms"
    return Probe(
        rate=rate,
        value_ms=value if known else None,
        throughput_rps=row["throughput_rps"],
        service_ms=None if math.isnan(row["service_ms"]) else row["service_ms"],
        late=late,
        scheduled=None if starts.kept == requests else starts.kept,
        failures=failures,
        met=why is None,
        why=why,
        folder=folder,
        generator=measured.signals.generator if measured else None,
        verdict=measured.judgement.verdict if measured and measured.judgement else None,
        sentence=measured.judgement.sentence if measured and measured.judgement else "",
    )


def _why_late(rate: float, answered: float, requests: int, measured: Measured) -> str:
    """State what made requests late: the generator only by its own figures, the server only if nothing else can be.

    `answered` are the requests/s with an intended start that were answered, of the `rate` that was asked for, and
    `requests` is their number. In an open load, a user sends one request at a time, so requests are also late if all
    users wait for responses.
    """
    s = measured.signals
    if full := _full_elsewhere(s):
        return full
    busy = (s.generator or 0.0) + (s.generator_waited or 0.0)
    is_near = busy >= DEFAULTS.slack
    near = f" (the load generator was nearly full: it used or waited for {figure(busy)} CPUs)" * is_near
    if not falls_short(rate, answered, requests):
        return f"at times, all {s.users:g} users waited for responses{near}"
    if s.in_progress < ALL_USERS * s.users or is_near:
        return f"only {figure(answered)} of {rate:g} requests/s were answered{near}"
    calm = measured.calm_ms
    if calm is not None and 1000 * s.response_s < DEFAULTS.slowed * calm:
        return f"all {s.users:g} users waited for responses as quick as at lower rates, so load.users is too small"
    unsure = f", as far as {s.users:g} users can show" * (calm is None)
    return (
        f"the server, or what it waits for, carries only {figure(answered)} of the {rate:g} requests/s asked for, so "
        f"that the backlog grows by {figure(rate - answered)} requests per second"
        f"{unsure}{_named_cause(measured.judgement)}"
    )


def _full_elsewhere(s: Signals) -> str | None:
    """State whether the generator or the machine was at its limit, or may have been; None if neither."""
    for name, value in (("u_gen", s.generator), ("X/ceiling", s.ceiling)):
        if value is not None and value >= DEFAULTS.saturated:
            return f"the load generator was at its limit ({name} = {figure(value)})"
    if s.generator is None:
        return "whether the load generator was at its limit is unknown"
    if s.min_host is not None and s.min_host >= DEFAULTS.saturated:
        return f"all CPUs of the machine were busy (u_host = {figure(s.min_host)})"
    return None


def _named_cause(judgement: Judgement | None) -> str:
    named = {*SERVER_VERDICTS} - {Verdict.SERVER_OR_BEHIND}
    causes = [party for party in judgement.parties if party in named] if judgement else []
    return f" ({' and '.join(causes)})" if causes else ""


def calm_ms(probes: Sequence[Probe]) -> float | None:
    """Return the mean time from sending to the response at the lowest rate that met the objective; None without one."""
    met = [probe for probe in probes if probe.met]
    return min(met, key=lambda probe: probe.rate).service_ms if met else None


def bracket(probes: Sequence[Probe]) -> tuple[float | None, float | None]:
    """Highest rate that met the objective below the lowest that missed it; either may not be known yet."""
    missed = min((probe.rate for probe in probes if not probe.met), default=None)
    met = max((probe.rate for probe in probes if probe.met and (missed is None or probe.rate < missed)), default=None)
    return met, missed


def next_rate(search: Search, probes: Sequence[Probe]) -> float | None:
    """Choose the rate to try next; None when the bracket is narrow enough, or nothing is left to try."""
    low, high = search.rates
    met, missed = bracket(probes)
    if len(probes) >= MAX_PROBES:
        return None
    if met is None:
        return low if missed is None else None  # missed at the lowest rate already
    if missed is None:
        return None if met >= high else _rounded(min(high, 2 * met))
    if missed <= met * (1 + search.within):
        return None
    between = _rounded(math.sqrt(met * missed))
    return between if met < between < missed else None


def _rounded(rate: float) -> float:
    return float(f"{rate:.4g}")


def conclude(search: Search, probes: Sequence[Probe]) -> SearchResult:
    """Sum up a search that is over."""
    met, missed = bracket(probes)
    by = next((probe.why for probe in probes if probe.rate == missed and probe.why), None)
    if met is None:
        sentence = f"{search.slo} is missed at the lowest rate already, {search.rates[0]:g}/s: {by}"
    elif missed is None:
        sentence = f"{search.slo} holds up to the highest rate that was tried, {met:g}/s"
    else:
        sentence = f"{search.slo} holds up to {met:g}/s; at {missed:g}/s it does not: {by}"
    return SearchResult(slo=search.slo, met_at=met, missed_at=missed, sentence=sentence, probes=tuple(probes))
