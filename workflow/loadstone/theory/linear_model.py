"""A linear model of a metric over the levels of a factor and a load: y = a + b·x + c·load, by least squares on runs.

If the factor and the load both change, either may have changed the metric. A design that crosses the two separates
their effects: b is the change per unit of the factor at a given load, c the change per unit of load at a given level
(Draper & Smith, Applied Regression Analysis, 3rd ed. 1998, chapters 1, 2 and 5).

All runs have equal weight, and their scatter is assumed to be the same at all levels. The model is additive: if the
effect of the factor depends on the load, b is its mean over the loads, and the unexplained rest widens the interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from loadstone.theory.intervals import CONFIDENCE, Interval

MIN_LEVELS = 3
"""Levels needed to test for a straight line."""

MISS = 2.0
"""How many times a level has to differ from a line for the line to miss it."""

NO_SCATTER = 1e-12
"""Share of the sum of squares below which residuals are rounding errors."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearModel:
    """y = a + b·x + c·load, with intervals by Student's t; no bounds without degrees of freedom."""

    a: Interval
    """y at x = 0 and load 0."""
    b: Interval
    """Change of y per unit of x."""
    c: Interval | None
    """Change of y per unit of load; None if the load was not varied."""
    change: Interval
    """Change of y from the lowest to the highest level: b times the distance."""
    relative: Interval
    """The change over y at the lowest level and the mean load, with Fieller's interval (1954)."""
    lack_of_fit_p: float | None
    """p-value of the deviation from a straight line; None with two levels or without repeats."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """A least-squares fit: the coefficients, and their covariance."""

    beta: Floats
    covariance: Floats
    freedom: int
    runs: int
    confidence: float

    def combination(self, *weights: float) -> Interval:
        """Estimate a weighted sum of the coefficients."""
        w = np.array(weights)
        value = float(w @ self.beta)
        if self.freedom < 1:
            return Interval(value=value, low=None, high=None, runs=self.runs)
        half = self.t * math.sqrt(max(0.0, float(w @ self.covariance @ w)))
        return Interval(value=value, low=value - half, high=value + half, runs=self.runs)

    @property
    def t(self) -> float:
        return float(stats.t.ppf((1 + self.confidence) / 2, self.freedom))


def fit_linear_model(
    x: Sequence[float], y: Sequence[float], load: Sequence[float] | None = None, *, confidence: float = CONFIDENCE
) -> LinearModel:
    """Fit the model to runs: the level of the factor, the metric and, if it was varied, the load of each run.

    `confidence` is that of all intervals. Raises ValueError if the runs do not determine the coefficients.
    """
    levels, values = np.asarray(x, float), np.asarray(y, float)
    loads = None if load is None else np.asarray(load, float)
    lowest, distance = float(levels.min(initial=math.inf)), float(np.ptp(levels)) if len(levels) else 0.0
    if distance == 0 or (loads is not None and np.ptp(loads) == 0):
        raise ValueError("the levels do not differ")
    scaled = (levels - lowest) / distance  # from 0 to 1, so that large levels lose no digits
    mean_load = 0.0 if loads is None else float(loads.mean())
    columns = [np.ones_like(levels), scaled, *([] if loads is None else [loads - mean_load])]
    fit = _least_squares(np.column_stack(columns), values, confidence)
    rest = () if loads is None else (0.0,)
    return LinearModel(
        a=fit.combination(1.0, -lowest / distance, *(() if loads is None else (-mean_load,))),
        b=fit.combination(0.0, 1 / distance, *rest),
        c=None if loads is None else fit.combination(0.0, 0.0, 1.0),
        change=fit.combination(0.0, 1.0, *rest),
        relative=_relative(fit),
        lack_of_fit_p=_lack_of_fit(levels, values, loads),
    )


def _least_squares(design: Floats, y: Floats, confidence: float) -> _Fit:
    runs, parameters = design.shape
    if np.linalg.matrix_rank(design) < parameters:
        raise ValueError("the effects of the levels and of the load cannot be separated")
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    residuals = y - design @ beta
    freedom = runs - parameters
    variance = float(residuals @ residuals) / freedom if freedom > 0 else math.nan
    return _Fit(beta, inverse * variance, freedom, runs, confidence)


def _relative(fit: _Fit) -> Interval:
    """Bound the ratio of the second coefficient over the first (Fieller, J. R. Stat. Soc. B 16, 1954).

    The interval holds all θ for which β₁ - θ·β₀ does not differ significantly from 0: those between the roots of
    θ²(β₀² - t²v₀₀) - 2θ(β₀β₁ - t²v₀₁) + β₁² - t²v₁₁. There are no bounds if β₀ itself might be 0.
    """
    base, change = float(fit.beta[0]), float(fit.beta[1])
    value = change / base if base else math.nan
    if fit.freedom < 1:
        return Interval(value=value, low=None, high=None, runs=fit.runs)
    [v00, v01, *_], [_, v11, *_], *_ = (fit.covariance * fit.t**2).tolist()
    square, half, constant = base**2 - v00, base * change - v01, change**2 - v11
    if base <= 0 or square <= 0:
        return Interval(value=value, low=None, high=None, runs=fit.runs)
    root = math.sqrt(max(0.0, half**2 - square * constant))
    return Interval(value=value, low=(half - root) / square, high=(half + root) / square, runs=fit.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A level whose runs a line misses."""

    x: float
    fitted: float
    mean: float
    """Of the runs."""


def find_miss(x: Sequence[float], y: Sequence[float], fitted: Sequence[float]) -> Miss | None:
    """Find the level that a line misses most, of those that it misses `MISS`-fold; None if there is none.

    It misses a level if every run there is at least so many times as large as the line's value, or as small, or if the
    line is not positive while the runs are. Such a line describes nothing, however certain its slope is: it is what a
    curve does to a straight line. Takes runs: level, figure and the line's value. Runs with the same level and value of
    the line belong together.
    """
    cells: dict[tuple[float, float], list[float]] = {}
    for level, value, line in zip(x, y, fitted, strict=True):
        cells.setdefault((level, line), []).append(value)
    found = [
        (_fold(line, values), Miss(x=level, fitted=line, mean=float(np.mean(values))))
        for (level, line), values in cells.items()
        if min(values) > 0
    ]
    fold, miss = max(found, key=lambda pair: pair[0], default=(1.0, None))
    return miss if fold >= MISS else None


def _fold(line: float, values: Sequence[float]) -> float:
    """How many times the nearest of some positive values differs from a line's value; at least 1."""
    return max(1.0, min(values) / line, line / max(values)) if line > 0 else math.inf


def _lack_of_fit(n: Floats, y: Floats, load: Floats | None) -> float | None:
    """F test of a straight line against a separate mean for each level (Draper & Smith 1998, section 2.1).

    The noise is the scatter of repeats at the same level and load, so that an effect of the load that differs between
    levels is not mistaken for a bend.
    """
    levels, cells = np.unique(n), np.unique(np.column_stack([n, n * 0 if load is None else load]), axis=0)
    freedom = len(y) - len(cells)
    if len(levels) < MIN_LEVELS or freedom < 1:
        return None
    shared = [] if load is None else [load]
    straight = _residual_squares(np.column_stack([np.ones_like(n), n, *shared]), y)
    by_level = _residual_squares(np.column_stack([*(n == levels[:, None]), *shared]).astype(float), y)
    of_cell = (n == cells[:, :1]) & ((0 if load is None else load) == cells[:, 1:])
    scatter = _residual_squares(of_cell.T.astype(float), y)
    nothing = NO_SCATTER * float(y @ y)
    bend = straight - by_level
    if bend <= nothing:
        return 1.0
    if scatter <= nothing:
        return 0.0
    return float(stats.f.sf(bend / (len(levels) - 2) / (scatter / freedom), len(levels) - 2, freedom))


def _residual_squares(design: Floats, y: Floats) -> float:
    """Sum of squares that a design leaves unexplained."""
    residuals = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(residuals @ residuals)
