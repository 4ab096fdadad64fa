"""Searches for the highest arrival rate at which a server meets an objective: what a suite can ask for."""

import math
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from loadstone.suite.settings import Settings
from loadstone.suite.types import Model, parse_duration

METRICS = {"mean": "mean_ms", "p50": "p50_ms", "p90": "p90_ms", "p95": "p95_ms", "p99": "p99_ms", "p99.9": "p99_9_ms"}
"""Metric of an objective → column of endpoints.csv."""


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
