"""Fitting scaling laws to runs, and choosing among them."""

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
"""Two parameters go through any two levels exactly, and one level says nothing about growth."""
MIN_RUNS: dict[LawName, int] = {"linear": 3, "amdahl": 3, "usl": 4}
"""One more than the law has parameters, or there is no scatter left to draw an interval from; and one a level."""
SIGNIFICANT = 0.05
"""A law with more parameters is chosen where the nested F test rejects the smaller one at this level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One comparison of a law with the larger one that contains it."""

    smaller: LawName
    larger: LawName
    p: float | None
    """Of the nested F test: how likely so much improvement would be if the smaller law were the true one."""
    aicc_gain: float | None
    """AICc of the smaller less that of the larger law: positive where the larger one is worth its parameters."""
    taken: bool
    """Whether the larger law was preferred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The law that describes the runs best, and why."""

    fit: Fit
    steps: tuple[Step, ...]


def fit_amdahl(n: Sequence[float], throughput: Sequence[float], weights: Weights = "relative") -> AmdahlFit:
    """Fit Amdahl's law to runs: the swept number and the throughput (requests/s) of each, repeats as further entries.

    Raises `NotIdentifiable` where there are too few levels or runs, and ValueError for values that are not positive.
    """
    return cast(AmdahlFit, fit_law("amdahl", Runs.of(n, throughput), weights))


def fit_usl(n: Sequence[float], throughput: Sequence[float], weights: Weights = "relative") -> USLFit:
    """Fit the universal scalability law, as `fit_amdahl` does Amdahl's."""
    return cast(USLFit, fit_law("usl", Runs.of(n, throughput), weights))


def fit_law(law: LawName, runs: Runs, weights: Weights = "relative") -> Fit:
    """Fit a law by name. Raises `NotIdentifiable` where the runs can't determine its parameters."""
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
    """Choose the smallest of linear, Amdahl's and the universal law that no larger one improves on.

    From the linear law upwards: the larger law is taken where the nested F test rejects the smaller one (p below
    `SIGNIFICANT`). AICc is stated beside it and does not decide: with a handful of runs its penalty alone outweighs a
    throughput that visibly falls. Raises `NotIdentifiable` where not even the linear law can be fitted.
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
        steps.append(Step(smaller=chosen.law, larger=larger, p=p, aicc_gain=gain, taken=taken))
        if taken:
            chosen = fit
    return Choice(fit=chosen, steps=tuple(steps))


def nested_p(smaller: Fit, larger: Fit) -> float:
    """p-value of F = ((RSS₁ - RSS₂)/(p₂ - p₁)) / (RSS₂/(N - p₂)) for a law against a larger one that contains it.

    Both must be fits of the same runs with the same weights. At a bound (β = 0 is one) the test errs towards the
    smaller law.
    """
    more = len(larger.parameters) - len(smaller.parameters)
    gain = max(0.0, smaller.rss - max(larger.rss, larger.rounding)) / more
    return float(stats.f.sf(gain / (max(larger.rss, larger.rounding) / larger.freedom), more, larger.freedom))


def throughput_interval(fit: Fit, workers: float) -> Estimate:
    """Estimate the law's throughput at a number of workers, requests/s: with its 95 % interval, the band of the fit.

    The scale of the law is moved from X(1) to X(workers), so the profile of the scale is that of the throughput.
    """
    problem = replace(Problem.of(fit.runs, fit.weights, *BOUNDS[fit.law]), reference=workers)
    return estimate(problem, minimise(problem), 0)


def require_enough(law: LawName, runs: Runs) -> None:
    """Raise `NotIdentifiable` where the runs can't determine the law."""
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
