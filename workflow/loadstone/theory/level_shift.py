"""Whether a series changes its level: a step up or down, or a stretch in the middle that is lower or higher."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from loadstone.theory.steady_state import fit_line

SIGNIFICANT = 0.001
"""Probability by chance below which a change of level is certain."""
MIN_CHANGE = 0.15
"""Change relative to the higher level below which it does not matter."""
MIN_PIECE = 4
"""Observations that each level has at least."""
MAX_OBSERVATIONS = 400
"""Observations of a series at most: all pairs of them are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShift:
    """Two levels: one inside a stretch of the series, one outside it."""

    begin: int
    """First observation of the stretch."""
    end: int
    """The one after its last."""
    inside: float
    """Mean of the stretch."""
    outside: float
    """Mean of the rest."""

    @property
    def ratio(self) -> float:
        """Lower level over the higher one."""
        low, high = sorted((self.inside, self.outside))
        return low / high


def find_level_shift(series: NDArray[np.float64]) -> LevelShift | None:
    """Find the stretch whose mean differs most from the rest; None unless the difference is certain and large.

    The two-level fit by least squares over all stretches, also those at an end of the series (Levin & Kline 1985). Its
    Student's t must be beyond `SIGNIFICANT` over the number of stretches (Bonferroni), with the variance corrected for
    correlated residuals as in `steady_state.find_trend`. A series that a straight line fits as well has a trend, not
    two levels.
    """
    count = len(series)
    if not 2 * MIN_PIECE <= count <= MAX_OBSERVATIONS or series.mean() <= 0:
        return None
    centred = series - series.mean()
    sums = np.concatenate([[0.0], np.cumsum(centred)])
    begin, end = np.triu_indices(count + 1, MIN_PIECE)
    begin, end = (each[end - begin <= count - MIN_PIECE] for each in (begin, end))
    length = end - begin
    gain = (sums[end] - sums[begin]) ** 2 * count / (length * (count - length))
    best = int(np.argmax(gain))
    stretch = np.zeros(count, bool)
    stretch[begin[best] : end[best]] = True
    shift = LevelShift(
        begin=int(begin[best]),
        end=int(end[best]),
        inside=float(series[stretch].mean()),
        outside=float(series[~stretch].mean()),
    )
    if shift.ratio > 1 - MIN_CHANGE or not _is_certain(series, stretch, float(gain[best]), len(gain)):
        return None
    line = fit_line(np.arange(count, dtype=float), series)
    return shift if float(gain[best]) > float(centred @ centred - line.residuals @ line.residuals) else None


def _is_certain(series: NDArray[np.float64], stretch: NDArray[np.bool_], gain: float, tried: int) -> bool:
    residuals = np.where(stretch, series - series[stretch].mean(), series - series[~stretch].mean())
    spread = float(residuals @ residuals)
    if spread <= 0:
        return True
    correlation = min(0.95, max(0.0, float(residuals[1:] @ residuals[:-1]) / spread))
    effective = len(series) * (1 - correlation) / (1 + correlation)
    freedom = effective - 4  # two levels and two ends were fitted
    if freedom < 1:
        return False
    variance = spread / (len(series) - 4) * len(series) / effective
    p = 2 * tried * float(special.stdtr(freedom, -math.sqrt(gain / variance)))
    return p < SIGNIFICANT
