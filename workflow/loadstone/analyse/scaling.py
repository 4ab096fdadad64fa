"""Scaling laws: throughput over the number of something that was swept.

A fit is an object whose methods answer questions about it. A good fit proves nothing by itself: data that do not change
at all are a perfect Amdahl curve with σ = 1, whatever held them back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import lmfit
import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])

FEWEST_LEVELS = 3
"""Two parameters go through any two levels exactly."""


def amdahl(workers: Number, unit_throughput: float, serial_fraction: float) -> Number:
    """X(n) = X₁·n / (1 + σ(n - 1)): Amdahl 1967, for throughput as in Gunther, Guerrilla Capacity Planning, 2007."""
    return unit_throughput * workers / (1 + serial_fraction * (workers - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class AmdahlFit:
    """Amdahl's law, fitted."""

    unit_throughput: float
    """X₁, requests/s of one worker: estimated from all runs, not the one measured point."""
    serial_fraction: float
    """σ, in [0, 1]: the share of the work that can't be done in parallel."""

    def throughput(self, workers: float) -> float:
        """Requests/s with `workers` workers."""
        return amdahl(workers, self.unit_throughput, self.serial_fraction)

    def speedup(self, workers: float) -> float:
        """Throughput relative to one worker's."""
        return self.throughput(workers) / self.unit_throughput

    @property
    def max_speedup(self) -> float:
        """1/σ: what no number of workers exceeds; infinite where σ is 0."""
        return 1 / self.serial_fraction if self.serial_fraction > 0 else float("inf")


def fit_amdahl(workers: Sequence[float], throughput: Sequence[float]) -> AmdahlFit:
    """Fit Amdahl's law to runs: number of workers and throughput (requests/s) of each, repeats as further entries.

    Residuals are relative, as log X - log X(n): the noise of a run grows with its throughput. Raises ValueError where
    there are fewer than `FEWEST_LEVELS` different numbers of workers, or values that are not positive.
    """
    n, x = np.asarray(workers, float), np.asarray(throughput, float)
    if len(np.unique(n)) < FEWEST_LEVELS:
        raise ValueError(f"{len(np.unique(n))} levels; a fit needs at least {FEWEST_LEVELS}")
    if not (np.isfinite(n).all() and np.isfinite(x).all() and (n > 0).all() and (x > 0).all()):
        raise ValueError("a number of workers or a throughput is not positive")

    def residuals(parameters: lmfit.Parameters) -> NDArray[np.float64]:
        model = amdahl(n, parameters["x1"].value, parameters["sigma"].value)
        return np.asarray(np.log(x) - np.log(model))

    start = lmfit.Parameters()
    start.add("x1", value=float((x / n).max()), min=0)
    start.add("sigma", value=0.1, min=0, max=1)
    best = lmfit.minimize(residuals, start).params
    return AmdahlFit(unit_throughput=best["x1"].value, serial_fraction=best["sigma"].value)
