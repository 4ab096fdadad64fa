"""Exact tests of counts, against values that can be computed by hand."""

from math import comb

import pytest

from loadstone.theory.counts import chance_of_more, count_above_median


@pytest.mark.parametrize(
    ("b", "of_b", "a", "of_a", "p"),
    [
        (4, 4, 0, 4, 1 / comb(8, 4)),
        (3, 7, 0, 7, comb(7, 3) / comb(14, 3)),
        (3, 3, 1, 3, 3 / comb(6, 4)),
        (0, 5, 3, 5, 1),
        (5, 5, 5, 5, 1),
    ],
)
def test_chance_of_more_is_the_exact_tail(b: int, of_b: int, a: int, of_a: int, p: float) -> None:
    assert chance_of_more(b, of_b, a, of_a) == pytest.approx(p)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and"):
        chance_of_more(3, 2, 0, 2)


def test_members_above_the_median_of_all_are_counted() -> None:
    assert count_above_median([5, 6, 7, 8], [1, 2, 3, 4]) == (4, 0)
    assert count_above_median([0, 0, 1], [0, 0, 0]) == (1, 0)
    assert count_above_median([2, 2], [2, 2]) == (0, 0)
