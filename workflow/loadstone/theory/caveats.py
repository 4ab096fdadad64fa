"""What a reader should know before believing a fit: each doubt is one function that returns a sentence or None."""

import math
from collections.abc import Iterator

import numpy as np
from scipy import stats

from loadstone.theory.capped import CappedFit, CapProblem
from loadstone.theory.likelihood import Problem, minimise
from loadstone.theory.misfit import ASSUMED_NOISE, Noise, largest_miss, misses, noise_of
from loadstone.theory.scaling import BOUNDS, Fit, NotIdentifiable, Runs, USLFit, Weights

FIRM_LEVELS, FIRM_REPEATS = 4, 5
"""Below these a fit is indicative."""
MIN_CHANGE = 0.01
"""A change not worth naming, however exact the repeats."""
SIGNIFICANT = 0.05
MIN_GAIN = 4.0
"""Difference of AIC from which one of two laws describes the runs better: the other has considerably less support
(Burnham & Anderson 2002, 2.6)."""
MIN_BEYOND = 2
"""Levels beyond a peak without which single runs do not show that throughput falls."""
MIN_PLATEAU = 2
"""Levels on a plateau without which no hard cap shows."""


def about(fit: Fit) -> tuple[str, ...]:
    """All doubts about a fit, the gravest first."""
    named = (misfit(fit), flat(fit.runs), superlinear(fit), retrograde(fit), hard_cap(fit), exceeded(fit))
    rest = (extrapolated(fit), short_plateau(fit), indicative(fit), exact(fit))
    return tuple(doubt for doubt in (*named, *bounds(fit), *rest) if doubt)


def misfit(fit: Fit) -> str | None:
    """The law misses the measured throughput by more than the runs scatter."""
    if not misses(fit):
        return None
    miss = largest_miss(fit)
    figures = f"{miss.measured:.4g} measured, {miss.fitted:.4g} by the law"
    return (
        f"lack of fit: the {fit.law} law misses throughput by up to {100 * miss.share:.2g} % "
        f"(at n = {miss.n:g}: {figures}); {describe_noise(noise_of(fit.runs))}{_p(fit)}"
    )


def _p(fit: Fit) -> str:
    return "" if fit.lack_of_fit_p is None else f" (p = {fit.lack_of_fit_p:.1g})"


def describe_noise(noise: Noise) -> str:
    """State in a clause how much runs scatter, and what shows it."""
    size = f"{100 * noise.share:.2g} %"
    if noise.source == "repeats":
        return f"repeats scatter by {size}"
    if noise.source == "neighbouring levels":
        return f"single runs scatter by about {size} here, as neighbouring levels show"
    return f"single runs are assumed to scatter by {size}"


def flat(runs: Runs) -> str | None:
    """Throughput is the same at every level, as far as the noise lets one see."""
    means = _log_means(runs)
    lowest, highest = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
    change = means[highest] - means[lowest]
    known = noise_of(runs).source != "assumed"
    if change > math.log1p(ASSUMED_NOISE) and not (known and not _beyond_noise(runs, lowest, highest, change)):
        return None
    return (
        f"flat: the levels differ by {100 * math.expm1(change):.3g} % in throughput at most; "
        "a constant is a perfect Amdahl curve: it shows nothing about what limited throughput"
    )


def superlinear(fit: Fit) -> str | None:
    """Throughput grows faster than n: no law here allows it, and a bound at 0 would hide it."""
    runs = fit.runs
    each = {level: mean - math.log(level) for level, mean in _log_means(runs).items()}
    first, best = runs.levels[0], max(each, key=each.__getitem__)
    rise = each[best] - each[first]
    rises = _beyond_noise(runs, first, best, rise, len(each) - 1)
    free = _free_contention(fit)
    if not rises and free is None:
        if noise_of(runs).source == "repeats" or rise <= math.log1p(ASSUMED_NOISE):
            return None
        return (
            f"throughput / n is {100 * math.expm1(rise):.3g} % higher at n = {best:g} than at {first:g}, and "
            f"{describe_noise(noise_of(runs))}: repeat both levels"
        )
    seen = [
        f"throughput / n is {math.exp(each[first]):.3g} at n = {first:g} and {math.exp(each[best]):.3g} at {best:g}"
    ]
    if free is not None:
        seen.append(f"a fit without bounds gives {'alpha' if fit.law == 'usl' else 'sigma'} = {free:.2g}")
    return f"superlinear: {'; '.join(seen)}; no scaling law allows this: is work shared out, cached or not yet warm?"


def _free_contention(fit: Fit) -> float | None:
    """α (or σ) fitted without its bound at 0, if that is negative, and significantly so.

    The scatter is at least `ASSUMED_NOISE` without repeats: a few single runs lie on some curve by chance.
    """
    if fit.law == "capped" or max(fit.runs.n) <= 1:
        return None
    if any(fit.parameters[name].value > 0 for name in ("sigma", "alpha") if name in fit.parameters):
        return None
    (_, highest), beta = BOUNDS["usl" if fit.law == "usl" else "amdahl"]
    problem = Problem.of(fit.runs, fit.weights, (-0.999 / (max(fit.runs.n) - 1), highest), beta)
    free, bounded = minimise(problem), minimise(problem.hold({1: 0.0}))
    noise = noise_of(fit.runs)
    least = 0.0 if noise.source == "repeats" else (noise.share * _scale_of(problem)) ** 2
    spread = max(free.rss / problem.freedom, problem.rounding / problem.freedom, least)
    p = float(stats.f.sf((bounded.rss - free.rss) / spread, 1, problem.freedom))
    return float(free.values[1]) if free.values[1] < 0 and p < SIGNIFICANT else None


def _scale_of(problem: Problem) -> float:
    return 1.0 if problem.weights == "relative" else math.sqrt(float(np.mean(problem.x**2)))


def retrograde(fit: Fit) -> str | None:
    """Throughput falls at high n, or may."""
    means = _log_means(fit.runs)
    top = max(means, key=means.__getitem__)
    beyond = {level: mean for level, mean in means.items() if level > top}
    lowest = min(beyond, key=beyond.__getitem__, default=top)
    fall = means[top] - means[lowest]
    seen = f"throughput at n = {lowest:g} is {-100 * math.expm1(-fall):.3g} % below that at {top:g}"
    cure = "" if fit.law == "usl" else f"; the {fit.law} law can't fall, the usl can"
    if _beyond_noise(fit.runs, top, lowest, fall):
        return f"retrograde: {seen}{cure}"
    if isinstance(fit, USLFit) and _peaks_for_sure(fit):
        return (
            f"retrograde: the interval of beta lies above 0, the law's peak, n = {fit.peak:.3g}, within the levels, "
            f"and no hard cap describes the runs as well"
        )
    noise = noise_of(fit.runs)
    if noise.source != "repeats" and fall > math.log1p(ASSUMED_NOISE):
        return f"whether throughput falls is open: {seen}, and {describe_noise(noise)}: repeat both levels"
    return None


def _peaks_for_sure(fit: USLFit) -> bool:
    """Whether the interval of β lies above 0, and enough levels lie beyond a peak that the runs show."""
    if fit.coherency.low <= 0 or not shows_peak(fit):
        return False
    beyond = sum(level > (fit.peak or math.inf) for level in fit.runs.levels)
    return beyond >= (1 if noise_of(fit.runs).source == "repeats" else MIN_BEYOND)


def shows_peak(fit: Fit) -> bool:
    """Whether the runs show the peak of a law: within the levels, and no hard cap describes them as well."""
    if fit.peak is None or fit.peak >= fit.runs.levels[-1] or misses(fit):
        return False
    gain = gain_of_cap(fit)
    return gain is None or gain <= -MIN_GAIN


def hard_cap(fit: Fit) -> str | None:
    """A hard cap describes the runs better than the law, or as well where the law has a peak."""
    gain = None if fit.law == "capped" else gain_of_cap(fit)
    if gain is None or gain < (MIN_GAIN if fit.peak is None else -MIN_GAIN):
        return None
    cap = CapProblem(fit.runs, fit.weights).fit()
    better = "better" if gain >= MIN_GAIN else "as well"
    peak = "" if fit.peak is None else f", so the peak at n = {fit.peak:.3g} is not established"
    return (
        f"a hard cap describes the runs {better}: growth up to n = {cap.knee:.3g}, then {cap.cap:.4g} throughout "
        f"(law capped){peak}"
    )


def gain_of_cap(fit: Fit) -> float | None:
    """AIC of a law less that of a hard cap for the same runs; None where no cap shows.

    What either misses by less than `MIN_CHANGE` makes no difference. AICc would decide against any law of three
    parameters with few runs.
    """
    try:
        cap = CapProblem(fit.runs, fit.weights).fit()
    except NotIdentifiable:
        return None
    if cap.plateau_levels < MIN_PLATEAU:
        return None
    count = len(fit.runs.n)
    floor = count * (MIN_CHANGE * _typical(fit.runs, fit.weights)) ** 2
    return count * math.log(max(fit.rss, floor) / max(cap.rss, floor)) + 2 * (len(fit.parameters) - 2)


def _typical(runs: Runs, weights: Weights) -> float:
    return 1.0 if weights == "relative" else math.sqrt(float(np.mean(np.square(runs.throughput))))


def exceeded(fit: Fit) -> str | None:
    """More was measured than the law allows for any number of workers."""
    if fit.measured_speedup <= fit.max_speedup * (1 + ASSUMED_NOISE):
        return None
    return (
        f"the greatest speedup by the law, {fit.max_speedup:.3g}, is below the {fit.measured_speedup:.3g} that was "
        "measured: it is no limit"
    )


def bounds(fit: Fit) -> Iterator[str]:
    """Parameters at a bound, and intervals that end at one or nowhere."""
    bounded = [name for name in fit.parameters if name not in ("x1", "gamma", "cap")]
    limits = dict(zip(bounded, BOUNDS.get(fit.law, ()), strict=False))
    for name, found in fit.parameters.items():
        low, high = limits.get(name, (0.0, math.inf))
        if found.value in (low, high):
            yield f"{name} is at its bound {found.value:g}: its interval is one-sided"
        elif found.low == low:
            yield f"the interval of {name} ends at the bound {low:g}: the data do not separate {name} from {low:g}"
        elif found.high == high < math.inf:
            yield f"the interval of {name} ends at the bound {high:g}: the data do not separate {name} from {high:g}"
        if found.high == math.inf:
            yield f"the data set no upper limit to {name}"


def extrapolated(fit: Fit) -> str | None:
    """The peak lies where nothing was measured."""
    if fit.peak is None or fit.peak <= fit.runs.levels[-1]:
        return None
    return f"the peak, n = {fit.peak:.3g}, is extrapolated: the largest n measured is {fit.runs.levels[-1]:g}"


def short_plateau(fit: Fit) -> str | None:
    """The cap rests on a single level."""
    if not isinstance(fit, CappedFit) or sum(level >= fit.knee for level in fit.runs.levels) >= MIN_PLATEAU:
        return None
    return f"the cap rests on one level, n = {fit.runs.levels[-1]:g}: measure beyond it"


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


def _beyond_noise(runs: Runs, one: float, other: float, change: float, comparisons: int | None = None) -> bool:
    """Whether a change of the mean logarithm from level `one` to `other` is more than noise, and worth naming.

    By Student t on the scatter of runs, Bonferroni-corrected for the `comparisons` that it was picked from: all pairs
    of levels, unless given. Without repeats the scatter is assumed.
    """
    of_level, noise = runs.by_level, noise_of(runs)
    error = noise.share * math.sqrt(1 / len(of_level[one]) + 1 / len(of_level[other]))
    picked = comparisons or math.comb(len(of_level), 2)
    quantile = float(stats.t.ppf(1 - SIGNIFICANT / 2 / max(picked, 1), noise.freedom))
    return change > max(quantile * error, math.log1p(MIN_CHANGE))
