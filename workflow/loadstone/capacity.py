"""The highest arrival rate at which a server meets its objective: which rate to try next, and what came out.

By bracketing and bisection on a logarithmic scale: from the lowest rate, doubled until the objective is missed, then
halved in between until the bracket is as narrow as wanted. Pure: `loadstone.searching` measures.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationError

from loadstone.conditions import Settings
from loadstone.errors import DamagedError, ResultError
from loadstone.values import FolderName, Model, parse_duration

METRICS = {"mean": "mean_ms", "p50": "p50_ms", "p90": "p90_ms", "p95": "p95_ms", "p99": "p99_ms", "p99.9": "p99_9_ms"}
"""Metric of an objective → column of endpoints.csv."""

MOST_FAILED = 0.01
"""Share of failed requests above which no objective is met."""

MOST_LATE = 0.05
"""Share of requests sent later than intended above which it was the generator that missed the rate."""

MOST_PROBES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A bound on a response time."""

    metric: str
    limit_ms: float


def parse_objective(text: str) -> Objective:
    """Read `p95 < 50ms`. Raises ValueError for anything else."""
    found = re.fullmatch(r"\s*(\S+)\s*<\s*(\S+)\s*", text)
    if found is None or found[1] not in METRICS:
        raise ValueError(f"a bound such as p95 < 50ms, on one of {', '.join(METRICS)}")
    limit_s = parse_duration(found[2])
    if limit_s <= 0:
        raise ValueError("a bound above 0")
    return Objective(metric=found[1], limit_ms=1000 * limit_s)


def _check(text: str) -> str:
    parse_objective(text)
    return text


Slo = Annotated[str, AfterValidator(_check)]


class Search(Model):
    """A search as it is to be made."""

    settings: Settings
    """Of each probe, but for the rate."""
    slo: Slo
    rates: tuple[float, float]
    """Lowest and highest rate, requests/s."""
    within: float
    """Width of the final bracket, relative to its lower end."""

    @property
    def expected_probes(self) -> int:
        """Probes that it takes, if the rate lies in the middle."""
        low, high = self.rates
        return 1 + math.ceil(math.log2(high / low) / 2) + math.ceil(math.log2(math.log(2) / math.log1p(self.within)))

    @property
    def expected_s(self) -> float:
        """Wall-clock seconds, likewise."""
        return self.expected_probes * self.settings.expected_s


class Probe(Model):
    """One rate that was tried."""

    rate: float
    """Arrivals a second."""
    value_ms: float | None
    """The objective's metric, from the intended start; None where nothing succeeded."""
    throughput_rps: float
    service_ms: float | None
    """Mean from sending."""
    late: float
    """Share of requests sent later than intended."""
    failures: float
    """Share of failed requests."""
    met: bool
    why: str | None
    """Why it was not met."""
    folder: FolderName
    """Where the run is kept, beside `search.json`."""


class Found(Model):
    """What a search came to."""

    slo: str
    met_at: float | None
    """Highest rate at which the objective was met, below all at which it was not."""
    missed_at: float | None
    """Lowest rate at which it was not."""
    sentence: str
    probes: tuple[Probe, ...]
    """In the order in which they were made."""


def judge_probe(search: Search, rate: float, row: dict[str, float], folder: str) -> Probe:
    """Judge a rate by the row of endpoints.csv that takes all endpoints together."""
    objective = parse_objective(search.slo)
    value = row[METRICS[objective.metric]]
    late, failures = row["late"] / row["requests"], row["failures"] / row["requests"]
    known = not math.isnan(value)
    why = None
    if late > MOST_LATE:
        why = f"generator: {100 * late:.0f} % of requests were sent late"
    elif failures > MOST_FAILED:
        why = f"{100 * failures:.0f} % of requests failed"
    elif not known or value >= objective.limit_ms:
        why = f"{objective.metric} was {value:.3g} ms"
    return Probe(
        rate=rate,
        value_ms=value if known else None,
        throughput_rps=row["throughput_rps"],
        service_ms=None if math.isnan(row["service_ms"]) else row["service_ms"],
        late=late,
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
    if len(probes) >= MOST_PROBES:
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


def conclude(search: Search, probes: Sequence[Probe]) -> Found:
    """Sum up a search that is over."""
    met, missed = bracket(probes)
    by = next((probe.why for probe in probes if probe.rate == missed and probe.why), None)
    if met is None:
        sentence = f"{search.slo} is missed at the lowest rate already, {search.rates[0]:g}/s: {by}"
    elif missed is None:
        sentence = f"{search.slo} holds up to the highest rate that was tried, {met:g}/s"
    else:
        sentence = f"{search.slo} holds up to {met:g}/s; at {missed:g}/s it doesn't: {by}"
    return Found(slo=search.slo, met_at=met, missed_at=missed, sentence=sentence, probes=tuple(probes))


def read_search(path: Path) -> Found:
    """Read `search.json`. Raises `ResultError` where it is missing or damaged."""
    try:
        return Found.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: can't be read: {error.strerror}") from None
    except ValidationError as error:
        raise DamagedError(f"{path}: damaged: {error.errors()[0]['msg']}", path) from None
