"""How certain a number is, with the run as the unit of replication.

Requests inside a run are correlated, so their count is never an n. With one run there is no interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95

MAX_REPEATS = 1_000_000
"""Repeats beyond which the number needed is exact only to within three."""

MIN_FOR_OUTLIERS = 4
"""Repeats below which no test can identify an outlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and its two-sided interval, at 95 % unless stated; without bounds for a single run."""

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
    mean = mean_of_runs((np.log(a) - np.log(b)).tolist(), confidence=confidence)
    low, high = (None if bound is None else math.exp(bound) for bound in (mean.low, mean.high))
    return Interval(value=math.exp(mean.value), low=low, high=high, runs=mean.runs)


def repeats_needed(values: Sequence[float], precision: float) -> int | None:
    """Runs that make the interval's half width `precision` times the mean, going by the spread of these runs.

    None where there are fewer than two runs to go by. The search begins at the number that would do were the spread
    known, (z·cv/precision)²: Student's t asks for a few runs more, never fewer. Raises ValueError for a precision of 0.
    """
    if not precision > 0:
        raise ValueError("the precision must be above 0")
    x = np.asarray(values, float)
    if len(x) < 2 or x.mean() == 0:
        return None
    probability, spread = (1 + CONFIDENCE) / 2, variation(values)
    n = max(2, math.ceil((float(stats.norm.ppf(probability)) * spread / precision) ** 2))
    while n < MAX_REPEATS and stats.t.ppf(probability, n - 1) * spread / math.sqrt(n) > precision:
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
