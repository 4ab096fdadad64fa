"""Levels of looks, and Holm's procedure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loadstone.theory.sequential import error_of_looks, level_of_look, step_down


def holm(ps: list[float], level: float) -> list[bool]:
    """Follow the textbook: sort, and stop at the first p that is too large."""
    decided = [False] * len(ps)
    for rank, number in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        if ps[number] > level / (len(ps) - rank):
            break
        decided[number] = True
    return decided


def judged(ps: list[float], level: float = 0.05) -> list[bool]:
    return [step.decided for step in step_down([lambda at, p=p: p <= at for p in ps], level)]


@given(st.lists(st.floats(0, 0.1), max_size=15))
def test_step_down_is_holms(ps: list[float]) -> None:
    assert judged(ps) == holm(ps, 0.05)


def test_each_decision_makes_the_next_easier() -> None:
    ps = [0.04, 0.001, 0.02]
    assert judged(ps) == [True, True, True]
    assert judged([0.04, 0.001, 0.03]) == [False, True, False]
    steps = step_down([lambda at, p=p: p <= at for p in ps], 0.05)
    assert [step.level for step in steps] == pytest.approx([0.05, 0.05 / 3, 0.025])


def test_what_cannot_be_judged_counts_all_the_same() -> None:
    assert judged([0.03]) == [True]
    assert judged([0.03, 2.0]) == [False, False]
    assert step_down([], 0.05) == ()


@pytest.mark.parametrize(("first", "last"), [(3, 10), (2, 5), (5, 6)])
@pytest.mark.parametrize("level", [0.05, 0.05 / 12, 0.05 / 100])
def test_level_of_looks_lies_between_bonferronis_and_the_whole(first: int, last: int, level: float) -> None:
    found = level_of_look(level, first, last)
    assert level / (last - first + 1) <= found < level
    assert error_of_looks(found, first, last) == pytest.approx(level, rel=0.03)


def test_a_smaller_level_never_has_a_larger_level_of_looks() -> None:
    levels = [level_of_look(0.05 / family, 3, 10) for family in (1, 2, 3, 5, 12, 50, 199, 201, 1000, 10**6)]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] == pytest.approx(0.05 / 10**6 / 8)


def test_one_look_has_the_whole_level() -> None:
    assert level_of_look(0.05, 3, 3) == level_of_look(0.05, 1, 1) == level_of_look(0.05, 1, 2) == 0.05
    assert error_of_looks(0.05, 4, 4) == 0.05
    for first, last in ((3, 2), (0, 0)):
        with pytest.raises(ValueError, match="look"):
            level_of_look(0.05, first, last)


@pytest.mark.slow
@pytest.mark.parametrize("nominal", [0.05, 0.005])
def test_error_of_looks_is_what_a_simulation_finds(nominal: float) -> None:
    """Student's t at 3 to 10 runs, in 200 000 campaigns; normal statistics would give 1.2 and 1.5 times less."""
    x = np.random.default_rng(1).normal(size=(200_000, 10))
    n = np.arange(3, 11)
    mean, square = np.cumsum(x, axis=1)[:, 2:] / n, np.cumsum(x * x, axis=1)[:, 2:]
    t = mean / np.sqrt((square / n - mean**2) / (n - 1))
    exceeded = float((np.abs(t) > stats.t.isf(nominal / 2, n - 1)).any(axis=1).mean())
    assert error_of_looks(nominal, 3, 10) == pytest.approx(exceeded, rel=0.06)
