"""Steady state: found where it was put, and not where there is none."""

import numpy as np
import pytest

from loadstone.analyse.steady import find_trend, find_warm_up


@pytest.mark.parametrize("warm_up", [0, 10, 20, 40])
def test_initial_transient_is_cut(warm_up: int) -> None:
    rng = np.random.default_rng(warm_up)
    series = rng.normal(100, 3, 120)
    series[:warm_up] += np.linspace(80, 15, warm_up)
    found = find_warm_up(series.tolist())
    assert not found.at_limit
    assert warm_up - 5 <= found.cut <= warm_up + 25
    assert not find_trend(series[found.cut :].tolist()).believed


def test_steady_series_are_hardly_ever_called_unsettled() -> None:
    """Independent noise, and noise that remembers itself as queues do."""
    rng = np.random.default_rng(7)
    alarms = 0
    for memory in [0.0] * 200 + [0.5] * 200:
        noise = rng.normal(0, 5, 60)
        for place in range(1, 60):
            noise[place] += memory * noise[place - 1]
        series = (100 + noise).tolist()
        alarms += find_warm_up(series).at_limit or find_trend(series).believed
    assert alarms <= 12


def test_drift_to_the_end_is_seen() -> None:
    series = np.linspace(100, 300, 100) + np.random.default_rng(1).normal(0, 2, 100)
    assert find_warm_up(series.tolist()).at_limit
    assert find_trend(series.tolist()).believed
    assert find_trend(series.tolist()).change == pytest.approx(200 / 200, rel=0.1)


def test_sure_but_tiny_trend_does_not_matter() -> None:
    series = np.linspace(100, 102, 200) + np.random.default_rng(1).normal(0, 0.01, 200)
    found = find_trend(series.tolist())
    assert found.p < 1e-6
    assert not found.believed
    assert not find_warm_up(series.tolist()).at_limit


def test_step_in_the_middle_is_the_limit() -> None:
    series = [50.0] * 50 + [100.0] * 50
    found = find_warm_up(series)
    assert found.cut == 50
    assert found.at_limit


def test_short_constant_and_gappy_series() -> None:
    assert find_warm_up([]).cut == 0
    assert find_warm_up([1.0, 2.0]).cut == 0
    assert find_warm_up([5.0] * 100).cut == 0
    assert find_trend([5.0] * 100).change == 0
    gappy = [float("nan") if n % 3 else 100.0 + n % 2 for n in range(120)]
    assert not find_warm_up(gappy).at_limit
    assert not find_trend(gappy).believed
