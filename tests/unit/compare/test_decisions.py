"""How often a comparison of campaigns decides rightly: the claims of `benchmarks/compare_decisions.py`."""

import numpy as np
import pytest

from benchmarks.compare_decisions import (
    Spread,
    count,
    equal,
    equal_code_half_busy,
    halves,
    itself,
    one_noisy,
    quiet_pair,
    slowdown_found,
    slower_anywhere,
    unequal,
)
from benchmarks.recorded_runs import read_table
from loadstone.theory.intervals import ratio_of_runs
from loadstone.theory.variances import MAX_FREEDOM, find_typical_variance, ratio_of_groups

PAIRS = 100


@pytest.mark.slow
def test_equal_code_is_slower_in_at_most_five_of_a_hundred_pairs_half_of_them_busy() -> None:
    assert equal_code_half_busy(np.random.default_rng(1), PAIRS) <= 5


@pytest.mark.slow
@pytest.mark.parametrize(("runs", "spread"), [(3, unequal(0.03, 2.0)), (5, one_noisy(0.02, 0.1))])
def test_unequal_spreads_make_no_more_slower_experiments(runs: int, spread: Spread) -> None:
    rng = np.random.default_rng(2)
    assert count(PAIRS, lambda _: quiet_pair(rng, 12, runs, spread), slower_anywhere) <= 5


@pytest.mark.slow
@pytest.mark.parametrize("experiments", [1, 12])
def test_slowdown_of_ten_percent_is_found_with_five_quiet_repeats(experiments: int) -> None:
    assert slowdown_found(np.random.default_rng(3), experiments, equal(0.025), PAIRS) >= 90


def test_campaign_against_itself_has_not_changed() -> None:
    assert itself(np.random.default_rng(4)) == 0


@pytest.mark.parametrize("machine", ["shared", "neighbour"])
def test_recorded_campaign_did_not_become_slower_halfway(machine: str) -> None:
    assert not slower_anywhere(halves(read_table(), machine))


def test_variance_is_shared_as_far_as_groups_agree() -> None:
    rng = np.random.default_rng(5)
    alike = [rng.normal(0, 0.02, 5).tolist() for _ in range(400)]
    typical = find_typical_variance(alike)
    assert typical.variance == pytest.approx(0.02**2, rel=0.2)
    assert 8 < typical.freedom <= MAX_FREEDOM
    mixed = [(np.array(group) * 10 ** (number % 3)).tolist() for number, group in enumerate(alike)]
    assert find_typical_variance(mixed).freedom < 1


def test_few_groups_show_nothing_of_each_other() -> None:
    assert find_typical_variance([[1.0, 2.0]] * 5).freedom == 0
    assert find_typical_variance([[1.0, 1.0]] * 9).freedom == 0
    assert find_typical_variance([[1.0]] * 9).freedom == 0


def test_without_others_the_interval_is_that_of_welch() -> None:
    values, others = [10.2, 9.9, 10.6], [9.1, 9.0, 9.4, 9.2]
    found, welch = ratio_of_groups(values, others), ratio_of_runs(values, others)
    assert (found.value, found.low, found.high) == pytest.approx((welch.value, welch.low, welch.high))
