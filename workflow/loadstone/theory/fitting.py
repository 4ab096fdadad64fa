"""Fit scaling laws to runs, and choose among them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from loadstone.theory import caveats
from loadstone.theory.capped import CappedFit, CapProblem
from loadstone.theory.likelihood import Problem, estimate, minimise
from loadstone.theory.scaling import (
    BOUNDS,
    AmdahlFit,
    Estimate,
    Fit,
    LawName,
    LinearFit,
    NotIdentifiable,
    Runs,
    USLFit,
    Weights,
)

MIN_LEVELS = 3
"""Two parameters fit any two levels exactly, and one level shows no growth."""
MIN_RUNS: dict[LawName, int] = {"linear": 3, "amdahl": 3, "usl": 4, "capped": 3}
"""At least one run per level, and one more than the law has parameters: otherwise there is no scatter to judge by."""
SIGNIFICANT = 0.05
"""A law with more parameters is chosen if the nested F test rejects the smaller law at this level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawComparison:
    """One comparison of a law with another: a larger one that contains it, or a hard cap."""

    smaller: LawName
    larger: LawName
    """The other law; `capped` contains the linear law, and has as many parameters as Amdahl's."""
    p: float | None
    """p-value of the nested F test: the probability of such an improvement if the smaller law were true. None if the
    other law does not contain it."""
    aicc_gain: float | None
    """AICc of the smaller law minus AICc of the other law: positive if the other law is worth its parameters."""
    taken: bool
    """Whether the other law was chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The law that describes the runs best, and why."""

    fit: Fit
    steps: tuple[LawComparison, ...]


def fit_amdahl(n: Sequence[float], throughput: Sequence[float], weights: Weights = "relative") -> AmdahlFit:
    """Fit Amdahl's law to runs: the swept number and the throughput (requests/s) of each, repeats as further entries.

    Raises `NotIdentifiable` for too few levels or runs, and ValueError for values that are not positive.
    """
    return cast(AmdahlFit, fit_law("amdahl", Runs.of(n, throughput), weights))


def fit_usl(n: Sequence[float], throughput: Sequence[float], weights: Weights = "relative") -> USLFit:
    """Fit the universal scalability law to runs; arguments and errors as in `fit_amdahl`."""
    return cast(USLFit, fit_law("usl", Runs.of(n, throughput), weights))


def fit_law(law: LawName, runs: Runs, weights: Weights = "relative") -> Fit:
    """Fit a law by name. Raises `NotIdentifiable` if the runs do not determine its parameters."""
    require_enough(law, runs)
    if law == "capped":
        return _fit_capped(runs, weights)
    problem = Problem.of(runs, weights, *BOUNDS[law])
    best = minimise(problem)
    unit_throughput, *shape = (estimate(problem, best, index) for index in problem.free)
    common: dict[str, Any] = {
        "unit_throughput": unit_throughput,
        "runs": runs,
        "weights": weights,
        "rss": best.rss if weights == "relative" else best.rss * problem.unit * problem.unit,
        "lack_of_fit_p": _lack_of_fit(problem.residuals(best.values), runs, len(problem.free), problem.rounding),
        "warnings": (),
    }
    fit: Fit
    if law == "usl":
        fit = USLFit(contention=shape[0], coherency=shape[1], **common)
    elif law == "amdahl":
        fit = AmdahlFit(serial_fraction=shape[0], **common)
    else:
        fit = LinearFit(**common)
    return replace(fit, warnings=caveats.about(fit))


def _fit_capped(runs: Runs, weights: Weights) -> CappedFit:
    problem = CapProblem(runs, weights)
    found = problem.fit()
    fit = CappedFit(
        unit_throughput=problem.estimate("x1", found),
        cap=problem.estimate("cap", found),
        runs=runs,
        weights=weights,
        rss=found.rss,
        lack_of_fit_p=None,
        warnings=(),
    )
    p = _lack_of_fit(np.array(fit.residuals), runs, len(fit.parameters), fit.rounding)
    fit = replace(fit, lack_of_fit_p=p)
    return replace(fit, warnings=caveats.about(fit))


def fit_best(runs: Runs, weights: Weights = "relative") -> Choice:
    """Choose the smallest of the linear, Amdahl's and the universal law that no larger one improves on, or a hard cap.

    Starting from the linear law, the larger law is chosen if the nested F test rejects the smaller one (p below
    `SIGNIFICANT`). AICc is reported but does not decide: with few runs, its penalty outweighs even a throughput that
    visibly falls. The hard cap contains the linear law but none of the others. It is chosen over what was chosen so far
    if its AIC is lower by `caveats.MIN_GAIN` (`caveats.gain_of_cap`) and the nested F test rejects the linear law.
    Raises `NotIdentifiable` if not even the linear law can be fitted.
    """
    chosen = linear = fit_law("linear", runs, weights)
    steps = []
    larger: LawName
    for larger in ("amdahl", "usl"):
        try:
            fit = fit_law(larger, runs, weights)
        except NotIdentifiable:
            continue
        p = nested_p(chosen, fit)
        taken = p < SIGNIFICANT
        steps.append(
            LawComparison(smaller=chosen.law, larger=larger, p=p, aicc_gain=_aicc_gain(chosen, fit), taken=taken)
        )
        if taken:
            chosen = fit
    gain = caveats.gain_of_cap(chosen)
    if gain is not None:
        cap = _fit_capped(runs, weights)
        p = nested_p(linear, cap)
        taken = gain >= caveats.MIN_GAIN and p < SIGNIFICANT
        steps.append(
            LawComparison(
                smaller=chosen.law,
                larger="capped",
                p=p if chosen is linear else None,
                aicc_gain=_aicc_gain(chosen, cap),
                taken=taken,
            )
        )
        chosen = cap if taken else chosen
    return Choice(fit=chosen, steps=tuple(steps))


def _aicc_gain(one: Fit, other: Fit) -> float | None:
    return one.aicc - other.aicc if one.aicc is not None and other.aicc is not None else None


def nested_p(smaller: Fit, larger: Fit) -> float:
    """p-value of F = ((RSS₁ - RSS₂)/(p₂ - p₁)) / (RSS₂/(N - p₂)) for a law against a larger one that contains it.

    The extra-sum-of-squares test (Bates & Watts 1988, chapter 3). Both must be fits of the same runs with the same
    weights. At a bound, such as β = 0, the test errs towards the smaller law.
    """
    more = len(larger.parameters) - len(smaller.parameters)
    gain = max(0.0, smaller.rss - max(larger.rss, larger.rounding)) / more
    return float(stats.f.sf(gain / (max(larger.rss, larger.rounding) / larger.freedom), more, larger.freedom))


def throughput_interval(fit: Fit, workers: float) -> Estimate:
    """Estimate the law's throughput at a number of workers, requests/s, with its 95 % interval: the band of the fit.

    The law is rescaled from X(1) to X(workers), so that the profile of the scale is the profile of the throughput.
    """
    if fit.law == "capped":
        of_cap = CapProblem(fit.runs, fit.weights)
        return of_cap.throughput_interval(workers, of_cap.fit())
    problem = replace(Problem.of(fit.runs, fit.weights, *BOUNDS[fit.law]), reference=workers)
    return estimate(problem, minimise(problem), 0)


def require_enough(law: LawName, runs: Runs) -> None:
    """Raise `NotIdentifiable` if the runs do not determine the law."""
    levels, count = len(runs.levels), len(runs.n)
    if levels < MIN_LEVELS:
        raise NotIdentifiable(f"{levels} level{'s' * (levels != 1)}; a fit needs at least {MIN_LEVELS}")
    if count < MIN_RUNS[law]:
        raise NotIdentifiable(f"{count} runs; a fit of the {law} law needs at least {MIN_RUNS[law]}")


def _lack_of_fit(residuals: NDArray[np.float64], runs: Runs, parameters: int, rounding: float) -> float | None:
    """F test of the misfit of level means against the pure error of repeats (Draper & Smith 1998, 2.1)."""
    n = np.array(runs.n)
    pure = sum(float(((of := residuals[n == level]) - of.mean()) @ (of - of.mean())) for level in runs.levels)
    pure_freedom = len(runs.n) - len(runs.levels)
    misfit_freedom = len(runs.levels) - parameters
    if pure_freedom == 0 or misfit_freedom == 0:
        return None
    misfit = max(0.0, float(residuals @ residuals) - pure) / misfit_freedom
    return float(stats.f.sf(misfit / (max(pure, rounding) / pure_freedom), misfit_freedom, pure_freedom))
