"""How far runs scatter, judged by several groups of runs together: a variance of five runs alone is a rough guess.

Groups need not have one variance. The model is the empirical Bayes one of Smyth (2004, "Linear models and empirical
Bayes methods for assessing differential expression"): the variances of groups scatter around a typical one, like those
of a scaled inverse chi-square distribution with d₀ degrees of freedom. A group's own variance s² with d degrees of
freedom is then worth (d₀s₀² + d·s²)/(d₀ + d) with d₀ + d of them. Where groups differ, d₀ is small and each group
counts for itself; where they agree, d₀ is large and all count together.

An estimate of d₀ from a few groups is rough, and too large a one calls noise a difference. So half of it is used, and
at most `MAX_FREEDOM`. By simulation with equal variances, with standard deviations that scatter by a factor of two, and
with one group that scatters five times as much as the others, at most one of twenty comparisons of equal campaigns then
has a difference beyond a margin of 5 %: see `benchmarks/compare_decisions.py`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from loadstone.theory.intervals import CONFIDENCE, Interval

MIN_GROUPS = 6
"""Groups below which nothing is known about how variances scatter, so that each counts for itself."""

MAX_FREEDOM = 16.0
"""Degrees of freedom that other groups are worth at most: more would hardly narrow an interval."""

USED_SHARE = 0.5
"""Share of the estimated d₀ that is used."""

SMALLEST_SHARE = 1e-4
"""Share of the median variance that a smaller one counts as: figures that are equal by chance have no variance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalVariance:
    """What other groups show of a group's variance."""

    variance: float
    """s₀²."""
    freedom: float
    """d₀, the degrees of freedom that it is worth; 0 if nothing is known."""


UNKNOWN = TypicalVariance(variance=0.0, freedom=0.0)


def find_typical_variance(groups: Sequence[Sequence[float]]) -> TypicalVariance:
    """Estimate s₀² and d₀ from groups of runs by the moments of ln s² (Smyth 2004, section 6.2).

    Groups with fewer than two runs are left out. Returns `UNKNOWN` if fewer than `MIN_GROUPS` are left.
    """
    known = [np.asarray(group, float) for group in groups if len(group) >= 2]
    variances = np.array([group.var(ddof=1) for group in known])
    if len(known) < MIN_GROUPS or not variances.any():
        return UNKNOWN
    halves = np.array([len(group) - 1 for group in known]) / 2
    logs = np.log(np.maximum(variances, SMALLEST_SHARE * np.median(variances[variances > 0])))
    centred = logs - special.digamma(halves) + np.log(halves)
    spread = float(centred.var(ddof=1) - special.polygamma(1, halves).mean())
    mean = float(centred.mean())
    if spread <= 0:
        return TypicalVariance(variance=math.exp(mean), freedom=MAX_FREEDOM)
    freedom = 2 * _invert_trigamma(spread)
    shift = float(special.digamma(freedom / 2)) - math.log(freedom / 2)
    return TypicalVariance(variance=math.exp(mean + shift), freedom=min(MAX_FREEDOM, USED_SHARE * freedom))


def _invert_trigamma(value: float) -> float:
    """Solve ψ′(x) = value by Newton's method on 1/ψ′, which is convex (Smyth 2004, appendix)."""
    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(special.polygamma(2, x))
        x += step
        if abs(step) < 1e-8 * x:
            break
    return x


def ratio_of_groups(
    values: Sequence[float],
    to: Sequence[float],
    typical: tuple[TypicalVariance, TypicalVariance] = (UNKNOWN, UNKNOWN),
    *,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Ratio of two groups' geometric means, by Welch's t on logarithms, with moderated variances.

    `typical` holds what is known of the variance of logarithms of `values` and of `to`. The degrees of freedom are
    Satterthwaite's, with d₀ + n - 1 on each side; without anything known this is Welch's interval. Values must be
    positive; raises ValueError otherwise. No bounds where one side has a single run.
    """
    sides = [np.asarray(side, float) for side in (values, to)]
    if any(not len(side) or (side <= 0).any() for side in sides):
        raise ValueError("a ratio needs positive values on both sides")
    a, b = (np.log(side) for side in sides)
    difference, runs = float(a.mean() - b.mean()), min(len(a), len(b))
    if runs < 2:
        return Interval(value=math.exp(difference), low=None, high=None, runs=runs)
    of_means, freedoms = zip(*map(_variance_of_mean, (a, b), typical), strict=True)
    total, half = sum(of_means), 0.0
    if total:
        freedom = total**2 / sum(of_mean**2 / own for of_mean, own in zip(of_means, freedoms, strict=True))
        half = float(special.stdtrit(freedom, (1 + confidence) / 2)) * math.sqrt(total)
    return Interval(
        value=math.exp(difference), low=math.exp(difference - half), high=math.exp(difference + half), runs=runs
    )


def _variance_of_mean(logs: NDArray[np.float64], typical: TypicalVariance) -> tuple[float, float]:
    """Return the moderated variance of a group's mean, and its degrees of freedom."""
    own = len(logs) - 1
    freedom = typical.freedom + own
    moderated = (typical.freedom * typical.variance + own * float(logs.var(ddof=1))) / freedom
    return moderated / len(logs), freedom
