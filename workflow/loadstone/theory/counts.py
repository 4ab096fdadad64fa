"""Whether one count out of some is larger than another: exact tests, which need no assumption about a distribution."""

from collections.abc import Sequence
from statistics import median

from scipy import stats


def chance_of_more(count: int, of: int, than: int, than_of: int) -> float:
    """Chance that `count` or more belong to the first group, were all members equal (Fisher 1935, one-sided).

    `count` of the first group's `of` members, and `than` of the second group's `than_of`, have a property. Raises
    ValueError for an impossible count.
    """
    if not (0 <= count <= of and 0 <= than <= than_of):
        raise ValueError("a count must be between 0 and the number of members")
    if not count:
        return 1.0
    return float(stats.hypergeom.sf(count - 1, of + than_of, count + than, of))


def count_above_median(values: Sequence[float], others: Sequence[float]) -> tuple[int, int]:
    """Count in both groups the members above the median of all: with `chance_of_more`, Mood's median test (1954)."""
    middle = median([*values, *others])
    return sum(value > middle for value in values), sum(value > middle for value in others)
