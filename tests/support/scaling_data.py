"""Data of scaling laws: made by a law, or published with a fit."""

from collections.abc import Callable, Sequence

import numpy as np

from loadstone.theory.scaling import Fit, LawName, Runs, amdahl, linear, usl

LEVELS = [1.0, 2.0, 4.0, 8.0, 16.0]
LAWS: dict[LawName, Callable[..., float]] = {"linear": linear, "amdahl": amdahl, "usl": usl}
SHAPES: dict[LawName, tuple[str, ...]] = {
    "linear": ("x1",),
    "amdahl": ("x1", "sigma"),
    "usl": ("gamma", "alpha", "beta"),
}

SPEC_SDM91 = ([1, 18, 36, 72, 108, 144, 216], [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2])
"""Scripts/hour of a SPARCcenter 2000 by users: Gunther, Guerrilla Capacity Planning, 2007; also in R package usl."""
RAYTRACER = ([1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64], [20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310])
"""Ray-geometry intersections of an Origin 2000 by processors: same book, same package."""


def data(law: LawName, truth: Sequence[float], levels: Sequence[float] = LEVELS, repeats: int = 1) -> Runs:
    n = np.repeat(np.asarray(levels, float), repeats)
    return Runs.of(n.tolist(), [LAWS[law](k, *truth) for k in n])


def noisy(runs: Runs, seed: int | np.random.Generator, noise: float = 0.03) -> Runs:
    rng = np.random.default_rng(seed)
    return Runs.of(runs.n, (np.array(runs.throughput) * np.exp(rng.normal(0, noise, len(runs.n)))).tolist())


def said(fit: Fit, word: str) -> list[str]:
    return [warning for warning in fit.warnings if warning.startswith(word) or f" {word}" in warning]
