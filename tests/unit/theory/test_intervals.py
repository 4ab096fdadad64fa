"""Intervals, by how often they hold the truth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loadstone.theory.intervals import mean_of_runs, outlier, ratio_of_runs, repeats_needed, variation

EXPERIMENTS = 1000


@pytest.mark.parametrize("repeats", [3, 5])
def test_mean_holds_the_truth(repeats: int) -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(EXPERIMENTS):
        interval = mean_of_runs(rng.normal(100, 5, repeats).tolist())
        held += interval.low <= 100 <= interval.high  # type: ignore[operator]
    assert 0.92 <= held / EXPERIMENTS <= 0.98


@pytest.mark.parametrize("noise", [(0.05, 0.05), (0.02, 0.10)])
def test_ratio_holds_the_truth(noise: tuple[float, float]) -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(EXPERIMENTS):
        a, b = rng.lognormal(math.log(130), noise[0], 3), rng.lognormal(math.log(100), noise[1], 3)
        interval = ratio_of_runs(a.tolist(), b.tolist())
        held += interval.low <= 1.3 <= interval.high  # type: ignore[operator]
    assert 0.92 <= held / EXPERIMENTS <= 0.98


def test_by_hand() -> None:
    """t(0.975, 2) = 4.303; s = 1, n = 3: half width 4.303/√3."""
    interval = mean_of_runs([9, 10, 11])
    assert (interval.value, interval.runs) == (10, 3)
    assert interval.high == pytest.approx(10 + 4.30265 / math.sqrt(3), rel=1e-5)
    assert interval.relative_half_width == pytest.approx(0.2484, abs=1e-4)


def test_one_run_has_no_interval() -> None:
    assert mean_of_runs([5.0]).low is mean_of_runs([5.0]).high is None
    assert ratio_of_runs([5.0], [4.0, 4.1]).low is None
    assert ratio_of_runs([5.0], [4.0, 4.0]).value == pytest.approx(1.25)


def test_no_runs_and_no_logarithm() -> None:
    with pytest.raises(ValueError, match="no runs"):
        mean_of_runs([])
    with pytest.raises(ValueError, match="positive"):
        ratio_of_runs([1.0, 0.0], [1.0, 2.0])


@given(st.lists(st.floats(1, 1e6), min_size=2, max_size=10), st.lists(st.floats(1, 1e6), min_size=2, max_size=10))
def test_ratio_turned_round_is_the_reciprocal(a: list[float], b: list[float]) -> None:
    forth, back = ratio_of_runs(a, b), ratio_of_runs(b, a)
    assert forth.value == pytest.approx(1 / back.value)
    assert math.log(forth.low or 1) == pytest.approx(-math.log(back.high or 1), rel=1e-6, abs=1e-6)


def test_repeats_needed_is_enough_and_no_more() -> None:
    assert repeats_needed([100, 101, 99], 0.02) == 4
    assert repeats_needed([100, 100, 100], 0.02) == 2
    assert repeats_needed([100], 0.02) is None


@given(st.lists(st.floats(1, 1e3), min_size=2, max_size=6), st.floats(0.005, 1))
def test_one_repeat_fewer_would_not_do(values: list[float], precision: float) -> None:
    n = repeats_needed(values, precision)
    assert n is not None

    def reached(runs: int) -> float:
        return float(stats.t.ppf(0.975, runs - 1)) * variation(values) / math.sqrt(runs)

    assert reached(n) <= precision
    assert n == 2 or reached(n - 1) > precision


def test_a_hopeless_precision_is_told_at_once() -> None:
    assert repeats_needed([1, 1000], 0.0001) == pytest.approx((1.96 / 0.0001 * variation([1, 1000])) ** 2, rel=1e-3)
    with pytest.raises(ValueError, match="precision"):
        repeats_needed([1, 1000], 0)


def test_disagreement() -> None:
    assert variation([90, 100, 110]) == pytest.approx(0.1)
    assert outlier([100, 101, 99, 100, 150]) == 4
    assert outlier([100, 101, 99, 100, 102]) is None
    assert outlier([1, 1, 100]) is None, "three runs can't tell which of them is wrong"
