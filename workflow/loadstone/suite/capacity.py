"""Searches for a capacity, the highest arrival rate at which a server meets an objective, as a suite describes them."""

import math
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from loadstone.suite.settings import Settings
from loadstone.suite.types import Model, parse_duration

OBJECTIVE_METRICS = {
    "mean": "mean_ms",
    "p50": "p50_ms",
    "p90": "p90_ms",
    "p95": "p95_ms",
    "p99": "p99_ms",
    "p99.9": "p99_9_ms",
}
"""Metric of an objective → column of endpoints.csv."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """An upper bound on a metric of the response time."""

    metric: str
    limit_ms: float


def parse_objective(text: str) -> Objective:
    """Read `p95 < 50ms`. Raises ValueError for anything else."""
    parts = re.fullmatch(r"\s*(\S+)\s*<\s*(\S+)\s*", text)
    if parts is None or parts[1] not in OBJECTIVE_METRICS:
        raise ValueError(f"a bound such as p95 < 50ms, on one of {', '.join(OBJECTIVE_METRICS)}")
    limit_s = parse_duration(parts[2])
    if limit_s <= 0:
        raise ValueError("a bound above 0")
    return Objective(metric=parts[1], limit_ms=1000 * limit_s)


def _check_objective(text: str) -> str:
    parse_objective(text)
    return text


Slo = Annotated[str, AfterValidator(_check_objective)]
"""An objective as written, such as `p95 < 50ms`."""


class Search(Model):
    """A search with every setting filled in."""

    settings: Settings
    """Settings of each probe; the search replaces the arrival rate."""
    slo: Slo
    rates: tuple[float, float]
    """Lowest and highest rate, requests/s."""
    within: float
    """Width of the final bracket, relative to its lower end."""

    @property
    def expected_probes(self) -> int:
        """Number of probes if the capacity lies in the middle of `rates`."""
        low, high = self.rates
        return 1 + math.ceil(math.log2(high / low) / 2) + math.ceil(math.log2(math.log(2) / math.log1p(self.within)))

    @property
    def expected_s(self) -> float:
        """Wall-clock seconds of the expected probes."""
        return self.expected_probes * self.settings.expected_s
