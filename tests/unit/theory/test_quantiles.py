"""Exact quantiles: equal to sorting, whatever the data and however they are cut into batches."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loadstone.theory import quantiles
from loadstone.theory.quantiles import Batch, Histogram, interval_ranks, quantile_rank, values_at_ranks

PROBABILITIES = (0.001, 0.07, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0)

rows = st.tuples(st.integers(0, 2), st.one_of(st.floats(0, 1e7), st.sampled_from([0.0, 1.0, 1.0005, 1.001, 250.0])))


def of(groups: list[int], values: list[float], batch: int = 7) -> np.ndarray:
    def batches() -> Iterator[Batch]:
        for start in range(0, len(values), batch):
            yield np.array(groups[start : start + batch], np.int64), np.array(values[start : start + batch], float)

    histogram = Histogram()
    for part in batches():
        histogram.add(*part)
    ranks = [[quantile_rank(count, p) for p in PROBABILITIES] for count in histogram.sizes.tolist()]
    return values_at_ranks(histogram, batches, np.array(ranks, np.int64).reshape(-1, len(PROBABILITIES)))


def by_sorting(values: list[float], p: float) -> float:
    ordered = sorted(values)
    return ordered[max(1, math.ceil(p * len(ordered) - 1e-9)) - 1]


@given(st.lists(rows, max_size=200))
def test_equal_to_sorting(data: list[tuple[int, float]]) -> None:
    found = of([g for g, _ in data], [v for _, v in data])
    for group in {g for g, _ in data}:
        mine = [v for g, v in data if g == group]
        assert found[group].tolist() == [by_sorting(mine, p) for p in PROBABILITIES]


def test_nearest_rank_of_one_to_a_hundred() -> None:
    found = of([0] * 100, [float(n) for n in range(100, 0, -1)])
    assert found[0].tolist() == [1, 7, 50, 90, 95, 99, 100, 100]


def test_group_without_values_is_nan() -> None:
    found = of([1, 1], [3.0, 4.0])
    assert np.isnan(found[0]).all()
    assert found[1, 2] == 3.0


def test_values_that_do_not_fit_into_memory_take_more_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.random.default_rng(1).lognormal(1, 1, 5000).tolist()
    expected = of([0] * 5000, data, batch=500)
    monkeypatch.setattr(quantiles, "MAX_GATHERED", 3)
    assert of([0] * 5000, data, batch=500).tolist() == expected.tolist()


@given(st.integers(1, 3000), st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99, 0.999]))
def test_interval_is_that_of_the_quantile_test(count: int, p: float) -> None:
    sample = np.arange(1.0, count + 1)
    expected = stats.quantile_test(sample, p=p).confidence_interval(0.95)
    low, high = interval_ranks(count, p)
    assert (low if low >= 1 else None) == (None if math.isnan(expected.low) else expected.low)
    assert (high if high <= count else None) == (None if math.isnan(expected.high) else expected.high)


def test_two_sided_interval_of_the_99th_percentile_needs_368_values() -> None:
    assert interval_ranks(367, 0.99)[1] == 368, "beyond the largest"
    assert interval_ranks(368, 0.99)[1] <= 368
    assert interval_ranks(0, 0.5) == (0, 1)
