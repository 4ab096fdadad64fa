"""Changes of level: found where they were put, and not in chance, in correlated noise, or in a trend."""

import numpy as np
import pytest
from numpy.typing import NDArray

from loadstone.theory.level_shift import find_level_shift

COUNT = 80


def correlated(rng: np.random.Generator, r: float, count: int = COUNT) -> NDArray[np.float64]:
    noise = rng.normal(0, 1, count)
    for place in range(1, count):
        noise[place] = r * noise[place - 1] + np.sqrt(1 - r**2) * noise[place]
    return noise


@pytest.mark.slow
@pytest.mark.parametrize("r", [0.0, 0.3, 0.6])
def test_noise_has_one_level(r: float) -> None:
    """Its standard deviation is a fifth of the mean, so that large differences occur by chance."""
    rng = np.random.default_rng(1)
    found = [find_level_shift(np.maximum(100 + 20 * correlated(rng, r), 0)) for _ in range(400)]
    assert sum(shift is not None for shift in found) <= (4 if r < 0.5 else 12)


def test_counts_by_chance_have_one_level() -> None:
    rng = np.random.default_rng(2)
    assert [find_level_shift(rng.poisson(10, COUNT).astype(float)) for _ in range(50)] == [None] * 50


@pytest.mark.parametrize(("begin", "end"), [(0, 40), (40, 80), (30, 50), (20, 30)])
@pytest.mark.parametrize("factor", [0.5, 1.6])
def test_step_and_dent_are_found_where_they_are(begin: int, end: int, factor: float) -> None:
    rng = np.random.default_rng(3)
    mean = np.full(COUNT, 50.0)
    mean[begin:end] *= factor
    shift = find_level_shift(rng.poisson(mean).astype(float))
    assert shift is not None
    assert shift.ratio == pytest.approx(min(factor, 1 / factor), abs=0.08)
    inside = np.zeros(COUNT, bool)
    inside[shift.begin : shift.end] = True
    wanted = np.zeros(COUNT, bool)
    wanted[begin:end] = True
    assert min((inside != wanted).sum(), (inside == wanted).sum()) <= 3


def test_small_step_does_not_matter() -> None:
    series = np.repeat([1000.0, 870.0], COUNT // 2) + np.tile([1.0, -1.0], COUNT // 2)
    assert find_level_shift(series) is None
    series[COUNT // 2 :] -= 30
    assert find_level_shift(series) is not None


def test_trend_is_no_step() -> None:
    rng = np.random.default_rng(4)
    trend = np.linspace(140, 60, COUNT)
    assert [find_level_shift(rng.poisson(trend).astype(float)) for _ in range(30)] == [None] * 30


def test_series_that_stops_has_two_levels() -> None:
    shift = find_level_shift(np.repeat([20.0, 0.0], COUNT // 2))
    assert shift is not None
    assert shift.ratio == 0


@pytest.mark.parametrize("series", [np.zeros(COUNT), np.ones(7), np.full(COUNT, 5.0)])
def test_nothing_to_see(series: NDArray[np.float64]) -> None:
    assert find_level_shift(series) is None
