"""Intervals, by how often they hold the truth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loadstone.theory.intervals import (
    estimate_of_runs,
    geometric_mean_of_runs,
    mean_of_runs,
    outlier,
    ratio_of_runs,
    repeats_needed,
    variation,
)

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


@pytest.mark.slow
@pytest.mark.parametrize("repeats", [4, 10])
@pytest.mark.parametrize("cv", [0.05, 0.3])
def test_shown_interval_holds_the_geometric_mean(repeats: int, cv: float) -> None:
    """1,500 intervals that hold it in 95 % of cases: four standard deviations of the share are 2.3 points."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(1500):
        interval = estimate_of_runs(rng.lognormal(math.log(100), math.sqrt(math.log1p(cv**2)), repeats).tolist())
        held += interval.low <= 100 <= interval.high  # type: ignore[operator]
    assert held / 1500 == pytest.approx(0.95, abs=0.023)


def test_geometric_mean_by_hand() -> None:
    """Logarithms -0.1, 0, 0.1, 0: s = 0.08165, t(0.975, 3) = 3.18245, half width 3.18245·s/2 = 0.12992."""
    interval = estimate_of_runs([100 * math.exp(x) for x in (-0.1, 0.0, 0.1, 0.0)])
    assert (interval.value, interval.runs) == (pytest.approx(100), 4)
    assert interval.low == pytest.approx(100 * math.exp(-0.12992), rel=1e-5)
    assert interval.high == pytest.approx(100 * math.exp(0.12992), rel=1e-5)
    assert interval.relative_half_width == pytest.approx(math.sinh(0.12992), rel=1e-4)


@given(st.lists(st.floats(1e-3, 1e6), min_size=4, max_size=10))
def test_interval_of_a_rate_is_above_zero_and_around_its_value(values: list[float]) -> None:
    interval = estimate_of_runs(values)
    assert interval.low is not None
    assert interval.high is not None
    assert 0 < interval.low <= interval.value * (1 + 1e-12)
    assert interval.value <= interval.high * (1 + 1e-12)


def test_fewer_than_four_runs_are_shown_without_an_interval() -> None:
    assert estimate_of_runs([33.0, 33.2, 33.4]).low is None
    assert estimate_of_runs([33.0, 33.2, 33.4]).value == pytest.approx((33.0 * 33.2 * 33.4) ** (1 / 3))
    assert geometric_mean_of_runs([33.0, 33.2, 33.4]).low is not None, "hypotheses are judged by it"
    assert estimate_of_runs([5.0, 5.0, 5.0, 5.0]).low == 5.0
    assert estimate_of_runs([33.2]).value == 33.2


def test_run_without_a_logarithm_leaves_the_arithmetic_mean() -> None:
    found = estimate_of_runs([0.0, 4.0, 4.0, 4.0])
    assert (found.value, found.low, found.high, found.runs) == (3.0, None, None, 4)
    with pytest.raises(ValueError, match="positive"):
        geometric_mean_of_runs([0.0, 4.0])


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
    assert repeats_needed([100, 102, 98], 0.02) == 7
    assert repeats_needed([100, 100, 100], 0.02) == 4, "with fewer there is no interval"
    assert repeats_needed([100], 0.02) is repeats_needed([100, 0], 0.02) is None


@given(st.lists(st.floats(1, 1e3), min_size=2, max_size=6), st.floats(0.005, 1))
def test_one_repeat_fewer_would_not_do(values: list[float], precision: float) -> None:
    n = repeats_needed(values, precision)
    assert n is not None

    def reached(runs: int) -> float:
        return math.sinh(float(stats.t.ppf(0.975, runs - 1)) * float(np.log(values).std(ddof=1)) / math.sqrt(runs))

    assert reached(n) <= precision * (1 + 1e-5), "exact only to within three beyond MAX_REPEATS"
    assert n == 4 or reached(n - 1) > precision


def test_a_hopeless_precision_is_told_at_once() -> None:
    spread = math.log(1000) / math.sqrt(2)
    assert repeats_needed([1, 1000], 0.01) == pytest.approx((1.96 / 0.01 * spread) ** 2, rel=1e-3)
    with pytest.raises(ValueError, match="precision"):
        repeats_needed([1, 1000], 0)


def test_disagreement() -> None:
    assert variation([90, 100, 110]) == pytest.approx(0.1)
    assert outlier([100, 101, 99, 100, 150]) == 4
    assert outlier([100, 101, 99, 100, 102]) is None
    assert outlier([1, 1, 100]) is None, "three runs can't tell which of them is wrong"
