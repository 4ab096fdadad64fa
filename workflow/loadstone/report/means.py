"""Means and ratios with their 95 % intervals, or with the runs themselves, as the page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadstone import text
from loadstone.results.bounded import Bounded
from loadstone.theory.intervals import Interval, estimate_of_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A figure with its 95 % interval; without bounds where runs are too few for one."""

    value: float
    low: float | None
    high: float | None
    runs: tuple[float, ...] = ()
    """The figure of each run; empty for a ratio of experiments."""

    @property
    def each(self) -> str:
        """The runs themselves, where they take the place of an interval; empty for a single run."""
        return text.each_run(self.runs) if self.low is None else ""


def estimated(found: Bounded | Interval | None, runs: Sequence[float] = ()) -> Mean | None:
    """Take a figure with its interval, and the runs that it is the mean of; None where there is no value.

    An interval that reaches 0 is not shown: earlier versions made such intervals, and no rate or time lies there.
    """
    if found is None or found.value is None:
        return None
    low, high = (None, None) if found.low is not None and found.low <= 0 else (found.low, found.high)
    return Mean(value=found.value, low=low, high=high, runs=tuple(runs))


def mean(values: Sequence[float]) -> Mean | None:
    """Take the geometric mean of runs; None without any."""
    return estimated(estimate_of_runs(values), values) if values else None
