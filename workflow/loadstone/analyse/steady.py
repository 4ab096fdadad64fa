"""Where a run's warm-up ends: MSER-5, and whether the rest still drifts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

BATCH = 5
"""Observations a batch: the 5 of MSER-5."""

MOST_CUT = 0.5
"""Share of a series that may be cut: beyond it the statistic rests on too few batches (White, Cobb & Spratt 2000)."""

TREND_LEVEL = 0.01
"""Significance at which a trend left in the window is believed."""

TREND_SIZE = 0.05
"""Change over the window, relative to its mean, below which a trend doesn't matter however sure it is."""

FEWEST_BATCHES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyState:
    """What became of one series."""

    cut: int
    """Observations at the beginning that belong to the warm-up."""
    at_limit: bool
    """Whether the best cut is the largest allowed: the series may not have settled at all."""
    trend: float
    """Fitted change over what is left, relative to its mean; 0 where there is too little to say."""
    trend_p: float
    """How likely a trend of that size is by chance."""

    @property
    def settled(self) -> bool:
        """Whether the series has a steady part."""
        return not self.at_limit and not (self.trend_p < TREND_LEVEL and abs(self.trend) > TREND_SIZE)


def steady(throughput: Sequence[float], response: Sequence[float]) -> bool | None:
    """Tell whether a run settled, by its throughput and its mean response, interval by interval; None if too short."""
    if len(throughput) < BATCH * FEWEST_BATCHES:
        return None
    return find_steady_state(throughput).settled and find_steady_state(response).settled


def find_steady_state(series: Sequence[float]) -> SteadyState:
    """Cut a series of equally long intervals where its mean is best known: MSER-5 (White 1997).

    The cut d minimises the squared standard error of what is left, Σ(yᵢ - ȳ)²/(k - d)², over batch means of five. The
    trend is a straight line through the batch means left, tested with the variance that its lag-one correlation leaves.
    Missing values (seconds without a request) are passed over.
    """
    x = np.asarray(series, float)
    batches = _batch_means(x)
    if len(batches) < FEWEST_BATCHES:
        return SteadyState(cut=0, at_limit=False, trend=0.0, trend_p=1.0)
    allowed = int(len(batches) * MOST_CUT)
    errors = [float(batches[d:].var() / (len(batches) - d)) for d in range(allowed + 1)]
    cut = int(np.argmin(errors))
    at_limit = cut == allowed and errors[cut] < errors[0]
    trend, p = _trend(batches[cut:])
    return SteadyState(cut=cut * BATCH, at_limit=at_limit, trend=trend, trend_p=p)


def _batch_means(x: NDArray[np.float64]) -> NDArray[np.float64]:
    whole = x[: len(x) // BATCH * BATCH].reshape(-1, BATCH)
    known = ~np.isnan(whole)
    sums, counts = np.where(known, whole, 0.0).sum(axis=1), known.sum(axis=1)
    return np.asarray(sums[counts > 0] / counts[counts > 0])


def _trend(y: NDArray[np.float64]) -> tuple[float, float]:
    """Relative change along y, and its p-value with the degrees of freedom that autocorrelation leaves."""
    if len(y) < FEWEST_BATCHES or y.mean() == 0 or y.std() == 0:
        return 0.0, 1.0
    fit = stats.linregress(np.arange(len(y)), y)
    residuals = y - (fit.intercept + fit.slope * np.arange(len(y)))
    spread = float(residuals @ residuals)
    correlation = float(residuals[1:] @ residuals[:-1]) / spread if spread > 0 else 0.0
    effective = len(y) * (1 - max(0.0, correlation)) / (1 + max(0.0, correlation))
    freedom = max(1.0, effective - 2)
    inflation = math.sqrt(len(y) / max(effective, 3.0))
    t = abs(fit.slope) / (fit.stderr * inflation) if fit.stderr > 0 else math.inf
    return float(fit.slope * (len(y) - 1) / y.mean()), float(2 * stats.t.sf(t, freedom))
