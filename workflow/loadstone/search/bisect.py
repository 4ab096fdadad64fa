"""Which rate to try next, and what came of a search, by bracketing and bisection on a logarithmic scale.

From the lowest rate, doubled until the objective is missed, then halved in between until the bracket is as narrow as
wanted. Pure: `loadstone.search.stage` measures.
"""

import math
from collections.abc import Sequence

from loadstone.results.search import Probe, SearchResult
from loadstone.results.tables import MAX_LATE_SHARE
from loadstone.suite.capacity import OBJECTIVE_METRICS, Search, parse_objective
from loadstone.summarise.starts import Starts

MAX_FAILED_SHARE = 0.01
"""Share of failed requests above which no objective is met."""

MAX_PROBES = 40


def judge_probe(
    search: Search,
    rate: float,
    row: dict[str, float],
    folder: str,
    starts: Starts | None = None,
    seconds: float = 0.0,
) -> Probe:
    """Judge a rate by the row of endpoints.csv that takes all endpoints together, and by the intended starts.

    The window has `seconds`. Without `starts`, each request counts as having had an intended start in it.
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
        why = f"generator: {100 * late:.0f} % of {which} were sent late"
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
    )


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
