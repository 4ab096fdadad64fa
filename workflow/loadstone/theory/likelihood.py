"""Bounded least squares with profile-likelihood intervals, for the universal scalability law and its special cases.

One law covers all three: X(n) = γ·n / (1 + α(n - 1) + β·n(n - 1)). Amdahl's law is the case β = 0 (with σ = α), the
linear law the case α = β = 0. The parameters form one vector (ln γ, α, β): the logarithm, since a scale is positive.

The time of a request, n/X = (1 + α(n - 1) + β·n(n - 1))/γ, is linear in a = 1/γ, b = α/γ and c = β/γ. The bounds on the
parameters make the possible (a, b, c) a cone: all sums of a few rays with non-negative shares. Gauss-Newton therefore
needs no initial guess and never crosses a bound: each step is a non-negative least-squares problem, which is solved
exactly (Lawson & Hanson, Solving Least Squares Problems, 1974, chapter 23).
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
"""Confidence of the intervals."""
NAMES = ("log_gamma", "alpha", "beta")
CUSTOMARY = (0.01, 1e-4)
"""α and β at which fits of this law usually start."""
MAX_STEPS = 100
"""Gauss-Newton steps of one minimisation."""
MAX_HALVINGS = 30
"""Halvings of one step that does not reduce the sum of squares."""
TOLERANCE = 1e-13
"""Relative gain in the sum of squares at which the minimisation stops."""
HEAVY = 1e6
"""Weight that makes one equation of a least-squares problem hold exactly (Lawson & Hanson 1974, chapter 22)."""
IMPOSSIBLE = 1e9
"""Sum of squares assigned to parameters at which the law yields no positive throughput."""
MAX_LOG = 200.0
"""Bound on the logarithm of a throughput over `unit` that a fit may try: its square is still finite."""
REACH = (50.0, 1e9, 1e9)
"""Distance within which the end of an interval is searched, in `scales`; beyond it, the data set no limit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """Runs, and the law to fit to them: it is given by the bounds of its parameters."""

    n: Floats
    x: Floats
    """Throughput over `unit`."""
    unit: float
    """Geometric mean of the throughputs, requests/s: it keeps squares and steps near 1, whatever the unit."""
    weights: Weights
    low: Floats
    high: Floats
    """Bounds of (ln γ, α, β); a parameter whose bounds coincide is held there."""
    reference: float = 1.0
    """The n at which throughput is γ. If it is not 1, the profile of γ is that of X(reference)."""

    @staticmethod
    def of(runs: Runs, weights: Weights, alpha: tuple[float, float], beta: tuple[float, float]) -> "Problem":
        """Make a problem from runs and the bounds of α and β."""
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
        """Typical changes of the parameters: those of α and β halve the throughput at some n."""
        bends = [np.abs(bend).max() for bend in (self.n - 1, self.n * (self.n - 1))]
        return np.array([1.0, *(1 / max(bend, 1e-9) for bend in bends)])

    @property
    def rounding(self) -> float:
        """Sum of squares up to which the residuals are rounding errors, not noise."""
        return len(self.n) * EXACT**2

    def hold(self, held: Mapping[int, float]) -> "Problem":
        """Return the same problem with some parameters held at values: index → value."""
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
        """Residuals of a model whose times n/X are `time`."""
        if self.weights == "relative":
            return np.asarray(np.log(self.x * time / self.n))
        return np.asarray(self.x - self.n / time)

    def stretch(self, time: Floats) -> float:
        """Factor on `time` that minimises the sum of squares, if the scale is free."""
        model = self.n / time
        if self.weights == "relative":
            return math.exp(np.mean(np.log(model / self.x)))
        return float((model @ model) / (model @ self.x))

    def _time_at_reference(self, values: Floats) -> float:
        bend = _terms(np.array([self.reference]))[0] @ np.array([1.0, values[1], values[2]])
        return float(self.reference / math.exp(min(max(values[0], -MAX_LOG), MAX_LOG)) / bend)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Minimum:
    """The parameters at which the sum of squares is smallest."""

    values: Floats
    """(ln γ, α, β)."""
    rss: float
    """Sum of the squared residuals."""
    stderr: tuple[float | None, ...]
    """Standard errors; None for parameters that are held or lie at a bound."""


def minimise(problem: Problem) -> Minimum:
    """Fit by lmfit, starting from the solution in reciprocals and from customary values.

    A parameter that ends at a bound is held there. Raises `NotIdentifiable` if no finite X(1) fits best.
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
        fit = lmfit.Minimizer(residuals, parameters).least_squares(x_scale=problem.scales[problem.free], **tolerances)
    values = np.array([fit.params[name].value for name in NAMES])
    errors = [fit.params[name].stderr if i in problem.free else None for i, name in enumerate(NAMES)]
    stderr = tuple(None if error is None or not math.isfinite(error) else float(error) for error in errors)
    return Minimum(values=values, rss=float((problem.residuals(values) ** 2).sum()), stderr=stderr)


def estimate(problem: Problem, best: Minimum, index: int) -> Estimate:
    """Find the 95 % interval of a parameter: all values θ at which F = (RSS(θ) - RSS)/s² is below its 95 % point.

    RSS(θ) is the smallest sum of squares with the parameter held at θ and the others refitted, s² is RSS over its
    degrees of freedom (Bates & Watts, Nonlinear Regression Analysis, 1988, section 6.1). The method does not rely on
    curvature, so it is valid at a bound.
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
    """Walk outward in growing steps until the sum of squares exceeds `allowed`, then find the exact place."""
    bound = float(problem.high[index] if side > 0 else problem.low[index])
    inner, near = float(best.values[index]), None
    excesses = {inner: best.rss - allowed}

    def excess(value: float) -> float:
        nonlocal near
        if value not in excesses:
            near, rss = _solve(problem.hold({index: value}), near)
            excesses[value] = rss - allowed
        return excesses[value]

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
    """Find the shares of the rays that minimise the sum of squares, and that sum; start from `near` if given.

    Gauss-Newton with halved steps: each step is a non-negative least-squares problem, and the scale is solved for
    separately. A held ln γ is an equation between the shares; it is kept by scaling them, and by a large weight within
    a step.
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

    if min(basis[:, 0].min(), at_reference[0]) <= 0:  # for n below 1, no throughput is positive beyond some α
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
        better = next(((trial, lower) for trial in trials if (lower := sum_of_squares(trial)) < rss), None)
        if better is None:
            break
        gain, (shares, rss) = rss - better[1], better
        if gain <= TOLERANCE * rss:
            break
    return shares, rss


def _terms(n: Floats) -> Floats:
    """Return 1, n - 1 and n(n - 1), the factors of a, b and c; shape (runs, 3)."""
    return np.stack([np.ones_like(n), n - 1, n * (n - 1)], axis=1)
