"""Where a run's warm-up ends, by MSER-5, and whether the rest of the run still drifts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

BATCH = 5
"""Observations per batch: the 5 of MSER-5."""

MAX_CUT_SHARE = 0.5
"""Share of a series that may be cut: beyond it the statistic rests on too few batches (White, Cobb & Spratt 2000)."""

SIGNIFICANT = 0.01
"""p-value below which a difference or a trend is significant."""

MIN_CHANGE = 0.05
"""Change relative to the mean below which a difference or a trend does not matter, however significant it is."""

MIN_BATCHES = 4
"""Batches below which a series is too short for either test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """The warm-up of one series."""

    cut: int
    """Observations at the beginning of the series that belong to the warm-up."""
    at_limit: bool
    """Whether the warm-up is as long as may be cut, and differs from the rest: the series may never have settled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTrend:
    """The change along a straight line through a series."""

    change: float
    """Change from the begin of the series to its end, relative to its mean; 0 for a series that is too short."""
    p: float
    """p-value of the change: the probability of as much by chance."""

    @property
    def believed(self) -> bool:
        """Whether the change is significant, and large enough to matter."""
        return self.p < SIGNIFICANT and abs(self.change) > MIN_CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A straight line by least squares."""

    slope: float
    stderr: float
    """Standard error of the slope."""
    p: float
    """p-value of the slope, if the residuals are independent."""
    residuals: NDArray[np.float64]


def fit_line(x: NDArray[Any], y: NDArray[np.float64]) -> Line:
    """Fit a straight line to at least three points, whose x are not all the same."""
    across, up = x - x.mean(), y - y.mean()
    slope = float(across @ up) / float(across @ across)
    residuals = up - slope * across
    stderr = math.sqrt(float(residuals @ residuals) / (len(x) - 2) / float(across @ across))
    return Line(slope=slope, stderr=stderr, p=_two_sided(slope, stderr, len(x) - 2), residuals=residuals)


def _two_sided(value: float, stderr: float, freedom: float) -> float:
    """p-value of Student's t, by `scipy.special`: importing `scipy.stats` takes longer than summarising a run."""
    return float(2 * special.stdtr(freedom, -abs(value) / stderr)) if stderr > 0 else float(value == 0)


def find_warm_up(series: Sequence[float]) -> WarmUp:
    """Cut a series of equally long intervals where the mean of the rest is known best: MSER-5 (White 1997).

    The cut d minimises the squared standard error of the rest, Σ(yᵢ - ȳ)²/(k - d)², over batch means of five. Missing
    values (intervals without a request) are skipped.
    """
    places, batches = _batch_means(np.asarray(series, float))
    if len(batches) < MIN_BATCHES:
        return WarmUp(cut=0, at_limit=False)
    allowed = int(len(batches) * MAX_CUT_SHARE)
    errors = [float(batches[d:].var() / (len(batches) - d)) for d in range(allowed + 1)]
    cut = int(np.argmin(errors))
    return WarmUp(
        cut=int(places[cut]) * BATCH if cut else 0, at_limit=cut == allowed and _differ(batches[:cut], batches[cut:])
    )


def find_trend(series: Sequence[float]) -> SeriesTrend:
    """Fit a straight line to batch means of five, and test it with the variance corrected for their correlation.

    The effective number of batches is n(1 - r)/(1 + r), r being the lag-1 autocorrelation of the residuals (Bayley &
    Hammersley, J. R. Stat. Soc. Suppl. 8, 1946).
    """
    places, y = _batch_means(np.asarray(series, float))
    if len(y) < MIN_BATCHES or y.mean() == 0:
        return SeriesTrend(change=0.0, p=1.0)
    fit = fit_line(places, y)
    spread = float(fit.residuals @ fit.residuals)
    correlation = float(fit.residuals[1:] @ fit.residuals[:-1]) / spread if spread > 0 else 0.0
    effective = len(y) * (1 - max(0.0, correlation)) / (1 + max(0.0, correlation))
    inflation = math.sqrt(len(y) / max(effective, 3.0))
    return SeriesTrend(
        change=fit.slope * float(places[-1] - places[0]) / float(y.mean()),
        p=_two_sided(fit.slope, fit.stderr * inflation, max(1.0, effective - 2)),
    )


def _differ(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether the means of two series of batches differ significantly, and by enough to matter (Welch 1947).

    Each has at least two batches, half of `MIN_BATCHES`.
    """
    if abs(one.mean() - other.mean()) <= MIN_CHANGE * abs(other.mean()):
        return False
    variances = [float(part.var(ddof=1)) / len(part) for part in (one, other)]
    if sum(variances) == 0:
        return True
    spread = sum(v**2 / (len(part) - 1) for v, part in zip(variances, (one, other), strict=True))
    p = _two_sided(float(one.mean() - other.mean()), math.sqrt(sum(variances)), sum(variances) ** 2 / spread)
    return p < SIGNIFICANT


def _batch_means(x: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Number and mean of each batch that has a value."""
    whole = x[: len(x) // BATCH * BATCH].reshape(-1, BATCH)
    present = ~np.isnan(whole)
    sums, counts = np.where(present, whole, 0.0).sum(axis=1), present.sum(axis=1)
    places = np.flatnonzero(counts)
    return places, np.asarray(sums[places] / counts[places])
