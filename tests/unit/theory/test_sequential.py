"""Levels of looks, and Holm's procedure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.theory.sequential import level_of_look, step_down


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


def test_looks_share_a_level() -> None:
    assert level_of_look(0.05, 1) == 0.05
    assert sum(level_of_look(0.05, 8) for _ in range(8)) == pytest.approx(0.05)
    with pytest.raises(ValueError, match="look"):
        level_of_look(0.05, 0)
