"""Steady state: found where it was put, and not where there is none."""

import numpy as np
import pytest

from loadstone.analyse.steady import find_steady_state

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("warm_up", [0, 10, 20, 40])
def test_initial_transient_is_cut(warm_up: int) -> None:
    rng = np.random.default_rng(warm_up)
    series = rng.normal(100, 3, 120)
    series[:warm_up] += np.linspace(80, 15, warm_up)
    found = find_steady_state(series.tolist())
    assert found.settled
    assert warm_up - 5 <= found.cut <= warm_up + 25


def test_steady_series_is_seldom_called_unsettled() -> None:
    rng = np.random.default_rng(7)
    unsettled = sum(not find_steady_state(rng.normal(100, 5, 60).tolist()).settled for _ in range(300))
    assert unsettled <= 30


def test_drift_to_the_end_is_unsettled() -> None:
    series = np.linspace(100, 300, 100) + np.random.default_rng(1).normal(0, 2, 100)
    assert not find_steady_state(series.tolist()).settled


def test_sure_but_tiny_trend_does_not_matter() -> None:
    series = np.linspace(100, 102, 200) + np.random.default_rng(1).normal(0, 0.01, 200)
    found = find_steady_state(series.tolist())
    assert abs(found.trend) < 0.05
    assert found.settled or found.at_limit


def test_short_constant_and_gappy_series() -> None:
    assert find_steady_state([]).settled
    assert find_steady_state([1.0, 2.0]).cut == 0
    assert find_steady_state([5.0] * 100).cut == 0
    gappy = [float("nan") if n % 3 else 100.0 + n % 2 for n in range(120)]
    assert find_steady_state(gappy).settled
