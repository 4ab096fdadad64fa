"""What the figures of a whole run can be, if a stated number of users made it.

In a closed system in steady state, X·(R + Z) = N (Little 1961; the interactive response time law, Lazowska, Zahorjan,
Graham & Sevcik, Quantitative System Performance, 1984, section 3.2). Figures that were printed describe a whole run
instead. It has a ramp-up, an end that cuts requests off, random pauses, and figures that are rounded. In user-seconds:

- C requests account for C·(R + Z) of them.
- N users who are started evenly within r seconds are active for N·(T - r/2) of them in a run of T seconds.
- A user who starts with a request, or is watched from some moment on, completes at most one cycle more than fits:
  C·(R + Z) ≤ N·(T + R + Z).
- A user can lose a pause before the first request, and a pause and a request that the end cuts off. What it cuts off is
  longer than the mean: at most the longest response, or, if that is not known, as long as the last of N exponential
  ones, which takes R·H(N) < R·(1 + ln N) on average (Feller, An Introduction to Probability Theory and Its
  Applications, volume II, section I.6); and one response may be an outlier.
- Where the number of requests is fixed, users who find none left wait for the slowest. Without the longest response,
  `SLOWEST` times as much is allowed for: simulated responses with a coefficient of variation of 1.8 need it.

Between these limits a run is sound. Times are in seconds, rates in requests/s.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

USUAL_RAMP_SHARE = 1 / 6
"""Longest ramp-up, as a share of the run, that is taken for granted where none is stated: 10 seconds of a minute."""

LEAST_SECONDS = 10.0
"""Length of a run that is taken for granted where none is stated."""

TOO_MANY, TOO_FEW = 1.05, 0.98
"""Factors on the limits: tools leave their own time between requests out, and round."""

DEVIATIONS = 3.0
"""Standard errors by which the mean of random pauses may differ from the expected one."""

SLOWEST = 6.0
"""Slowest response of a run with a fixed number of requests, over that of exponential responses."""

OUTLIER = 25.0
"""Length of one response that the end may cut off, over the mean: the 99.9th percentile of such skewed responses."""

CLOCK_S = 1.0
"""Resolution of the clock by which a tool computes its rate: Locust's is a second."""

LONGEST_CLOCK_SHARE = 0.2
"""Share of a run by which a tool's own clock may be short of it."""

QUANTILE_ROUNDING = 0.05
"""Relative error of printed quantiles: some tools print two digits, or the bound of a bucket."""


LARGEST_ROUNDING = 0.05
"""Largest relative error of a number of requests that may be rounded."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a figure lies."""

    low: float
    high: float

    @classmethod
    def around(cls, value: float, rounding: float) -> "Span":
        """Return what a printed figure can stand for; never below 0."""
        return cls(max(0.0, value - rounding), value + rounding)


class Account(StrEnum):
    """Whether a row's figures account for the users that it states."""

    UNKNOWN = "unknown"
    """Too little is stated."""
    ALL = "all"
    """The figures fit that number of users."""
    FEWER = "fewer"
    """They fit a smaller number."""
    IMPOSSIBLE = "impossible"
    """So many users cannot make them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedRun:
    """A run of so many users, as far as its figures are stated."""

    users: float
    throughput: Span
    response_s: Span
    """Mean response time: 0 to infinity if nothing is known of it."""
    think_s: Span
    """Mean think time, as `mean_think` gives it: 0 to infinity if it is not known."""
    seconds: float | None = None
    ramp_s: float | None = None
    longest_response_s: float | None = None
    fixed_requests: bool = False
    """Whether the run ended after a number of requests, and not after a time."""

    @property
    def accounted(self) -> Span:
        """X·(R + Z), users."""
        low = self.throughput.low * (self.response_s.low + self.think_s.low)
        cycle = self.response_s.high + self.think_s.high
        return Span(low, self.throughput.high * cycle if self.throughput.high > 0 else 0.0)

    @property
    def possible(self) -> Span:
        """Users that the figures of a sound run can account for."""
        seconds = self.seconds if self.seconds else LEAST_SECONDS
        ramp = min(seconds * USUAL_RAMP_SHARE if self.ramp_s is None else self.ramp_s, 2 * seconds)
        shares = (1 - ramp / (2 * seconds) - self._lost_s / seconds, 1 + self._gained_s / seconds)
        return Span(max(0.0, shares[0]) * self.users, shares[1] * self.users)

    @property
    def _gained_s(self) -> float:
        """Seconds of a cycle, as long as the figures that need the fewest users have it."""
        return self.response_s.low + self.think_s.low

    @property
    def _lost_s(self) -> float:
        response = self.response_s.high
        last = self.longest_response_s
        if last is None:
            slowest = (1 + math.log(max(1.0, self.users))) * (SLOWEST if self.fixed_requests else 1.0)
            last = response * (slowest + OUTLIER / max(1.0, self.users))
        return 2 * self.think_s.high + response + last

    def judge(self) -> Account:
        """Compare the users that the figures account for with those that a sound run of them can account for."""
        accounted, possible = self.accounted, self.possible
        if accounted.low > TOO_MANY * possible.high:
            return Account.IMPOSSIBLE
        if accounted.high < TOO_FEW * possible.low:
            return Account.FEWER
        known = math.isfinite(accounted.high) and accounted.low > 0
        return Account.ALL if known else Account.UNKNOWN


def ramp_that_explains(users: float, active: float, seconds: float) -> float | None:
    """Ramp-up, seconds, after which a run of so many users has so many on average: r = 2T(1 - a/N).

    None if even a ramp-up as long as the run leaves more of them.
    """
    ramp = 2 * seconds * (1 - active / users)
    return ramp if 0 <= ramp <= seconds else None


def mean_think(low_s: float, high_s: float, pauses: float) -> Span:
    """Mean of so many pauses that are uniform between two bounds: `DEVIATIONS` standard errors, within the bounds."""
    mean, deviation = (low_s + high_s) / 2, (high_s - low_s) / math.sqrt(12)
    half = DEVIATIONS * deviation / math.sqrt(max(1.0, pauses))
    return Span(max(low_s, mean - half), min(high_s, mean + half))


def mean_from_quantiles(quantiles: Mapping[float, float], longest: float | None) -> Span:
    """Bounds on a mean whose quantiles are known (share → value), and perhaps the largest value.

    Between two quantiles each value is at least the lower one, and at most the upper one. No further assumption is
    made. `QUANTILE_ROUNDING` is allowed for.
    """
    low = high = 0.0
    at, below = 0.0, 0.0
    for share, value in sorted(quantiles.items()):
        low += (share - at) * below
        high += (share - at) * value
        at, below = share, value
    low += (1 - at) * below
    high = high + (1 - at) * longest if longest is not None else (high if quantiles and at >= 1 else math.inf)
    return Span(low * (1 - QUANTILE_ROUNDING), high * (1 + QUANTILE_ROUNDING))


def looks_fixed(requests: float, users: float) -> bool:
    """Whether a number of requests was probably set: as many for each user, or two digits and zeros."""
    return users > 1 and (requests % users == 0 or requests == float(f"{requests:.2g}"))


def rounded_count(count: float) -> Span:
    """What a printed number of requests can stand for: one that ends in zeros may be rounded, as 72k is."""
    unit, left = 1.0, count
    while left >= 10 and left % 10 == 0:
        unit, left = 10 * unit, left / 10
    return Span.around(count, min(unit / 2, LARGEST_ROUNDING * count) if unit >= 100 else 0.0)


def count_agrees(requests: Span, seconds: Span, throughput: Span, cycle_s: float) -> bool:
    """Whether a number of requests, a length and a rate belong together.

    A tool's own clock may run from the first request to the last: it is shorter than the run by up to a cycle of a user
    and the clock's resolution. After the run's end, requests in progress may still end, which makes it longer by as
    much.
    """
    allowed = min(cycle_s + CLOCK_S, LONGEST_CLOCK_SHARE * seconds.high)
    longest, shortest = seconds.high + allowed, seconds.low - allowed
    least = requests.low / longest
    most = requests.high / shortest if shortest > 0 else math.inf
    slack = 0.01
    return throughput.high >= least * (1 - slack) and throughput.low <= most * (1 + slack)
