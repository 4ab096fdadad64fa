"""Bounded least squares with profile-likelihood intervals, for the universal scalability law and its special cases.

One law holds all: X(n) = γ·n / (1 + α(n - 1) + β·n(n - 1)). Amdahl's is it with β held at 0 (and σ = α), the linear one
with both held. Its parameters stand here in one vector (ln γ, α, β): ln γ, since a scale is positive.

The time of a request, n/X = (1 + α(n - 1) + β·n(n - 1))/γ, is linear in a = 1/γ, b = α/γ and c = β/γ, and the bounds
on the parameters make the possible (a, b, c) a cone: sums of a few rays with shares ≥ 0. So Gauss-Newton needs no guess
and never steps over a bound: each of its steps is a non-negative least-squares problem, solved exactly.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import lmfit
import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from loadstone.theory.scaling import EXACT, Estimate, NotIdentifiable, Runs, Weights

Floats = NDArray[np.float64]

LEVEL = 0.95
NAMES = ("log_gamma", "alpha", "beta")
CUSTOMARY = (0.01, 1e-4)
"""α and β from which fits of this law are usually started."""
MAX_STEPS = 100
MAX_HALVINGS = 30
TOLERANCE = 1e-13
"""Relative gain in the sum of squares below which a step is the last."""
HEAVY = 1e6
"""Weight of an equation that must hold exactly among those to be fitted (Lawson & Hanson 1974, chapter 22)."""
IMPOSSIBLE = 1e9
"""Sum of squares of a law that can't have made the data."""
MAX_LOG = 200.0
"""Of a throughput over the unit: a step that a fit may try, and whose square still is a number."""
REACH = (50.0, 1e9, 1e9)
"""How far a limit is looked for, in `scales`; beyond, the data set none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """Runs, and within which bounds which law is fitted to them."""

    n: Floats
    x: Floats
    """Throughput over `unit`."""
    unit: float
    """Geometric mean of the throughputs: keeps squares and steps near 1, whatever the unit was."""
    weights: Weights
    low: Floats
    high: Floats
    """Bounds of (ln γ, α, β); a parameter whose bounds coincide is held there."""
    reference: float = 1.0
    """The n at which throughput is γ. Elsewhere than at 1 the profile of γ is that of X(reference)."""

    @staticmethod
    def of(runs: Runs, weights: Weights, alpha: tuple[float, float], beta: tuple[float, float]) -> "Problem":
        """Make it from runs and the bounds of α and β."""
        unit = math.exp(np.mean(np.log(runs.throughput)))
        low, high = np.array([(-np.inf, np.inf), alpha, beta]).T
        return Problem(
            n=np.array(runs.n), x=np.array(runs.throughput) / unit, unit=unit, weights=weights, low=low, high=high
        )

    @property
    def free(self) -> list[int]:
        """Indices of the parameters that are not held."""
        return [i for i in range(len(NAMES)) if self.low[i] < self.high[i]]

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the residuals."""
        return len(self.n) - len(self.free)

    @property
    def scales(self) -> Floats:
        """Changes of the parameters that matter: those of α and β halve the throughput somewhere."""
        bends = [np.abs(bend).max() for bend in (self.n - 1, self.n * (self.n - 1))]
        return np.array([1.0, *(1 / max(bend, 1e-9) for bend in bends)])

    @property
    def rounding(self) -> float:
        """Sum of squares that is rounding and not noise."""
        return len(self.n) * EXACT**2

    def hold(self, held: Mapping[int, float]) -> "Problem":
        """The same with parameters held at values."""
        low, high = self.low.copy(), self.high.copy()
        for index, value in held.items():
            low[index] = high[index] = value
        return replace(self, low=low, high=high)

    @property
    def rays(self) -> Floats:
        """The edges of the cone of possible (a, b, c): shape (rays, 3)."""
        (_, alpha, beta), (_, most_alpha, most_beta) = self.low, self.high
        rays = [(1.0, alpha, beta)]
        if most_alpha > alpha:
            rays.append((1.0, most_alpha, beta) if most_alpha < math.inf else (0.0, 1.0, 0.0))
        if most_beta > beta:
            rays.append((0.0, 0.0, 1.0))
        return np.array(rays)

    def shares(self, values: Floats) -> Floats:
        """Find the shares of the rays that make up (ln γ, α, β)."""
        point = np.array([1.0, values[1], values[2]]) * self._time_at_reference(values)
        return np.asarray(optimize.nnls(self.rays.T, point)[0])

    def values(self, shares: Floats) -> Floats:
        """Find (ln γ, α, β) from the shares of the rays."""
        a, b, c = shares @ self.rays
        time = _terms(np.array([self.reference]))[0] @ np.array([a, b, c])
        return np.array([math.log(self.reference / time), b / a, c / a])

    def residuals(self, values: Floats) -> Floats:
        """Measured less model: of the logarithms with relative weights, else of the throughputs over `unit`."""
        bend = np.maximum(_terms(self.n) @ np.array([1.0, values[1], values[2]]), 1e-12)
        return self.misses(bend * self._time_at_reference(values))

    def misses(self, time: Floats) -> Floats:
        """Residuals where the model says `time` = n/X."""
        if self.weights == "relative":
            return np.asarray(np.log(self.x * time / self.n))
        return np.asarray(self.x - self.n / time)

    def stretch(self, time: Floats) -> float:
        """By how much a free scale must stretch `time` for the sum of squares to be least."""
        model = self.n / time
        if self.weights == "relative":
            return math.exp(np.mean(np.log(model / self.x)))
        return float((model @ model) / (model @ self.x))

    def _time_at_reference(self, values: Floats) -> float:
        bend = _terms(np.array([self.reference]))[0] @ np.array([1.0, values[1], values[2]])
        return float(self.reference / math.exp(min(max(values[0], -MAX_LOG), MAX_LOG)) / bend)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Minimum:
    """Where the sum of squares is least."""

    values: Floats
    rss: float
    stderr: tuple[float | None, ...]
    """None for parameters that are held or lie at a bound."""


def minimise(problem: Problem) -> Minimum:
    """Fit by lmfit, from the solution in reciprocals and from customary values; what ends at a bound is held there.

    Raises `NotIdentifiable` where X(1) has no finite best value.
    """
    shares, rss = _solve(problem, None)
    top = math.log(float((problem.x / problem.n).max()) * problem.reference)
    usual = _fit(problem, np.clip(np.array([top, *CUSTOMARY]), problem.low, problem.high))
    if usual.rss < rss:
        shares, _ = _solve(problem, problem.shares(usual.values))
    contributions = (_terms(problem.n) @ problem.rays.T) * shares
    shares = np.where((contributions / contributions.sum(axis=1, keepdims=True)).max(axis=0) < EXACT, 0.0, shares)
    if (shares @ problem.rays)[0] == 0:
        raise NotIdentifiable("throughput falls so steeply with n that no finite X(1) fits")
    values = problem.values(shares)
    ends = {i: end for i in problem.free for end in (problem.low[i], problem.high[i]) if values[i] == end}
    return _fit(problem.hold(ends), values)


def _fit(problem: Problem, start: Floats) -> Minimum:
    parameters = lmfit.Parameters()
    for i, name in enumerate(NAMES):
        if i in problem.free:
            parameters.add(name, value=float(start[i]), min=float(problem.low[i]), max=float(problem.high[i]))
        else:
            parameters.add(name, value=float(problem.low[i]), vary=False)

    def residuals(trial: lmfit.Parameters) -> Floats:
        return problem.residuals(np.array([trial[name].value for name in NAMES]))

    tolerances = dict.fromkeys(("ftol", "xtol", "gtol"), 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):  # correlations of errors that are all 0
        found = lmfit.Minimizer(residuals, parameters).least_squares(x_scale=problem.scales[problem.free], **tolerances)
    values = np.array([found.params[name].value for name in NAMES])
    errors = [found.params[name].stderr if i in problem.free else None for i, name in enumerate(NAMES)]
    stderr = tuple(None if error is None or not math.isfinite(error) else float(error) for error in errors)
    return Minimum(values=values, rss=float((problem.residuals(values) ** 2).sum()), stderr=stderr)


def estimate(problem: Problem, best: Minimum, index: int) -> Estimate:
    """The 95 % interval of a parameter: all values at which F = (RSS(θ) - RSS)/s² stays below its 95 % point.

    RSS(θ) is the least sum of squares with the parameter held at θ and the others refitted, s² = RSS over its degrees
    of freedom: Bates & Watts, Nonlinear Regression Analysis, 1988, 6.1; it needs no curvature and so holds at a bound.
    """
    spread = max(best.rss, problem.rounding) / problem.freedom
    allowed = best.rss + spread * float(stats.f.ppf(LEVEL, 1, problem.freedom))
    low, high = (_limit(problem, best, index, side, allowed) for side in (-1, 1))
    value, stderr = float(best.values[index]), best.stderr[index]
    if index > 0:
        return Estimate(value=value, low=low, high=high, stderr=stderr)
    scale = problem.unit * math.exp(value)
    ends = [problem.unit * (math.exp(end) if end < math.inf else math.inf) for end in (low, high)]
    return Estimate(value=scale, low=ends[0], high=ends[1], stderr=None if stderr is None else scale * stderr)


def _limit(problem: Problem, best: Minimum, index: int, side: int, allowed: float) -> float:
    """Walk outwards in growing steps until the sum of squares exceeds what is allowed; then find the place exactly."""
    bound = float(problem.high[index] if side > 0 else problem.low[index])
    inner, near = float(best.values[index]), None
    known = {inner: best.rss - allowed}

    def excess(value: float) -> float:
        nonlocal near
        if value not in known:
            near, rss = _solve(problem.hold({index: value}), near)
            known[value] = rss - allowed
        return known[value]

    scale = float(problem.scales[index])
    farthest = bound if math.isfinite(bound) else inner + side * REACH[index] * scale
    step = max(best.stderr[index] or 0.01 * scale, 1e-6 * scale)
    while inner != farthest:
        outer = min(inner + step, farthest) if side > 0 else max(inner - step, farthest)
        if excess(outer) > 0:
            return float(optimize.brentq(excess, inner, outer, xtol=1e-7 * scale))
        inner, step = outer, 2 * step
    return bound


def _solve(problem: Problem, near: Floats | None) -> tuple[Floats, float]:
    """Find the shares of the rays that make the sum of squares least, and that sum; start from `near` if given.

    Gauss-Newton with halved steps, each a non-negative least-squares problem, the scale solved for on its own. A held
    ln γ is an equation between the shares, kept by scaling them and by weight within a step.
    """
    basis = _terms(problem.n) @ problem.rays.T
    at_reference = _terms(np.array([problem.reference]))[0] @ problem.rays.T
    first = np.eye(len(at_reference))[0]
    held = problem.reference * math.exp(-problem.low[0]) if problem.low[0] == problem.high[0] else None

    def best_shares(slopes: Floats, target: Floats) -> Floats:
        if held is not None:
            weight = HEAVY * float(np.abs(slopes).max() / at_reference.max())
            slopes = np.vstack([slopes, weight * at_reference])
            target = np.append(target, weight * held)
        sizes = np.abs(slopes).max(axis=0)
        return scaled(optimize.nnls(slopes / sizes, target)[0] / sizes)

    def scaled(shares: Floats) -> Floats:
        if held is not None:
            total = float(at_reference @ shares)
            return np.asarray(shares * (held / total)) if total > 0 else first * (held / at_reference[0])
        time = basis @ shares
        return np.asarray(shares * problem.stretch(time)) if time.min() > 0 else shares

    def sum_of_squares(shares: Floats) -> float:
        time = basis @ shares
        return float((problem.misses(time) ** 2).sum()) if time.min() > 0 else math.inf

    if min(basis[:, 0].min(), at_reference[0]) <= 0:  # n below 1 sets a limit to α: beyond, no throughput is positive
        return np.zeros_like(at_reference), IMPOSSIBLE
    if near is not None:
        shares = scaled(near)
    else:
        shares = best_shares(basis * (problem.x / problem.n)[:, None], np.ones_like(problem.n))
    if (rss := sum_of_squares(shares)) == math.inf:
        shares = scaled(first)
        rss = sum_of_squares(shares)
    for _ in range(MAX_STEPS):
        time = basis @ shares
        slopes = basis / time[:, None]
        if problem.weights == "equal":
            slopes *= (problem.n / time)[:, None]
        step = best_shares(slopes, slopes @ shares - problem.misses(time)) - shares
        trials = ((shares + step / 2**halvings) for halvings in range(MAX_HALVINGS))
        found = next(((trial, better) for trial in trials if (better := sum_of_squares(trial)) < rss), None)
        if found is None:
            break
        gain, (shares, rss) = rss - found[1], found
        if gain <= TOLERANCE * rss:
            break
    return shares, rss


def _terms(n: Floats) -> Floats:
    """1, n - 1 and n(n - 1): what a, b and c multiply; shape (runs, 3)."""
    return np.stack([np.ones_like(n), n - 1, n * (n - 1)], axis=1)
