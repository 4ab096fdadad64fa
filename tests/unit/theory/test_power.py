"""The difference that repeats can show, by how often they show it."""

import math

import numpy as np
import pytest
from scipy import stats

from loadstone.theory.power import detectable_difference, range_of_repeats, typical_variation

COMPARISONS = 20_000


@pytest.mark.parametrize("repeats", [2, 3, 5, 10])
@pytest.mark.parametrize("variation", [0.02, 0.2])
def test_nine_in_ten_comparisons_show_the_difference(repeats: int, variation: float) -> None:
    """By Welch's t as scipy has it, on log-normal rates."""
    difference = detectable_difference(variation, repeats)
    assert difference is not None
    rng = np.random.default_rng(repeats)
    sigma = math.sqrt(math.log1p(variation**2))
    before = rng.normal(0, sigma, (COMPARISONS, repeats))
    after = rng.normal(math.log1p(difference), sigma, (COMPARISONS, repeats))
    shown = stats.ttest_ind(after, before, axis=1, equal_var=False).pvalue < 0.05
    assert shown.mean() == pytest.approx(0.9, abs=0.01)


def test_more_repeats_and_less_variation_show_smaller_differences() -> None:
    by_repeats = [detectable_difference(0.05, repeats) for repeats in (2, 3, 5, 10, 100)]
    assert by_repeats == sorted(by_repeats, reverse=True)  # type: ignore[type-var]  # none of them is None
    assert detectable_difference(0.0, 3) == 0
    assert detectable_difference(1e300, 2) > 1e100  # type: ignore[operator]
    assert detectable_difference(1e300, 2, power=0.999) == math.inf
    assert detectable_difference(0.02, 5) < detectable_difference(0.04, 5)  # type: ignore[operator]


def test_no_difference_can_be_shown_without_repeats() -> None:
    assert detectable_difference(0.05, 1) is None
    with pytest.raises(ValueError, match="at least 0"):
        detectable_difference(-0.1, 3)


def test_19_of_20_repeats_lie_within_the_range() -> None:
    assert range_of_repeats(0.05) == pytest.approx(1.96 * 0.05, rel=1e-3)


def test_typical_variation_is_the_true_one_though_three_repeats_vary_by_less_more_often() -> None:
    rates = np.random.default_rng(3).normal(100, 4, (4_000, 3))
    found = rates.std(axis=1, ddof=1) / rates.mean(axis=1)
    assert np.median(found) < 0.035
    assert typical_variation((float(each), 3) for each in found) == pytest.approx(0.04, rel=0.05)


def test_experiments_of_two_repeats_have_no_typical_variation() -> None:
    assert typical_variation([(0.3, 2), (0.2, 1)]) is None
    assert typical_variation([(0.3, 2), (0.02, 1000)]) == pytest.approx(0.02, rel=1e-3)
