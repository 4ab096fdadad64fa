"""A metric over the levels of a factor, apart from the load: y = a + b·n + c·load, by least squares on runs.

Where albums accumulate while users come and go, a slower response can be either's doing. A design that crosses the
number of albums with the number of users tells them apart: b is the change an album makes at a given load, c what a
user makes at a given number of albums (Draper & Smith, Applied Regression Analysis, 3rd ed. 1998, chapters 1, 2 and 5).

All runs count alike, and are taken to scatter alike at all levels. The model is additive: where what an album costs
depends on the load, b is the mean over the loads, and what it leaves unexplained widens the interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from loadstone.theory.intervals import CONFIDENCE, Interval

MIN_LEVELS = 3
"""Levels from which it can be told whether they lie on a straight line."""

NO_SCATTER = 1e-12
"""Share of the sum of squares up to which what is left is rounding error."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumModel:
    """y = a + b·n + c·load, with 95 % intervals by Student's t; no bounds where no run is left over to judge by."""

    a: Interval
    """y without albums and load."""
    b: Interval
    """Change of y with each album."""
    c: Interval | None
    """Change of y with each user; None where the load was not varied."""
    change: Interval
    """b times the distance from the lowest to the highest level."""
    relative: Interval
    """The change over y at the lowest level and the mean load, with Fieller's interval (1954)."""
    lack_of_fit_p: float | None
    """How likely the levels stray so far from a straight line by chance; None with two levels or without repeats."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """Least squares: coefficients, and the covariance that their interval rests on."""

    beta: Floats
    covariance: Floats
    freedom: int
    runs: int

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
        return float(stats.t.ppf((1 + CONFIDENCE) / 2, self.freedom))


def fit_album_model(albums: Sequence[float], y: Sequence[float], load: Sequence[float] | None = None) -> AlbumModel:
    """Fit the model to runs: the number of albums, the metric and, where it was varied, the load of each.

    Raises ValueError where the runs can't tell the coefficients apart.
    """
    n, values = np.asarray(albums, float), np.asarray(y, float)
    users = None if load is None else np.asarray(load, float)
    lowest, distance = float(n.min(initial=math.inf)), float(np.ptp(n)) if len(n) else 0.0
    if distance == 0 or (users is not None and np.ptp(users) == 0):
        raise ValueError("the levels don't differ")
    scaled = (n - lowest) / distance  # from 0 to 1, so that albums by the ten thousand cost no digits
    mean_load = 0.0 if users is None else float(users.mean())
    columns = [np.ones_like(n), scaled, *([] if users is None else [users - mean_load])]
    fit = _least_squares(np.column_stack(columns), values)
    rest = () if users is None else (0.0,)
    return AlbumModel(
        a=fit.combination(1.0, -lowest / distance, *(() if users is None else (-mean_load,))),
        b=fit.combination(0.0, 1 / distance, *rest),
        c=None if users is None else fit.combination(0.0, 0.0, 1.0),
        change=fit.combination(0.0, 1.0, *rest),
        relative=_relative(fit),
        lack_of_fit_p=_lack_of_fit(n, values, users),
    )


def _least_squares(design: Floats, y: Floats) -> _Fit:
    runs, parameters = design.shape
    if np.linalg.matrix_rank(design) < parameters:
        raise ValueError("the levels and the load can't be told apart")
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    left = y - design @ beta
    freedom = runs - parameters
    variance = float(left @ left) / freedom if freedom > 0 else math.nan
    return _Fit(beta, inverse * variance, freedom, runs)


def _relative(fit: _Fit) -> Interval:
    """Bound the ratio of the second coefficient over the first by Fieller's theorem.

    Those θ for which β₁ - θ·β₀ is not significantly off 0: between the roots of
    θ²(β₀² - t²v₀₀) - 2θ(β₀β₁ - t²v₀₁) + β₁² - t²v₁₁. No bounds where β₀ itself might be 0.
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


def _lack_of_fit(n: Floats, y: Floats, load: Floats | None) -> float | None:
    """Test whether the levels lie on a straight line: F of what a mean of its own for each level explains beyond it.

    The yardstick is the scatter of repeats of one level and load, so that a load which counts more at some levels is
    not taken for a bend.
    """
    levels, cells = np.unique(n), np.unique(np.column_stack([n, n * 0 if load is None else load]), axis=0)
    freedom = len(y) - len(cells)
    if len(levels) < MIN_LEVELS or freedom < 1:
        return None
    shared = [] if load is None else [load]
    straight = _left_over(np.column_stack([np.ones_like(n), n, *shared]), y)
    by_level = _left_over(np.column_stack([*(n == levels[:, None]), *shared]).astype(float), y)
    of_cell = (n == cells[:, :1]) & ((0 if load is None else load) == cells[:, 1:])
    scatter = _left_over(of_cell.T.astype(float), y)
    nothing = NO_SCATTER * float(y @ y)
    bend = straight - by_level
    if bend <= nothing:
        return 1.0
    if scatter <= nothing:
        return 0.0
    return float(stats.f.sf(bend / (len(levels) - 2) / (scatter / freedom), len(levels) - 2, freedom))


def _left_over(design: Floats, y: Floats) -> float:
    """Sum of squares that a design leaves unexplained."""
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(left @ left)
