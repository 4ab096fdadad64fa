"""What a reader should know before believing a fit: each doubt is one function that returns a sentence or None."""

import math
from collections.abc import Iterator

import numpy as np
from scipy import stats

from loadstone.theory.likelihood import Problem, minimise
from loadstone.theory.scaling import BOUNDS, Fit, Runs, USLFit

FIRM_LEVELS, FIRM_REPEATS = 4, 5
"""Below these a fit is indicative."""
ASSUMED_NOISE = 0.05
"""Change of throughput that may be noise if no repeats show how much there is, and that is called flat in any case: the
coefficient of variation above which repeats are reported to disagree."""
MIN_CHANGE = 0.01
"""A change not worth naming, however exact the repeats."""
SIGNIFICANT = 0.05
MISFIT = 0.01
"""Lack-of-fit p below which a law is not believed."""


def about(fit: Fit) -> tuple[str, ...]:
    """All doubts about a fit, the gravest first."""
    named = (flat(fit.runs), superlinear(fit), retrograde(fit), misfit(fit))
    rest = (extrapolated(fit), indicative(fit), exact(fit))
    return tuple(doubt for doubt in (*named, *bounds(fit), *rest) if doubt)


def flat(runs: Runs) -> str | None:
    """Throughput is the same at every level, as far as the noise lets one see."""
    means = _log_means(runs)
    lowest, highest = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    change = math.expm1(means[highest] - means[lowest])
    if change > ASSUMED_NOISE and _beyond_noise(runs, lowest, highest, means[highest] - means[lowest], _pairs(runs)):
        return None
    return (
        f"flat: the levels differ by {100 * change:.3g} % in throughput at most; "
        "a constant is a perfect Amdahl curve: it shows nothing about what limited throughput"
    )


def superlinear(fit: Fit) -> str | None:
    """Throughput grows faster than n: no law here allows it, and a bound at 0 would hide it."""
    runs = fit.runs
    each = {level: mean - math.log(level) for level, mean in _log_means(runs).items()}
    first, best = runs.levels[0], max(each, key=each.__getitem__)
    rises = _beyond_noise(runs, first, best, each[best] - each[first], len(each) - 1)
    free = _free_contention(fit)
    if not rises and free is None:
        return None
    seen = [
        f"throughput / n is {math.exp(each[first]):.3g} at n = {first:g} and {math.exp(each[best]):.3g} at {best:g}"
    ]
    if free is not None:
        seen.append(f"a fit without bounds gives {'alpha' if fit.law == 'usl' else 'sigma'} = {free:.2g}")
    return f"superlinear: {'; '.join(seen)}; no scaling law allows this: is work shared out, cached or not yet warm?"


def _free_contention(fit: Fit) -> float | None:
    """α (or σ) fitted without its bound at 0, if that is negative and significantly so."""
    if max(fit.runs.n) <= 1 or any(
        fit.parameters[name].value > 0 for name in ("sigma", "alpha") if name in fit.parameters
    ):
        return None
    (_, highest), beta = BOUNDS["usl" if fit.law == "usl" else "amdahl"]
    problem = Problem.of(fit.runs, fit.weights, (-0.999 / (max(fit.runs.n) - 1), highest), beta)
    free, bounded = minimise(problem), minimise(problem.hold({1: 0.0}))
    spread = max(free.rss, problem.rounding) / problem.freedom
    p = float(stats.f.sf((bounded.rss - free.rss) / spread, 1, problem.freedom))
    return float(free.values[1]) if free.values[1] < 0 and p < SIGNIFICANT else None


def retrograde(fit: Fit) -> str | None:
    """Throughput falls at high n."""
    means = _log_means(fit.runs)
    top = max(means, key=means.__getitem__)
    beyond = {level: mean for level, mean in means.items() if level > top}
    lowest = min(beyond, key=beyond.__getitem__, default=top)
    fall = means[top] - means[lowest]
    cure = "" if fit.law == "usl" else f"; the {fit.law} law can't fall, the usl can"
    if _beyond_noise(fit.runs, top, lowest, fall, _pairs(fit.runs)):
        return (
            f"retrograde: throughput at n = {lowest:g} is {-100 * math.expm1(-fall):.3g} % below that at {top:g}{cure}"
        )
    if isinstance(fit, USLFit) and fit.coherency.low > 0 and fit.peak is not None and fit.peak < fit.runs.levels[-1]:
        return f"retrograde: beta is above 0 beyond doubt and the law's peak, n = {fit.peak:.3g}, within the levels"
    return None


def misfit(fit: Fit) -> str | None:
    """The law misses the means by more than the repeats scatter."""
    if fit.lack_of_fit_p is None or fit.lack_of_fit_p >= MISFIT:
        return None
    return (
        f"lack of fit: the {fit.law} law misses the levels by more than repeats scatter (p = {fit.lack_of_fit_p:.1g})"
    )


def bounds(fit: Fit) -> Iterator[str]:
    """Parameters at a bound, and intervals that end at one or nowhere."""
    limits = dict(zip((name for name in fit.parameters if name not in ("x1", "gamma")), BOUNDS[fit.law], strict=False))
    for name, found in fit.parameters.items():
        low, high = limits.get(name, (0.0, math.inf))
        if found.value in (low, high):
            yield f"{name} is at its bound {found.value:g}: its interval is one-sided"
        elif found.low == low:
            yield f"the interval of {name} ends at the bound {low:g}: the data don't tell {name} from {low:g}"
        elif found.high == high < math.inf:
            yield f"the interval of {name} ends at the bound {high:g}: the data don't tell {name} from {high:g}"
        if found.high == math.inf:
            yield f"the data set no upper limit to {name}"


def extrapolated(fit: Fit) -> str | None:
    """The peak lies where nothing was measured."""
    if fit.peak is None or fit.peak <= fit.runs.levels[-1]:
        return None
    return f"the peak, n = {fit.peak:.3g}, is extrapolated: the largest n measured is {fit.runs.levels[-1]:g}"


def indicative(fit: Fit) -> str | None:
    """Few levels or repeats."""
    levels, repeats = len(fit.runs.levels), fit.runs.repeats
    if levels >= FIRM_LEVELS and repeats >= FIRM_REPEATS:
        return None
    untested = "; with no more levels than parameters, the law's form is not tested" * (levels <= len(fit.parameters))
    return (
        f"indicative: {levels} levels, the thinnest of {repeats} run{'s' * (repeats != 1)}; "
        f"a firm fit has {FIRM_LEVELS} levels of {FIRM_REPEATS} or more{untested}"
    )


def exact(fit: Fit) -> str | None:
    """No scatter at all, as measured data never are."""
    if fit.rss > fit.rounding:
        return None
    return "the runs lie on the curve to the last digit, as measured ones never do: the intervals mean nothing"


def _log_means(runs: Runs) -> dict[float, float]:
    return {level: float(np.mean(np.log(values))) for level, values in runs.by_level.items()}


def _pairs(runs: Runs) -> int:
    return math.comb(len(runs.levels), 2)


def _beyond_noise(runs: Runs, one: float, other: float, change: float, comparisons: int) -> bool:
    """Whether a change of the mean logarithm from level `one` to `other` is more than noise, and worth naming.

    By Student t on the pooled scatter of repeats, Bonferroni-corrected for the `comparisons` it was picked from; by
    `ASSUMED_NOISE` where there are no repeats.
    """
    of_level = runs.by_level
    freedom = len(runs.n) - len(of_level)
    if freedom == 0:
        return change > math.log1p(ASSUMED_NOISE)
    squares = sum(float(np.var(np.log(values))) * len(values) for values in of_level.values())
    error = math.sqrt(squares / freedom * (1 / len(of_level[one]) + 1 / len(of_level[other])))
    quantile = float(stats.t.ppf(1 - SIGNIFICANT / 2 / comparisons, freedom))
    return change > max(quantile * error, math.log1p(MIN_CHANGE))
