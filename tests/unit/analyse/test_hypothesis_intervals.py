"""How an interval decides a hypothesis, and how seldom it errs."""

import numpy as np
import pytest

from loadstone.analyse.conclusion import judge_interval
from loadstone.suite.hypotheses import Region, parse_region
from loadstone.theory.intervals import Interval, ratio_of_pairs, ratio_of_runs

SIMULATIONS = 4000


def test_bounds_of_a_region() -> None:
    def at(low: float, high: float, text: str) -> str:
        return judge_interval(Interval(value=(low + high) / 2, low=low, high=high, runs=3), parse_region(text, ""))

    assert at(1.0, 1.2, "> 1") == "inconclusive", "the bound itself is outside"
    assert at(1.0, 1.2, ">= 1") == "supported"
    assert at(0.8, 1.0, "> 1") == "refuted"
    assert at(0.8, 1.0, ">= 1") == "inconclusive"
    assert at(0.5, 2.0, "within 10% of 1") == "inconclusive"
    assert at(0.95, 1.05, "within 10% of 1") == "supported"
    assert at(1.2, 1.3, "within 10% of 1") == "refuted"


@pytest.mark.parametrize("scatter", [(0.02, 0.02), (0.05, 0.01)])
def test_claim_that_is_true_by_nothing_is_seldom_decided(scatter: tuple[float, float]) -> None:
    """A ratio of 1.05 exactly, held against 1.05: at most five campaigns in a hundred may say yes or no."""
    rng = np.random.default_rng(8)
    region = Region(low=1.05, open=True)
    decided = 0
    for _ in range(SIMULATIONS):
        a = 1.05 * rng.lognormal(0, scatter[0], 4)
        b = rng.lognormal(0, scatter[1], 4)
        decided += judge_interval(ratio_of_runs(a.tolist(), b.tolist()), region) != "inconclusive"
    assert decided / SIMULATIONS < 0.06


def test_so_is_one_judged_in_pairs() -> None:
    rng = np.random.default_rng(9)
    region = Region(low=1.05, open=True)
    decided = 0
    for _ in range(SIMULATIONS):
        of_run = rng.lognormal(0, 0.5, 3)
        a, b = 1.05 * of_run * rng.lognormal(0, 0.02, 3), of_run * rng.lognormal(0, 0.02, 3)
        decided += judge_interval(ratio_of_pairs(a.tolist(), b.tolist()), region) != "inconclusive"
    assert 0.04 < decided / SIMULATIONS < 0.06


def test_pairs_have_to_be_pairs() -> None:
    for values, to in (([1.0], []), ([], []), ([1.0, 0.0], [1.0, 1.0]), ([1.0, 2.0], [1.0])):
        with pytest.raises(ValueError, match="pairs"):
            ratio_of_pairs(values, to)
