"""Means and ratios with their intervals, as the page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadstone.results.bounded import Bounded
from loadstone.theory.intervals import Interval, mean_of_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A positive figure with its 95 % interval; without bounds where one run can't tell."""

    value: float
    low: float | None
    high: float | None


def estimated(found: Bounded | Interval | None) -> Estimate | None:
    """Take an interval of whatever kind; None where there is no value.

    Student's t knows nothing of signs: of two runs that differ it may reach below 0, where no rate or time can be. What
    lies there is cut off.
    """
    if isinstance(found, Interval):
        value, low, high = found.value, found.low, found.high
    elif found is None or found.value is None:
        return None
    else:
        value, low, high = found.value, found.low, found.high
    return Estimate(value=value, low=None if low is None else max(0.0, low), high=high)


def mean(values: Sequence[float]) -> Estimate | None:
    """Take the mean of runs; None without any."""
    return estimated(mean_of_runs(values)) if values else None
