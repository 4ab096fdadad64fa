"""Means and ratios with their 95 % intervals, as the page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadstone.results.bounded import Bounded
from loadstone.theory.intervals import Interval, mean_of_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A positive figure with its 95 % interval; without bounds after a single run."""

    value: float
    low: float | None
    high: float | None


def positive(found: Bounded | Interval | None) -> Mean | None:
    """Cut an interval off at 0; None where there is no value.

    Student's t ignores signs: with two runs that differ, its interval may reach below 0, where no rate or time can lie.
    """
    if isinstance(found, Interval):
        value, low, high = found.value, found.low, found.high
    elif found is None or found.value is None:
        return None
    else:
        value, low, high = found.value, found.low, found.high
    return Mean(value=value, low=None if low is None else max(0.0, low), high=high)


def mean(values: Sequence[float]) -> Mean | None:
    """Take the mean of runs; None without any."""
    return positive(mean_of_runs(values)) if values else None
