"""Which difference between two experiments a comparison would show, given how much repeats vary."""

import math
from collections.abc import Iterable

import numpy as np
from scipy import special

from loadstone.theory.intervals import CONFIDENCE

POWER = 0.9
"""Probability with which a real difference is to be shown."""
MIN_FOR_VARIATION = 3
"""Repeats of an experiment below which its coefficient of variation says next to nothing."""

POINTS = 200
"""Points at which the expectation is taken."""
HALVINGS = 40
"""Steps of the bisection."""
MAX_EXPONENT = 700.0
"""Logarithm of a ratio from which it counts as infinite."""
MAX_DISTANCE = 30.0
"""Noncentrality beyond the critical value at which every difference is shown, in standard errors."""


def detectable_difference(
    variation: float, repeats: int, *, confidence: float = CONFIDENCE, power: float = POWER
) -> float | None:
    """Relative difference that Welch's *t* on logarithms shows with probability `power`: 0.1 is 10 % more.

    Both experiments have `repeats` runs, *n*, whose coefficient of variation is `variation`. Shown means that the
    interval of their ratio at the given confidence excludes 1. The difference δ of the logarithms solves

        E[P(T > t(ν))] = power,   T ~ noncentral t(2n - 2, δ / (σ √(2/n)))

    where t(ν) is the quantile (1 + confidence)/2 of Student's distribution, ν = (n - 1)/(B² + (1 - B)²) are Welch's
    degrees of freedom (1947), and B, the first side's part of both variances, has the distribution Beta((n - 1)/2,
    (n - 1)/2) independently of T. The expectation is over B. σ = √ln(1 + variation²) is the standard deviation of the
    logarithm of a log-normal value. (Johnson and Welch, "Applications of the non-central t-distribution", Biometrika
    1940; B follows from the independence of sum and ratio of two χ².) The result is exp(δ) - 1. None for fewer than two
    repeats. Raises ValueError for a negative variation.
    """
    if not variation >= 0:
        raise ValueError("a variation is at least 0")
    if repeats < 2:
        return None
    half = (repeats - 1) / 2
    part = special.betaincinv(half, half, (np.arange(POINTS) + 0.5) / POINTS)
    critical = special.stdtrit((repeats - 1) / (part**2 + (1 - part) ** 2), (1 + confidence) / 2)
    low, high = 0.0, float(critical.max()) + MAX_DISTANCE
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        shown = 1 - float(special.nctdtr(2 * repeats - 2, middle, critical).mean())
        low, high = (middle, high) if shown < power else (low, middle)
    sigma = math.sqrt(2 * math.log(math.hypot(1, variation)))  # √ln(1 + variation²) without an overflow
    exponent = high * sigma * math.sqrt(2 / repeats)
    return math.expm1(exponent) if exponent < MAX_EXPONENT else math.inf


def range_of_repeats(variation: float, confidence: float = CONFIDENCE) -> float:
    """Relative distance from the mean within which that share of repeats lies, if they are normally distributed."""
    return float(special.ndtri((1 + confidence) / 2)) * variation


def typical_variation(found: Iterable[tuple[float, int]]) -> float | None:
    """Median over experiments of the coefficient of variation, from (coefficient, number of repeats) of each.

    With *n* normal values, s²(n - 1)/σ² has a χ² distribution, whose median lies below its mean: s is more often below
    σ than above. So each coefficient is first divided by the square root of median χ²(n - 1)/(n - 1), which is 0.83
    for three repeats. Experiments with fewer than three repeats are left out; None if there is none.
    """
    scaled = sorted(
        variation / math.sqrt(2 * float(special.gammaincinv((runs - 1) / 2, 0.5)) / (runs - 1))
        for variation, runs in found
        if runs >= MIN_FOR_VARIATION
    )
    if not scaled:
        return None
    middle = len(scaled) // 2
    return scaled[middle] if len(scaled) % 2 else (scaled[middle - 1] + scaled[middle]) / 2
