"""Fit a hard cap, X(n) = min(X₁·n, cap), with profile-likelihood intervals: exactly, without a starting value.

The break at n = cap/X₁ lies between two neighbouring levels. Whichever two, the levels up to it determine X₁ alone and
those beyond it the cap alone, so the sum of squares is a sum of two parabolas, with X₁ and the cap bound to each other
by the place of the break only. Each such place has its exact minimum; the smallest of them is the fit. A profile holds
one parameter and does the same. With relative weights the parabolas are in the logarithms of X₁ and the cap, with equal
weights in the two themselves.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from scipy import optimize, stats

from loadstone.theory.scaling import EXACT, Estimate, Fit, NotIdentifiable, Number, Runs, Weights

LEVEL = 0.95
"""Confidence of the intervals."""
FIRST_STEP, REACH = 0.01, 50.0
"""First step and farthest distance in which the end of an interval is searched, on the logarithmic scale."""
AT_A_LEVEL = 1e-9
"""Relative distance from a level at which the break is at it."""

Held = Literal["x1", "cap"]
Profile = Callable[[float], float]
"""The smallest sum of squares at each value of a figure."""


def capped(workers: Number, unit_throughput: float, cap: float) -> Number:
    """X(n) = min(X₁·n, cap): each worker brings as much as the first until something else is full."""
    return cast(Number, np.minimum(unit_throughput * workers, cap))


@dataclass(frozen=True, slots=True, kw_only=True)
class CappedFit(Fit):
    """X(n) = min(X₁·n, cap), fitted."""

    law = "capped"
    cap: Estimate
    """Requests/s that no number of workers exceeds."""

    @property
    def parameters(self) -> dict[str, Estimate]:
        """`cap` and `x1`."""
        return {"cap": self.cap, "x1": self.unit_throughput}

    def throughput(self, workers: float) -> float:
        """Requests/s with `workers` workers."""
        return float(capped(workers, self.unit_throughput.value, self.cap.value))

    @property
    def knee(self) -> float:
        """Number of workers at which the cap is reached: cap/X₁."""
        return self.cap.value / self.unit_throughput.value

    @property
    def max_speedup(self) -> float:
        """cap/X₁, or 1 where one worker reaches the cap already."""
        return max(1.0, self.knee)


@dataclass(frozen=True, slots=True)
class Parabola:
    """Sum of squares over one parameter: a·θ² - 2·b·θ + c."""

    a: float
    b: float
    c: float

    def at(self, value: float) -> float:
        """The sum at a value of the parameter."""
        return max(0.0, (self.a * value - 2 * self.b) * value + self.c)

    def lowest(self, low: float, high: float) -> float:
        """The value between two bounds at which the sum is smallest."""
        best = self.b / self.a if self.a else low if math.isfinite(low) else high
        return min(max(best, low), high)


@dataclass(frozen=True, slots=True)
class Part:
    """The law with its break between two neighbouring levels."""

    slope: Parabola
    """Over X₁ (or its logarithm), of the levels up to the break."""
    plateau: Parabola
    """Over the cap (or its logarithm), of the levels beyond it."""
    fewest: float
    """The largest level up to the break; 0 if all are beyond it."""
    most: float
    """The smallest level beyond the break; infinite if none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capped:
    """The law's parameters at which the sum of squares is smallest."""

    unit_throughput: float
    """X₁, requests/s."""
    cap: float
    """Requests/s."""
    rss: float
    """Sum of the squared residuals, as `Fit` has it."""
    slope_levels: int
    """Levels up to the break."""
    plateau_levels: int
    """Levels from the break on."""

    @property
    def knee(self) -> float:
        """Number of workers at the break."""
        return self.cap / self.unit_throughput


class CapProblem:
    """Runs, and a hard cap to fit to them."""

    def __init__(self, runs: Runs, weights: Weights) -> None:
        self.runs = runs
        self.relative = weights == "relative"
        self.unit = math.exp(np.mean(np.log(runs.throughput)))
        """Geometric mean of the throughputs, requests/s: it keeps squares near 1, whatever the unit."""
        n, x = np.array(runs.n), np.array(runs.throughput) / self.unit
        order = np.argsort(n, kind="stable")
        self._n, self._x = n[order], x[order]
        self._parts = list(self._split())

    def _split(self) -> Iterator[Part]:
        n, x = self._n, self._x
        if self.relative:
            of_slope = np.ones_like(n), np.log(x / n), np.log(x / n) ** 2
            of_plateau = np.ones_like(n), np.log(x), np.log(x) ** 2
        else:
            of_slope = n**2, n * x, x**2
            of_plateau = np.ones_like(n), x, x**2
        levels = (0.0, *self.runs.levels, math.inf)
        for fewest, most in itertools.pairwise(levels):
            low = n <= fewest
            slope, plateau = (
                Parabola(*(float(part[chosen].sum()) for part in parts))
                for parts, chosen in ((of_slope, low), (of_plateau, ~low))
            )
            yield Part(slope, plateau, fewest, most)

    def fit(self) -> Capped:
        """Find the best parameters. Raises `NotIdentifiable` where no level shows the slope, or none the cap."""
        _, u, v = min(self._candidates())
        unit_throughput, cap = self._value(u), self._value(v)
        knee, levels = cap / unit_throughput, self.runs.levels
        if knee <= levels[0] * (1 + AT_A_LEVEL):
            raise NotIdentifiable("throughput does not grow with n, so no slope up to a cap shows")
        if knee >= levels[-1] * (1 - AT_A_LEVEL):
            raise NotIdentifiable("throughput does not level off within the levels, so no cap shows")
        return Capped(
            unit_throughput=unit_throughput,
            cap=cap,
            rss=self._rss(unit_throughput, cap),
            slope_levels=sum(level <= knee * (1 + AT_A_LEVEL) for level in levels),
            plateau_levels=sum(level >= knee * (1 - AT_A_LEVEL) for level in levels),
        )

    def _candidates(self) -> Iterator[tuple[float, float, float]]:
        """The minimum of each part that has levels on both sides: the sum of squares, and the two parameters."""
        for part in self._parts[1:-1]:
            u, v = part.slope.b / part.slope.a, part.plateau.b / part.plateau.a
            low, high = self._caps(u, part)
            if not low <= v <= high:
                u, v = self._bound_together(part, part.fewest if v < low else part.most)
            yield part.slope.at(u) + part.plateau.at(v), u, v

    def _bound_together(self, part: Part, knee: float) -> tuple[float, float]:
        """The best parameters with the break at `knee`: cap = knee·X₁."""
        slope, plateau = part.slope, part.plateau
        if self.relative:
            u = (slope.b + plateau.b - plateau.a * math.log(knee)) / (slope.a + plateau.a)
            return u, u + math.log(knee)
        u = (slope.b + knee * plateau.b) / (slope.a + knee * knee * plateau.a)
        return u, knee * u

    def _caps(self, u: float, part: Part) -> tuple[float, float]:
        """Range of the cap with X₁ at `u`."""
        if self.relative:
            return u + _log(part.fewest), u + _log(part.most)
        return u * part.fewest, u * part.most

    def _slopes(self, v: float, part: Part) -> tuple[float, float]:
        """Range of X₁ with the cap at `v`."""
        if self.relative:
            return v - _log(part.most), v - _log(part.fewest)
        return v / part.most, v / part.fewest if part.fewest else math.inf

    def profile(self, held: Held, value: float, least: float = 0.0) -> float:
        """The smallest sum of squares with one parameter held at a value, and the other at least at another."""
        at, floor, best = self._scale(value), self._scale(least), math.inf
        for part in self._parts:
            low, high = self._slopes(at, part) if held == "cap" else self._caps(at, part)
            low = max(low, floor)
            if low > high:
                continue
            if held == "cap":
                other = part.slope.lowest(low, high) if part.slope.a else 0.0
                best = min(best, part.slope.at(other) + part.plateau.at(at))
            else:
                other = part.plateau.lowest(low, high) if part.plateau.a else 0.0
                best = min(best, part.slope.at(at) + part.plateau.at(other))
        return best

    def estimate(self, held: Held, fitted: Capped) -> Estimate:
        """Give X₁ or the cap its 95 % interval by profile likelihood, as `likelihood.estimate` does."""
        value = fitted.cap if held == "cap" else fitted.unit_throughput
        return self._interval(value, lambda trial: self.profile(held, trial), self._stderr(held, fitted))

    def throughput_interval(self, workers: float, fitted: Capped) -> Estimate:
        """The same of the throughput at a number of workers: held either by the cap or by the slope."""

        def profile(trial: float) -> float:
            return min(
                self.profile("cap", trial, least=trial / workers),
                self.profile("x1", trial / workers, least=trial),
            )

        return self._interval(float(capped(workers, fitted.unit_throughput, fitted.cap)), profile, None)

    def _interval(self, value: float, profile: Profile, stderr: float | None) -> Estimate:
        freedom = len(self.runs.n) - 2
        best = profile(value)
        spread = max(best, self.rounding) / freedom
        allowed = best + spread * float(stats.f.ppf(LEVEL, 1, freedom))
        low = _limit(lambda distance: profile(value * math.exp(-distance)) - allowed)
        high = _limit(lambda distance: profile(value * math.exp(distance)) - allowed)
        return Estimate(
            value=value,
            low=value * math.exp(-low) if low is not None else 0.0,
            high=value * math.exp(high) if high is not None else math.inf,
            stderr=stderr,
        )

    def _stderr(self, held: Held, fitted: Capped) -> float | None:
        """Standard error of a mean over the runs that determine it; None with the break at a level."""
        levels = self.runs.levels
        if fitted.slope_levels + fitted.plateau_levels > len(levels):
            return None
        low = self._n <= fitted.knee
        scatter = math.sqrt(fitted.rss / (len(self._n) - 2))
        if not self.relative:
            weight = float((self._n[low] ** 2).sum()) if held == "x1" else float((~low).sum())
            return scatter / math.sqrt(weight)
        counted = int(low.sum()) if held == "x1" else int((~low).sum())
        return scatter / math.sqrt(counted) * (fitted.cap if held == "cap" else fitted.unit_throughput)

    def _rss(self, unit_throughput: float, cap: float) -> float:
        model, x = capped(self._n, unit_throughput, cap), self._x * self.unit
        residuals = np.log(x / model) if self.relative else x - model
        return float(residuals @ residuals)

    @property
    def rounding(self) -> float:
        """Sum of squares, over `unit`, up to which the residuals are rounding errors."""
        return len(self._n) * EXACT**2

    def _scale(self, value: float) -> float:
        if self.relative:
            return _log(value / self.unit)
        return value / self.unit

    def _value(self, scaled: float) -> float:
        return self.unit * (math.exp(scaled) if self.relative else scaled)


def _limit(excess: Profile) -> float | None:
    """Walk outward in growing steps until the sum of squares is exceeded, then find the place; None if it never is."""
    inner, step = 0.0, FIRST_STEP
    while inner < REACH:
        outer = min(inner + step, REACH)
        if excess(outer) > 0:
            return float(optimize.brentq(excess, inner, outer, xtol=1e-9))
        inner, step = outer, 2 * step
    return None


def _log(value: float) -> float:
    return math.log(value) if 0 < value < math.inf else -math.inf if value <= 0 else math.inf
