"""How much runs scatter, how far a law is from them, and whether that is more than scatter explains.

Repeats show the scatter. Without repeats it is taken to be `ASSUMED_NOISE`, or what neighbouring levels show if that is
more: each level's throughput is compared with a straight line between its two neighbours on logarithmic scales (Gasser,
Sroka & Jennen-Steinmetz, Biometrika 73, 1986). The median of these differences counts, since a single bend, as that of
a hard cap, is no scatter.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from loadstone.theory.scaling import Fit, Runs

ASSUMED_NOISE = 0.05
"""Standard deviation of throughput between runs that is assumed if no repeats show it, as a share: the coefficient of
variation above which repeats are reported to disagree."""
MIN_NEIGHBOURS = 8
"""Levels below which neighbouring levels show no scatter."""
NORMAL_MEDIAN = 0.6745
"""Median of the absolute value of a standard normal variable."""
MISFIT = 0.01
"""Probability below which scatter does not explain what a law misses by, so that the law is not believed."""

Source = Literal["repeats", "neighbouring levels", "assumed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How much throughput scatters between runs."""

    share: float
    """Standard deviation of the logarithm of throughput."""
    freedom: float
    """Degrees of freedom of that figure; infinite if it is assumed."""
    source: Source
    """What shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """The level that a law misses most."""

    n: float
    measured: float
    """Mean over the level's runs, requests/s."""
    fitted: float
    """By the law, requests/s."""

    @property
    def share(self) -> float:
        """The difference over what was measured."""
        return abs(self.fitted - self.measured) / self.measured


def noise_of(runs: Runs) -> Noise:
    """Estimate how much runs scatter."""
    of_level = runs.by_level
    freedom = len(runs.n) - len(of_level)
    if freedom:
        squares = sum(float(np.var(np.log(values))) * len(values) for values in of_level.values())
        return Noise(share=math.sqrt(squares / freedom), freedom=freedom, source="repeats")
    if len(of_level) >= MIN_NEIGHBOURS and (distances := list(_beside_neighbours(runs))):
        scatter = float(np.median(distances)) / NORMAL_MEDIAN
        if scatter > ASSUMED_NOISE:
            return Noise(share=scatter, freedom=len(of_level) - 2, source="neighbouring levels")
    return Noise(share=ASSUMED_NOISE, freedom=math.inf, source="assumed")


def _beside_neighbours(runs: Runs) -> Iterator[float]:
    """For each level with two neighbours, the distance from the line between them, in units of one run's scatter."""
    n = np.log(runs.levels)
    x = np.array([float(np.mean(np.log(values))) for values in runs.by_level.values()])
    for i in range(1, len(n) - 1):
        if n[i + 1] <= n[i - 1]:  # levels that differ by rounding only
            continue
        share = (n[i + 1] - n[i]) / (n[i + 1] - n[i - 1])
        distance = x[i] - share * x[i - 1] - (1 - share) * x[i + 1]
        yield abs(float(distance)) / math.sqrt(1 + share**2 + (1 - share) ** 2)


def largest_miss(fit: Fit) -> Miss:
    """Find the level at which the law is farthest from the mean of the runs, relative to it."""
    misses = (Miss(n=n, measured=float(np.mean(xs)), fitted=fit.throughput(n)) for n, xs in fit.runs.by_level.items())
    return max(misses, key=lambda miss: miss.share)


def misfit_p(fit: Fit) -> float | None:
    """Return the probability of residuals as large as these if the law held; None where nothing can be said.

    The smaller of two: the F test of level means against repeats, `Fit.lack_of_fit_p`, and the test of all residuals
    against the noise, which is at least `ASSUMED_NOISE` there. The second holds without repeats as well.
    """
    known = [p for p in (fit.lack_of_fit_p, _beyond_floor(fit)) if p is not None]
    return min(known, default=None)


def misses(fit: Fit) -> bool:
    """Whether the law misses the runs by more than scatter explains."""
    p = misfit_p(fit)
    return p is not None and p < MISFIT


def _beyond_floor(fit: Fit) -> float | None:
    """Test of all residuals against the noise: chi-square where it is assumed, F where it was estimated."""
    if fit.freedom < 1:
        return None
    noise = noise_of(fit.runs)
    floor = max(noise.share, ASSUMED_NOISE)
    squares = fit.rss / (floor * _scale(fit)) ** 2
    if noise.share > ASSUMED_NOISE:
        return float(stats.f.sf(squares / fit.freedom, fit.freedom, noise.freedom))
    return float(stats.chi2.sf(squares, fit.freedom))


def _scale(fit: Fit) -> float:
    """What a residual is relative to: 1 for logarithms, else the runs' typical throughput (root mean square)."""
    if fit.weights == "relative":
        return 1.0
    return math.sqrt(float(np.mean(np.square(fit.runs.throughput))))
