"""Fit scaling laws to runs, and choose among them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from scipy import stats

from loadstone.theory import caveats
from loadstone.theory.likelihood import Minimum, Problem, estimate, minimise
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
MIN_RUNS: dict[LawName, int] = {"linear": 3, "amdahl": 3, "usl": 4}
"""At least one run per level, and one more than the law has parameters: otherwise there is no scatter to judge by."""
SIGNIFICANT = 0.05
"""A law with more parameters is chosen if the nested F test rejects the smaller law at this level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawComparison:
    """One comparison of a law with the larger one that contains it."""

    smaller: LawName
    larger: LawName
    p: float | None
    """p-value of the nested F test: the probability of such an improvement if the smaller law were true."""
    aicc_gain: float | None
    """AICc of the smaller law minus AICc of the larger law: positive if the larger law is worth its parameters."""
    taken: bool
    """Whether the larger law was chosen."""


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
    problem = Problem.of(runs, weights, *BOUNDS[law])
    best = minimise(problem)
    unit_throughput, *shape = (estimate(problem, best, index) for index in problem.free)
    common: dict[str, Any] = {
        "unit_throughput": unit_throughput,
        "runs": runs,
        "weights": weights,
        "rss": best.rss if weights == "relative" else best.rss * problem.unit * problem.unit,
        "lack_of_fit_p": _lack_of_fit(problem, best, runs),
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


def fit_best(runs: Runs, weights: Weights = "relative") -> Choice:
    """Choose the smallest of the linear, Amdahl's and the universal law that no larger one improves on.

    Starting from the linear law, the larger law is chosen if the nested F test rejects the smaller one (p below
    `SIGNIFICANT`). AICc is reported but does not decide: with few runs, its penalty outweighs even a throughput that
    visibly falls. Raises `NotIdentifiable` if not even the linear law can be fitted.
    """
    chosen = fit_law("linear", runs, weights)
    steps = []
    larger: LawName
    for larger in ("amdahl", "usl"):
        try:
            fit = fit_law(larger, runs, weights)
        except NotIdentifiable:
            continue
        p = nested_p(chosen, fit)
        gain = chosen.aicc - fit.aicc if chosen.aicc is not None and fit.aicc is not None else None
        taken = p < SIGNIFICANT
        steps.append(LawComparison(smaller=chosen.law, larger=larger, p=p, aicc_gain=gain, taken=taken))
        if taken:
            chosen = fit
    return Choice(fit=chosen, steps=tuple(steps))


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
    problem = replace(Problem.of(fit.runs, fit.weights, *BOUNDS[fit.law]), reference=workers)
    return estimate(problem, minimise(problem), 0)


def require_enough(law: LawName, runs: Runs) -> None:
    """Raise `NotIdentifiable` if the runs do not determine the law."""
    levels, count = len(runs.levels), len(runs.n)
    if levels < MIN_LEVELS:
        raise NotIdentifiable(f"{levels} level{'s' * (levels != 1)}; a fit needs at least {MIN_LEVELS}")
    if count < MIN_RUNS[law]:
        raise NotIdentifiable(f"{count} runs; a fit of the {law} law needs at least {MIN_RUNS[law]}")


def _lack_of_fit(problem: Problem, best: Minimum, runs: Runs) -> float | None:
    """F test of the misfit of level means against the pure error of repeats (Draper & Smith 1998, 2.1)."""
    residuals = problem.residuals(best.values)
    pure = sum(float(((of := residuals[problem.n == level]) - of.mean()) @ (of - of.mean())) for level in runs.levels)
    pure_freedom = len(runs.n) - len(runs.levels)
    misfit_freedom = len(runs.levels) - len(problem.free)
    if pure_freedom == 0 or misfit_freedom == 0:
        return None
    misfit = max(0.0, best.rss - pure) / misfit_freedom
    return float(stats.f.sf(misfit / (max(pure, problem.rounding) / pure_freedom), misfit_freedom, pure_freedom))
