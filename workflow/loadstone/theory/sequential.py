"""Judging several hypotheses together, and at several looks, so that wrong judgements stay rare.

A look is a judgement on the runs so far, after which more runs may follow. Each look, and each hypothesis, is one more
chance of an error. Two corrections keep the probability of any error below a given level:

- Looks: all looks are made at one nominal level, as Pocock (1977) proposed. It is computed for Student's t of the
  numbers of runs at which there are looks, since Pocock's own figures rest on normal statistics, and t statistics of
  few runs exceed them too often. For K looks it lies between α/K and α.
- Hypotheses: Holm's procedure (1979). What can be decided at α/m is decided first; the m - s hypotheses that are left
  after s decisions are then judged at α/(m - s). With looks it works on the levels of all looks together (Ye, Li, Liu
  & Yao 2013; Maurer & Bretz 2013).
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate, optimize, special

Floats = NDArray[np.float64]

GRID = 65
"""Points at which probabilities are computed per look."""
NODES, WEIGHTS = special.roots_sh_legendre(16)
"""Of the integration from 0 to 1."""
MIN_LEVEL = 2.5e-4
"""Level below which the error is shared between looks (Bonferroni): integration is not exact enough so far out."""
SAFETY = 0.98
"""Factor of a level of looks that makes up for the errors of integration, which are below 2 %."""

DecidedAt = Callable[[float], bool]
"""From a level, over all looks together, to whether a hypothesis is decided at it.

What is decided at one level is decided at all larger ones."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where Holm's procedure ended for one hypothesis."""

    level: float
    """Probability of an error at which the hypothesis was judged, over all looks together."""
    decided: bool


@lru_cache(maxsize=1024)
def level_of_look(level: float, first: int, last: int) -> float:
    """Return the two-sided level of each look, such that all looks together err with a probability of `level`.

    There is a look at each number of runs from `first` to `last`. The result holds for Student's t of one mean, or of
    pairs, of normal values. For tests with more degrees of freedom at the same numbers of runs, such as a trend and
    Welch's t, simulations find smaller errors. Raises ValueError if there is no look.
    """
    if not 1 <= first <= last:
        raise ValueError("there has to be a look")
    if first == last:
        return level
    first = max(first, 2)  # one run has no interval, so there is nothing to look at
    looks = last - first + 1
    if looks == 1 or level < MIN_LEVEL:
        return level / looks

    def excess(logarithm: float) -> float:
        return math.log(error_of_looks(math.exp(logarithm), first, last) / level)

    found = optimize.brentq(excess, math.log(level / looks / 2), math.log(level), xtol=1e-3)
    return max(level / looks, SAFETY * math.exp(found))


def error_of_looks(nominal: float, first: int, last: int) -> float:
    """Return the probability that Student's t exceeds its two-sided `nominal` quantile at any of these numbers of runs.

    For normal values x₁, x₂, … around 0 the ratios qₙ = Σx/√Σx² form a Markov chain: the direction of (x₁, …, xₙ) is
    independent of its length, so that xₙ₊₁ over this length is independent of all q so far. With tan θ = xₙ₊₁/√Σx²,
    whose density is proportional to cosⁿ⁻¹θ, qₙ₊₁ = qₙ·cos θ + sin θ. Since t² = (n - 1)·q²/(n - q²), a look is crossed
    where |q| exceeds a bound. So one variable is integrated per look (the recursion of Armitage, McPherson & Rowe 1969,
    for t: compare Jennison & Turnbull 1991). Computed backwards, as sums of positive terms.
    """
    bounds = [_bound(nominal, n) for n in range(first, last + 1)]
    later: _Later | None = None
    for n in range(last - 1, first - 1, -1):
        later = _crossing(n, bounds[n - first], bounds[n - first + 1], later)
    if later is None:
        return nominal
    angles = [math.asin(q / math.sqrt(first)) for q in (0.0, later.kink, later.bound)]
    total = nominal
    for start, end in itertools.pairwise(angles):
        angle = start + (end - start) * NODES**2
        weights = 2 * (end - start) * NODES * WEIGHTS
        total += 2 * float((weights * _density(angle, first - 1)) @ later(math.sqrt(first) * np.sin(angle)))
    return total


def _bound(nominal: float, runs: int) -> float:
    """Return the bound of |q|."""
    t = float(-special.stdtrit(runs - 1, nominal / 2))
    return t * math.sqrt(runs / (runs - 1 + t * t))


def _density(angle: Floats, freedom: int) -> Floats:
    """Density of the angle whose tangent is t/√freedom."""
    factor = math.exp(special.gammaln((freedom + 1) / 2) - special.gammaln(freedom / 2)) / math.sqrt(math.pi)
    return np.asarray(factor * np.cos(angle) ** (freedom - 1))


@dataclass(frozen=True, slots=True)
class _Later:
    """From |q| to the probability that a later look is crossed: smooth up to the kink, and in its root beyond it."""

    kink: float
    """From here on the next q can be beyond both of its ends of one sign."""
    bound: float
    below: interpolate.CubicSpline
    beyond: interpolate.CubicSpline

    def __call__(self, q: Floats) -> Floats:
        q = np.minimum(q, self.bound)
        root = np.sqrt(np.maximum(q - self.kink, 0.0))
        return np.asarray(np.where(q < self.kink, self.below(np.minimum(q, self.kink)), self.beyond(root)))


def _crossing(runs: int, bound: float, following: float, later: _Later | None) -> _Later:
    """Compute the probability for a number of runs, from the bounds of this and the following look."""
    kink = min(bound * 0.999, math.sqrt(max(following**2 - 1, 0.0)))
    below, root = np.linspace(0, max(kink, 1e-9), GRID), np.linspace(0, math.sqrt(bound - kink), GRID)
    found = _probability(np.concatenate([below, kink + root**2]), runs, following, later)
    return _Later(
        kink, bound, interpolate.CubicSpline(below, found[:GRID]), interpolate.CubicSpline(root, found[GRID:])
    )


def _probability(q: Floats, runs: int, bound: float, later: _Later | None) -> Floats:
    """Integrate over the angle from q to the next q; `bound` is the next one's."""
    length, turn = np.sqrt(1 + q * q), np.arctan(q)
    edge = np.arcsin(np.minimum(1.0, bound / length))
    lowest, highest = turn - math.pi / 2, turn + math.pi / 2  # of ψ = θ + turn: the next q is length·sin ψ

    def above(angle: Floats) -> Floats:
        """Probability of a larger ψ."""
        theta = np.clip(angle - turn, -math.pi / 2, math.pi / 2)
        return np.asarray(special.stdtr(runs, -math.sqrt(runs) * np.tan(theta)))

    total = above(edge) - above(np.maximum(math.pi - edge, edge)) + (1 - above(np.maximum(-edge, lowest)))
    if later is None:
        return total
    kink = np.arcsin(np.minimum(1.0, later.kink / length))
    ends = [-edge, -kink, 0 * q, kink, edge, np.maximum(math.pi - edge, edge), math.pi - kink, highest]
    ends = [np.clip(end, lowest, highest) for end in ends]
    for number in (0, 1, 2, 3, 5, 6):
        start, end = ends[number], np.maximum(ends[number], ends[number + 1])
        at_start = number in (1, 3)  # where the kink, or 0, is; elsewhere it is at the end
        steps = NODES**2 if at_start else 1 - NODES**2
        angle = start[:, None] + (end - start)[:, None] * steps
        after = later(np.abs(length[:, None] * np.sin(angle)))
        total += (end - start) * ((_density(angle - turn[:, None], runs) * after) @ (2 * NODES * WEIGHTS))
    return total


def step_down(hypotheses: Sequence[DecidedAt], level: float) -> tuple[Step, ...]:
    """Judge hypotheses together by Holm's procedure: any of them is decided wrongly with a probability of `level`.

    A hypothesis that can't be judged is one that no level decides: it counts as one of them all the same. A decided
    one has the level of the step in which it was decided, one that is left open the level of the last step.
    """
    steps: dict[int, Step] = {}
    while len(steps) < len(hypotheses):
        at = level / (len(hypotheses) - len(steps))
        left = [number for number in range(len(hypotheses)) if number not in steps]
        decided = [number for number in left if hypotheses[number](at)]
        steps |= {number: Step(at, decided=True) for number in decided}
        if not decided:
            steps |= {number: Step(at, decided=False) for number in left}
    return tuple(steps[number] for number in range(len(hypotheses)))
