"""Scaling laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.analyse.scaling import amdahl, fit_amdahl

LEVELS = [1, 2, 4, 8, 16]


@given(st.floats(0.01, 0.9), st.floats(1, 1e5))
def test_fit_finds_the_law_that_made_the_data(sigma: float, unit: float) -> None:
    fit = fit_amdahl(LEVELS, [amdahl(n, unit, sigma) for n in LEVELS])
    assert fit.serial_fraction == pytest.approx(sigma, rel=1e-3)
    assert fit.unit_throughput == pytest.approx(unit, rel=1e-3)


def test_answers_of_a_fit() -> None:
    fit = fit_amdahl(LEVELS, [amdahl(n, 100, 0.1) for n in LEVELS])
    assert fit.throughput(1) == pytest.approx(100, rel=1e-4)
    assert fit.speedup(8) == pytest.approx(8 / 1.7, rel=1e-3)
    assert fit.max_speedup == pytest.approx(10, rel=1e-3)


def test_linear_data_have_no_serial_part() -> None:
    fit = fit_amdahl(LEVELS, [50.0 * n for n in LEVELS])
    assert fit.serial_fraction == pytest.approx(0, abs=1e-4)


def test_flat_data_are_a_perfect_amdahl_curve() -> None:
    """Why a fit alone proves nothing."""
    fit = fit_amdahl([1, 2, 4], [32.7, 32.8, 32.8])
    assert fit.serial_fraction > 0.99


def test_noise_is_relative() -> None:
    rng = np.random.default_rng(3)
    n = np.repeat(LEVELS, 5)
    x = np.array([amdahl(k, 100, 0.2) for k in n]) * np.exp(rng.normal(0, 0.02, len(n)))
    assert fit_amdahl(n.tolist(), x.tolist()).serial_fraction == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize(
    ("workers", "throughput", "complaint"),
    [([1, 2], [1, 2], "2 levels"), ([1, 1, 1], [1, 2, 3], "1 levels"), ([1, 2, 4], [1, 0, 2], "not positive")],
)
def test_no_fit_where_there_is_nothing_to_fit(workers: list[float], throughput: list[float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        fit_amdahl(workers, throughput)
