"""Gaps and evenness: found where they were put, and not where events come by chance, like a clock, or in bursts."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from loadstone.theory.rhythm import Gaps, find_gaps, measure_evenness

BIN_S = 0.001
SECONDS = 20.0


def counted(times: NDArray[np.float64], width_s: float = BIN_S) -> NDArray[np.int64]:
    inside = times[(times >= 0) & (times < SECONDS)]
    return np.bincount((inside / width_s).astype(int), minlength=round(SECONDS / width_s))


def by_chance(rng: np.random.Generator, rate: float) -> NDArray[np.float64]:
    return rng.uniform(0, SECONDS, rng.poisson(rate * SECONDS))


def lengths_s(gaps: Gaps | None) -> list[float]:
    assert gaps is not None
    return [each * BIN_S for each in gaps.lengths.tolist()]


@pytest.mark.slow
@pytest.mark.parametrize("rate", [5.0, 50.0, 500.0])
def test_chance_makes_a_gap_in_one_window_of_a_thousand(rate: float) -> None:
    rng = np.random.default_rng(1)
    found = [find_gaps(counted(by_chance(rng, rate)), BIN_S) for _ in range(1000)]
    assert sum(gaps is None for gaps in found) == 0
    assert sum(len(gaps.lengths) > 0 for gaps in found if gaps is not None) <= 5


def test_pauses_are_gaps_with_their_lengths() -> None:
    rng = np.random.default_rng(2)
    times = by_chance(rng, 200)
    gaps = find_gaps(counted(times[times % 2 >= 0.3]), BIN_S)
    assert gaps is not None
    assert np.diff(gaps.begins * BIN_S) == pytest.approx(2, abs=0.05)
    assert lengths_s(gaps) == pytest.approx([0.3] * 10, abs=0.04)


@pytest.mark.parametrize("burst_s", [0.0, 0.005, 0.02])
@pytest.mark.parametrize("period_s", [0.05, 0.2, 1.0])
def test_time_between_bursts_is_no_gap(burst_s: float, period_s: float) -> None:
    """Forty users in step, answered together again and again."""
    rng = np.random.default_rng(3)
    begins = np.arange(0.01, SECONDS, period_s)
    times = np.repeat(begins, 40) + rng.uniform(0, burst_s, 40 * len(begins))
    gaps = find_gaps(counted(times), BIN_S)
    assert gaps is None or not len(gaps.lengths)


@pytest.mark.parametrize("rate", [3.0, 30.0, 300.0])
def test_events_like_a_clock_have_no_gaps(rate: float) -> None:
    gaps = find_gaps(counted(np.arange(0, SECONDS, 1 / rate)), BIN_S)
    assert lengths_s(gaps) == []


def test_gap_at_an_end_counts_with_its_part_inside() -> None:
    times = np.arange(1.5, SECONDS - 0.8, 0.01)
    assert lengths_s(find_gaps(counted(times), BIN_S)) == pytest.approx([1.5, 0.8], abs=0.02)


def test_few_events_are_not_judged() -> None:
    assert find_gaps(counted(np.arange(0, 19) * 1.0), BIN_S) is None
    assert find_gaps(counted(np.arange(0, 20) * 1.0), BIN_S) is None, "a gap would be longer than 4 of the 20 seconds"
    assert measure_evenness(np.full(80, 0)) is None
    assert measure_evenness(np.full(14, 10)) is None, "shorter than four seconds"


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [8, 20, 60])
def test_evenness_of_chance_is_1_on_average(seconds: int) -> None:
    rng = np.random.default_rng(4)
    found = [measure_evenness(rng.poisson(25, 4 * seconds)) or math.nan for _ in range(2000)]
    assert np.mean(found) == pytest.approx(1, abs=0.03)
    assert np.quantile(found, 0.001) > 0.1, "chance does not look like a clock"


def test_evenness_of_a_clock_is_0_and_of_bursts_large() -> None:
    assert measure_evenness(np.full(80, 25)) == 0
    assert (measure_evenness(np.tile([100, 0, 0, 0], 20)) or 0) == 0, "an allowance that is renewed every second"
    bursts = measure_evenness(np.repeat(np.tile([40, 10], 5), 8))
    assert (bursts or 0) > 5


@pytest.mark.parametrize("late", range(1, 19))
def test_one_stall_leaves_a_clock_even(late: int) -> None:
    quarters = np.full(20, 20)
    quarters[late : late + 2] += [-16, 16]
    assert measure_evenness(quarters) == 0
