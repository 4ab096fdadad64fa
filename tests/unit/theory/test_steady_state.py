"""Steady state: found where it was put, and not where there is none."""

import math

import numpy as np
import pytest
from scipy import stats

from loadstone.theory.steady_state import SeriesTrend, find_trend, find_warm_up, fit_line

NAN = math.nan


def batches(*means: float) -> list[float]:
    """Make a series whose batches of five have these means."""
    return [mean for mean in means for _ in range(5)]


@pytest.mark.parametrize("points", [3, 4, 10, 50])
def test_line_is_that_of_scipy(points: int) -> None:
    rng = np.random.default_rng(points)
    x, y = rng.uniform(100, 200, points), rng.normal(0, 1, points)
    found, expected = fit_line(x, y), stats.linregress(x, y)
    assert found.slope == pytest.approx(expected.slope)
    assert found.stderr == pytest.approx(expected.stderr)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.residuals == pytest.approx(y - expected.intercept - expected.slope * x)


def test_line_that_leaves_nothing_is_sure() -> None:
    x = np.arange(5.0)
    rising, level = fit_line(x, 2 * x + 1), fit_line(x, np.full(5, 7.0))
    assert (rising.slope, rising.stderr, rising.p) == (2, 0, 0)
    assert (level.slope, level.stderr, level.p) == (0, 0, 1)


@pytest.mark.parametrize(
    ("change", "p", "believed"),
    [(0.051, 0.009, True), (-0.051, 0.009, True), (0.05, 0.009, False), (-0.05, 0.009, False), (0.051, 0.01, False)],
)
def test_trend_is_believed_below_1_percent_and_beyond_5_percent(change: float, p: float, believed: bool) -> None:
    assert SeriesTrend(change=change, p=p).believed is believed


def test_trend_of_independent_batches_is_scipys() -> None:
    """Those that alternate about their line count in full."""
    means = [10.0, 13, 11, 14, 12, 15, 13, 16]
    found, expected = find_trend(batches(*means)), stats.linregress(np.arange(8), means)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.change == pytest.approx(expected.slope * 7 / 13)


def test_trend_of_correlated_batches_counts_fewer_of_them() -> None:
    """What the line leaves, ±1, correlates by 3/8: eight batches tell as much as 8·(1 - 3/8)/(1 + 3/8) = 40/11."""
    left = np.array([1, 1, -1, -1, -1, -1, 1, 1])
    found = find_trend(batches(*(100 + 5 * np.arange(8) + left)))
    stderr = math.sqrt(8 / (8 - 2) / 42) * math.sqrt(8 / (40 / 11))
    assert found.p == pytest.approx(2 * stats.t.sf(5 / stderr, 40 / 11 - 2))
    assert found.change == pytest.approx(35 / 117.5)


def test_correlation_leaves_the_worth_of_three_batches_at_least() -> None:
    """Here it is 11/16, which would leave 16·(5/16)/(27/16), less than three."""
    left = np.array([1] * 4 + [-1] * 8 + [1] * 4)
    found = find_trend(batches(*(100 + 5 * np.arange(16) + left)))
    stderr = math.sqrt(16 / (16 - 2) / 340) * math.sqrt(16 / 3)
    assert found.p == pytest.approx(2 * stats.t.sf(5 / stderr, 1))


def test_trend_without_noise_is_sure() -> None:
    found = find_trend(batches(1, 2, 3, 4, 5))
    assert found.change == pytest.approx(4 / 3)
    assert found.p == 0


def test_trend_needs_four_batches_and_a_mean_to_compare_with() -> None:
    assert find_trend(batches(1, 2, 3)) == SeriesTrend(change=0, p=1)
    assert find_trend(batches(1, 2, 3, 4)[:-1]) == SeriesTrend(change=0, p=1)
    assert find_trend(batches(1, 2, 3, 4)).change == pytest.approx(3 / 2.5)
    assert find_trend(batches(-2, -1, 1, 2)) == SeriesTrend(change=0, p=1)
    assert find_trend(batches(5, 5, 5, 5)) == SeriesTrend(change=0, p=1)


def test_missing_values_change_no_batch() -> None:
    full = batches(10, 13, 11, 14)
    gappy = [10, NAN, 10, 10, 10, NAN, NAN, 13, NAN, NAN, *[11] * 5, *[NAN] * 5, 14, NAN, NAN, NAN, 14]
    assert find_trend([*gappy[:15], *gappy[20:]]) == find_trend(full)
    assert find_warm_up(batches(9, 1, 1, 1, NAN, 1)).cut == 5


def test_a_gap_keeps_its_place() -> None:
    assert find_warm_up(batches(9, NAN, 9, 1, 1, 1, 1, 1, 1)).cut == 15
    assert find_trend(batches(1, NAN, 3, 4, 5)).change == pytest.approx(4 / 3.25)


def test_warm_up_needs_four_batches() -> None:
    assert find_warm_up(batches(9, 1, 1)).cut == 0
    assert find_warm_up(batches(9, 1, 1, 1)).cut == 5


def test_correlated_noise_raises_few_alarms() -> None:
    """Batches that remember 0.6 of the one before: taken for independent, one series in five would trend."""
    rng = np.random.default_rng(3)
    naive = alarms = 0
    for _ in range(300):
        noise = rng.normal(0, 10, 40)
        for place in range(1, 40):
            noise[place] += 0.6 * noise[place - 1]
        found = find_trend(batches(*(100 + noise)))
        naive += SeriesTrend(change=found.change, p=float(stats.linregress(np.arange(40), 100 + noise).pvalue)).believed
        alarms += found.believed
    assert naive > 50
    assert alarms < 10


def test_limit_is_told_by_welchs_test() -> None:
    """Halves of two to six batches each, the first higher and noisier: it is all cut, and is it different?"""
    rng = np.random.default_rng(4)
    told = []
    for _ in range(500):
        size = int(rng.integers(2, 7))
        one = rng.normal(rng.uniform(103, 150), rng.uniform(1, 30), size)
        other = rng.normal(100, rng.uniform(0.1, 10), size)
        found = find_warm_up(batches(*one, *other))
        if found.cut < 5 * size:
            continue
        matters = abs(one.mean() - other.mean()) > 0.05 * other.mean()
        sure = stats.ttest_ind(one, other, equal_var=False).pvalue < 0.01
        assert found.at_limit == (matters and sure)
        told.append(found.at_limit)
    assert 100 < sum(told) < len(told) - 100, "both answers are common"


@pytest.mark.parametrize(("first", "different"), [(105, False), (106, True), (95, False), (94, True)])
def test_halves_without_noise_differ_beyond_5_percent(first: float, different: bool) -> None:
    found = find_warm_up(batches(first, first, 100, 100))
    assert (found.cut, found.at_limit) == (10, different)


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
