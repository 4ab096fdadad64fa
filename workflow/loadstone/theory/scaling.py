"""Scaling laws: throughput over the number of something that was swept.

A fit is an object whose methods answer questions about it; `loadstone.theory.fitting` makes them. A good fit proves
nothing by itself: data that do not change at all are a perfect Amdahl curve with σ = 1, whatever held them back.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

LawName = Literal["linear", "amdahl", "usl", "capped"]
Weights = Literal["relative", "equal"]
"""`relative`: residuals are log X - log X(n), since a run's noise grows with its throughput. `equal`: X - X(n)."""
Number = TypeVar("Number", float, NDArray[np.float64])

BOUNDS: dict[LawName, tuple[tuple[float, float], tuple[float, float]]] = {
    "linear": ((0, 0), (0, 0)),
    "amdahl": ((0, 1), (0, 0)),
    "usl": ((0, math.inf), (0, math.inf)),
}
"""Of contention (α, or Amdahl's σ) and coherency (β): what is physically possible. X₁ and γ are always free. The capped
law of `loadstone.theory.capped` has neither."""
EXACT = 1e-7
"""Residuals below this share of a value are rounding, not noise."""


class NotIdentifiable(ValueError):
    """The runs do not determine the law's parameters; the message says why."""


def linear(workers: Number, unit_throughput: float) -> Number:
    """X(n) = X₁·n: nothing is shared, nothing waits. The null hypothesis of the other laws."""
    return unit_throughput * workers


def amdahl(workers: Number, unit_throughput: float, serial_fraction: float) -> Number:
    """X(n) = X₁·n / (1 + σ(n - 1)): Amdahl 1967, for throughput as in Gunther, Guerrilla Capacity Planning, 2007."""
    return unit_throughput * workers / (1 + serial_fraction * (workers - 1))


def usl(workers: Number, unit_throughput: float, contention: float, coherency: float) -> Number:
    """X(n) = γ·n / (1 + α(n - 1) + β·n(n - 1)): the universal scalability law (Gunther 2007), Amdahl's where β = 0."""
    return unit_throughput * workers / (1 + contention * (workers - 1) + coherency * workers * (workers - 1))


def serial_fraction(fewer: float, few_throughput: float, more: float, throughput: float) -> float | None:
    """Amdahl's σ that two levels follow exactly; with one worker as the first, Karp & Flatt's serial fraction e.

    σ = (m/k - r)/(r(m - 1) - (m/k)(k - 1)) for k and m workers and the ratio r of their throughputs; with k = 1 it is
    (1/r - 1/m)/(1 - 1/m) (Karp & Flatt, CACM 33(5), 1990). Negative where throughput grows faster than the number of
    workers. None where no σ makes the two.
    """
    ratio, growth = throughput / few_throughput, more / fewer
    share = ratio * (more - 1) - growth * (fewer - 1)
    return (growth - ratio) / share if share > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A fitted parameter."""

    value: float
    low: float
    """Lower end of the 95 % interval by profile likelihood; the parameter's bound where the data reach no further."""
    high: float
    """Upper end; infinite where the data set no limit."""
    stderr: float | None
    """Standard error by lmfit from the curvature at the optimum; None at a bound, where the curvature says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """What was measured: for each run the swept number n and the throughput, repeats of a level as further entries."""

    n: tuple[float, ...]
    throughput: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.n) != len(self.throughput):
            raise ValueError("a throughput is needed for every number of workers")
        if not all(math.isfinite(value) and value > 0 for value in (*self.n, *self.throughput)):
            raise ValueError("a number of workers or a throughput is not positive")

    @staticmethod
    def of(n: Sequence[float], throughput: Sequence[float]) -> "Runs":
        """Take any sequences. Raises ValueError for values that are not positive, and for unequal lengths."""
        return Runs(n=tuple(float(value) for value in n), throughput=tuple(float(value) for value in throughput))

    @property
    def by_level(self) -> dict[float, list[float]]:
        """The throughputs of each level, levels ascending."""
        return {level: [x for n, x in zip(self.n, self.throughput, strict=True) if n == level] for level in self.levels}

    @property
    def levels(self) -> tuple[float, ...]:
        """The different values of n, ascending."""
        return tuple(sorted(set(self.n)))

    @property
    def repeats(self) -> int:
        """Runs of the level that has fewest."""
        return min(self.n.count(level) for level in self.levels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit(ABC):
    """A law, fitted to runs."""

    law: ClassVar[LawName]
    unit_throughput: Estimate
    """X₁ (γ in the universal law), requests/s of one worker: estimated from all runs, not the one measured point."""
    runs: Runs
    weights: Weights
    rss: float
    """Sum of the squared residuals; dimensionless with relative weights, else in squared units of throughput."""
    lack_of_fit_p: float | None
    """p-value of the F test of misfit against the scatter of repeats: below 0.01 the law is not the one that made the
    data. None without repeats, and where the law has as many parameters as the data have levels."""
    warnings: tuple[str, ...]
    """What a reader should know before believing the figures, one sentence each."""

    @property
    @abstractmethod
    def parameters(self) -> dict[str, Estimate]:
        """The estimates by the names that results and JSON use."""

    @abstractmethod
    def throughput(self, workers: float) -> float:
        """Requests/s with `workers` workers."""

    @property
    @abstractmethod
    def max_speedup(self) -> float:
        """What no number of workers exceeds, relative to one worker; may be infinite."""

    @property
    def measured_speedup(self) -> float:
        """The highest mean of a level over one worker's throughput as fitted: a greatest speedup below it is wrong."""
        return max(float(np.mean(xs)) for xs in self.runs.by_level.values()) / self.unit_throughput.value

    @property
    def peak(self) -> float | None:
        """Number of workers beyond which throughput falls; None for laws that never fall."""
        return None

    def speedup(self, workers: float) -> float:
        """Throughput relative to one worker's, both as fitted."""
        return self.throughput(workers) / self.unit_throughput.value

    def efficiency(self, workers: float) -> float:
        """Speedup per worker: 1 if each does as much as one alone."""
        return self.speedup(workers) / workers

    @property
    def residuals(self) -> tuple[float, ...]:
        """Measured against fitted, run by run: log X - log X(n) with relative weights, else X - X(n) in requests/s."""
        pairs = [(x, self.throughput(n)) for n, x in zip(self.runs.n, self.runs.throughput, strict=True)]
        return tuple(math.log(x / model) if self.weights == "relative" else x - model for x, model in pairs)

    @property
    def karp_flatt(self) -> dict[float, float]:
        """Serial fraction by level n > 1: (1/S - 1/n) / (1 - 1/n), S being the level's mean throughput over X₁.

        Karp & Flatt, CACM 33(5), 1990, with X₁ as fitted. It is constant if Amdahl's law holds; if it rises with n,
        there is overhead that grows with the workers.
        """
        speedups = {n: float(np.mean(xs)) / self.unit_throughput.value for n, xs in self.runs.by_level.items() if n > 1}
        return {n: (1 / speedup - 1 / n) / (1 - 1 / n) for n, speedup in speedups.items()}

    @property
    def freedom(self) -> int:
        """Degrees of freedom: runs less parameters, those at a bound counted too."""
        return len(self.runs.n) - len(self.parameters)

    @property
    def aicc(self) -> float | None:
        """N ln(RSS/N) + 2K + 2K(K + 1)/(N - K - 1), the variance counted in K (Burnham & Anderson 2002, 2.4.1).

        Comparable between fits of the same runs with the same weights. None where N ≤ K + 1.
        """
        runs, counted = len(self.runs.n), len(self.parameters) + 1
        if runs <= counted + 1:
            return None
        correction = 2 * counted * (counted + 1) / (runs - counted - 1)
        return runs * math.log(max(self.rss, self.rounding) / runs) + 2 * counted + correction

    @property
    def rounding(self) -> float:
        """Sum of squared residuals below which the data lie on the curve to the last digit."""
        scale = 1.0 if self.weights == "relative" else math.exp(np.mean(np.log(self.runs.throughput)))
        return len(self.runs.n) * (EXACT * scale) * (EXACT * scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearFit(Fit):
    """X(n) = X₁·n, fitted."""

    law = "linear"

    @property
    def parameters(self) -> dict[str, Estimate]:
        """`x1`."""
        return {"x1": self.unit_throughput}

    def throughput(self, workers: float) -> float:
        """Requests/s with `workers` workers."""
        return linear(workers, self.unit_throughput.value)

    @property
    def max_speedup(self) -> float:
        """Infinite."""
        return math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class AmdahlFit(Fit):
    """X(n) = X₁·n / (1 + σ(n - 1)), fitted."""

    law = "amdahl"
    serial_fraction: Estimate
    """σ, in [0, 1]: the share of the work that can't be done in parallel."""

    @property
    def parameters(self) -> dict[str, Estimate]:
        """`sigma` and `x1`."""
        return {"sigma": self.serial_fraction, "x1": self.unit_throughput}

    def throughput(self, workers: float) -> float:
        """Requests/s with `workers` workers."""
        return amdahl(workers, self.unit_throughput.value, self.serial_fraction.value)

    @property
    def max_speedup(self) -> float:
        """1/σ: what no number of workers exceeds; infinite where σ is 0."""
        return 1 / self.serial_fraction.value if self.serial_fraction.value > 0 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class USLFit(Fit):
    """X(n) = γ·n / (1 + α(n - 1) + β·n(n - 1)), fitted."""

    law = "usl"
    contention: Estimate
    """α ≥ 0: waiting for what is shared, as σ in Amdahl's law."""
    coherency: Estimate
    """β ≥ 0: keeping each worker's data consistent with every other's; what makes throughput fall."""

    @property
    def parameters(self) -> dict[str, Estimate]:
        """`alpha`, `beta` and `gamma`."""
        return {"alpha": self.contention, "beta": self.coherency, "gamma": self.unit_throughput}

    def throughput(self, workers: float) -> float:
        """Requests/s with `workers` workers."""
        return usl(workers, self.unit_throughput.value, self.contention.value, self.coherency.value)

    @property
    def peak(self) -> float | None:
        """n* = √((1 - α)/β) (Gunther 2007); None where throughput never falls (β = 0) or always does (α ≥ 1)."""
        alpha, beta = self.contention.value, self.coherency.value
        return math.sqrt((1 - alpha) / beta) if beta > 0 and alpha < 1 else None

    @property
    def max_throughput(self) -> float:
        """Requests/s at the peak, or at one worker where throughput falls from there; the limit γ/α without a peak."""
        return self.max_speedup * self.unit_throughput.value

    @property
    def max_speedup(self) -> float:
        """Throughput at the peak relative to one worker's; the limit 1/α without a peak, infinite where α is 0 too."""
        if self.peak is not None:
            return self.speedup(max(self.peak, 1.0))
        alpha = self.contention.value
        return math.inf if alpha == 0 else max(1.0, 1 / alpha)
