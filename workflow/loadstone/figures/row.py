"""What one load test states about itself; a figure that it does not state is None, never 0."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkTimeRange:
    """Think time, uniformly distributed between two bounds in seconds; constant if they are equal."""

    low: float
    high: float

    @property
    def mean(self) -> float:
        """Mean, seconds."""
        return (self.low + self.high) / 2

    @property
    def variance(self) -> float:
        """Variance, seconds²."""
        return (self.high - self.low) ** 2 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTestRow:
    """One test. Each rounding is half a unit of the last digit printed: the true figure is that close at least."""

    label: str
    users: float | None = None
    """Concurrent users, connections or threads that sent requests."""
    think: ThinkTimeRange | None = None
    ramp_s: float | None = None
    """Time in which users were started, seconds."""
    requests: float | None = None
    """Requests that ended, failed ones included."""
    requests_rounding: float = 0.0
    """More than 0.5 where the number is abbreviated, as 72k."""
    failures: float | None = None
    """Requests that failed."""
    stated_failed_share: float | None = None
    """Failures over requests, where the source states the share."""
    duration_s: float | None = None
    duration_rounding_s: float = 0.0
    rps: float | None = None
    """Requests/s as printed."""
    rps_rounding: float = 0.0
    mean_s: float | None = None
    """Mean response time, seconds."""
    mean_rounding_s: float = 0.0
    quantiles_s: Mapping[float, float] = field(default_factory=dict)
    """Share of requests → response time in seconds that so many did not exceed; 0.5 is the median."""
    max_s: float | None = None
    """Longest response time, seconds."""
    factors: dict[str, str] = field(default_factory=dict)
    """Columns that state what was varied: name → value."""
    window: bool = False
    """Whether a tool summarised one run of its own: the start and the unfinished last requests are part of it."""
    source: str = ""
    """Where the row is from: a line of a table, or a part of a file."""

    @property
    def throughput(self) -> float | None:
        """Requests/s as printed, else requests over duration."""
        if self.rps is not None:
            return self.rps
        return self.requests / self.duration_s if self.requests is not None and self.duration_s else None

    @property
    def failed_share(self) -> float | None:
        """Share of requests that failed."""
        if self.failures is not None and self.requests:
            return self.failures / self.requests
        return self.stated_failed_share

    @property
    def goodput(self) -> float | None:
        """Requests/s that succeeded."""
        if self.throughput is None or self.failed_share is None:
            return None
        return self.throughput * (1 - self.failed_share)

    @property
    def implied_s(self) -> float | None:
        """Seconds that the requests take at the printed rate."""
        return self.requests / self.rps if self.requests is not None and self.rps else None
