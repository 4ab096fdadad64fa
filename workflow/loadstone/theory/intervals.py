"""How certain a number is, with the run as the unit of replication.

Requests inside a run are correlated, so their count is never an n. With one run there is no interval.

Rates and times are positive and scatter by factors, so their intervals are made on logarithms: the estimate is the
geometric mean over runs, and no interval reaches 0. Shares and changes, which can be 0 or negative, stay on their own
scale. The arithmetic mean of a lognormal figure is larger than the geometric one by half the squared coefficient of
variation: by 0.1 % at 5 %, by 4 % at 30 %.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

CONFIDENCE = 0.95

MAX_REPEATS = 1_000_000
"""Repeats beyond which the number needed is exact only to within three."""

MIN_FOR_INTERVAL = 4
"""Runs below which an interval over runs is not shown, but the runs themselves.

The interval holds the truth in 95 % of cases with any number of runs. But it reaches 12.7 standard errors to either
side with two runs, 4.3 with three and 3.2 with four: with fewer than four it mostly shows how little is known of the
scatter.
"""

MIN_FOR_OUTLIERS = 4
"""Repeats below which no test can identify an outlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and its two-sided interval, at 95 % unless stated; without bounds where runs are too few for one."""

    value: float
    low: float | None
    high: float | None
    runs: int

    @property
    def relative_half_width(self) -> float | None:
        """Half the interval's width over the value: the precision."""
        if self.low is None or self.high is None or self.value == 0:
            return None
        return (self.high - self.low) / 2 / abs(self.value)


def mean_of_runs(values: Sequence[float], *, confidence: float = CONFIDENCE) -> Interval:
    """Mean of run values, by Student's t. Raises ValueError if there are none."""
    x = np.asarray(values, float)
    if not len(x):
        raise ValueError("no runs")
    mean = float(x.mean())
    if len(x) < 2:
        return Interval(value=mean, low=None, high=None, runs=1)
    half = float(stats.t.ppf((1 + confidence) / 2, len(x) - 1) * x.std(ddof=1) / math.sqrt(len(x)))
    return Interval(value=mean, low=mean - half, high=mean + half, runs=len(x))


def geometric_mean_of_runs(values: Sequence[float], *, confidence: float = CONFIDENCE) -> Interval:
    """Geometric mean of positive run values, by Student's t on their logarithms; no bounds for a single run.

    Of values that are lognormal, this is the median, and the interval holds it as often as stated, with any number of
    runs. Raises ValueError if there are none, or if one is not positive.
    """
    x = np.asarray(values, float)
    if not len(x) or (x <= 0).any():
        raise ValueError("a geometric mean needs positive values")
    if (x == x[0]).all():  # without the rounding of logarithms
        return mean_of_runs(values, confidence=confidence)
    return _exponential(mean_of_runs(np.log(x).tolist(), confidence=confidence))


def estimate_of_runs(values: Sequence[float]) -> Interval:
    """Estimate a rate or a time from its runs, as it is shown: the geometric mean, with an interval from four runs on.

    Below `MIN_FOR_INTERVAL` there are no bounds. Where a run has 0, which has no logarithm, the estimate is the
    arithmetic mean, without bounds. Raises ValueError if there are no runs.
    """
    if not len(values) or min(values) <= 0:
        return replace(mean_of_runs(values), low=None, high=None)
    found = geometric_mean_of_runs(values)
    return found if found.runs >= MIN_FOR_INTERVAL else replace(found, low=None, high=None)


def _exponential(of_logarithms: Interval) -> Interval:
    """Take an interval of logarithms back to the scale of the values."""
    low, high = (None if bound is None else math.exp(bound) for bound in (of_logarithms.low, of_logarithms.high))
    return Interval(value=math.exp(of_logarithms.value), low=low, high=high, runs=of_logarithms.runs)


def ratio_of_runs(values: Sequence[float], to: Sequence[float], *, confidence: float = CONFIDENCE) -> Interval:
    """Ratio of two experiments' (geometric) means, by Welch's t on logarithms (Welch 1947).

    Values must be positive; raises ValueError otherwise. No bounds where one side has a single run.
    """
    a, b = np.asarray(values, float), np.asarray(to, float)
    if not len(a) or not len(b) or (a <= 0).any() or (b <= 0).any():
        raise ValueError("a ratio needs positive values on both sides")
    a, b = np.log(a), np.log(b)
    difference = float(a.mean() - b.mean())
    runs = min(len(a), len(b))
    if runs < 2:
        return Interval(value=math.exp(difference), low=None, high=None, runs=runs)
    variance_a, variance_b = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    variance = float(variance_a + variance_b)
    if variance == 0:
        value = math.exp(difference)
        return Interval(value=value, low=value, high=value, runs=runs)
    freedom = variance**2 / float(variance_a**2 / (len(a) - 1) + variance_b**2 / (len(b) - 1))
    half = float(stats.t.ppf((1 + confidence) / 2, freedom)) * math.sqrt(variance)
    return Interval(
        value=math.exp(difference), low=math.exp(difference - half), high=math.exp(difference + half), runs=runs
    )


def ratio_of_pairs(values: Sequence[float], to: Sequence[float], *, confidence: float = CONFIDENCE) -> Interval:
    """Ratio of two figures of the same runs, run by run: Student's t on the logarithms of the runs' own ratios.

    What moved both figures of a run alike is not in it. Values must be positive; raises ValueError otherwise.
    """
    a, b = np.asarray(values, float), np.asarray(to, float)
    if not len(a) or len(a) != len(b) or (a <= 0).any() or (b <= 0).any():
        raise ValueError("a ratio of pairs needs positive values, and the same number on both sides")
    return _exponential(mean_of_runs((np.log(a) - np.log(b)).tolist(), confidence=confidence))


def repeats_needed(values: Sequence[float], precision: float) -> int | None:
    """Runs that make half the interval's width `precision` times the estimate, going by the spread of these runs.

    None where there are fewer than two runs to go by, or where one is not positive. At least `MIN_FOR_INTERVAL`: with
    fewer there is no interval to be precise. An interval from e^-h to e^h times the estimate is 2·sinh h times as wide
    as the estimate, so h has to be asinh(precision). The search begins at the number that would do were the spread s of
    the logarithms known, (z·s/h)²: Student's t asks for a few runs more, never fewer. Raises ValueError for a precision
    of 0.
    """
    if not precision > 0:
        raise ValueError("the precision must be above 0")
    x = np.asarray(values, float)
    if len(x) < 2 or (x <= 0).any():
        return None
    probability, spread, half = (1 + CONFIDENCE) / 2, float(np.log(x).std(ddof=1)), math.asinh(precision)
    n = max(MIN_FOR_INTERVAL, math.ceil((float(stats.norm.ppf(probability)) * spread / half) ** 2))
    while n < MAX_REPEATS and stats.t.ppf(probability, n - 1) * spread / math.sqrt(n) > half:
        n += 1
    return n


def variation(values: Sequence[float]) -> float:
    """Coefficient of variation between runs; NaN for a single one."""
    x = np.asarray(values, float)
    return float(x.std(ddof=1) / abs(x.mean())) if len(x) > 1 and x.mean() else math.nan


def outlier(values: Sequence[float]) -> int | None:
    """Find the run that does not belong to the rest, by Grubbs' two-sided test (1969) at 5 %; None without one."""
    x = np.asarray(values, float)
    n = len(x)
    if n < MIN_FOR_OUTLIERS or x.std(ddof=1) == 0:
        return None
    distance = np.abs(x - x.mean()) / x.std(ddof=1)
    t = float(stats.t.ppf(1 - (1 - CONFIDENCE) / (2 * n), n - 2))
    limit = (n - 1) / math.sqrt(n) * math.sqrt(t**2 / (n - 2 + t**2))
    worst = int(distance.argmax())
    return worst if distance[worst] > limit else None
