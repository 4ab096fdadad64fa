"""Whether events come by chance: gaps that chance does not explain, and how evenly events are spread.

Chance means a Poisson process: events that do not know of each other. The times between its events are exponential.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_GAP_S = 0.02
"""Shortest gap: the scheduler and the load generator's own event loop cause shorter ones."""
CERTAINTY = 7.0
"""A Poisson process with any number of events has a gap above (ln n + 7)/X in one of e⁷ = 1,100 windows."""
MEDIAN_AROUND = 1.678
"""Median of the time between the two events around a random moment, over the mean time between events, in a Poisson
process: the median of a gamma distribution of shape 2."""
MIN_GAPS_IN_WINDOW = 4.0
"""Gaps are not judged if fewer than this number of the shortest ones would fit into the window."""

MIN_EVENTS = 20
"""Events below which neither gaps nor evenness are judged."""
QUARTERS_PER_HALF, QUARTERS_PER_SECOND = 2, 4
MIN_HALVES = 8
"""Half seconds below which evenness is not judged."""
EXCUSED = 5
"""One in so many counts may be far from the others without making a window uneven."""
MIN_DRAWS, COUNTS_DRAWN, MANY = 200, 100_000, 1e6
"""Windows and counts of the simulation that shows the index in a Poisson process, and its events per count: so many
that they are normal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Times without an event, in order; begins and lengths are numbers of bins."""

    begins: Ints
    lengths: Ints

    def only(self, kept: NDArray[np.bool_]) -> "Gaps":
        """Keep some of them."""
        return Gaps(begins=self.begins[kept], lengths=self.lengths[kept])


def find_gaps(events: NDArray[Any], width_s: float) -> Gaps | None:
    """Find the gaps in events that are counted in bins of `width_s` seconds; None if there are too few to judge.

    A gap is longer than `MIN_GAP_S` and than (ln n + 7)·τ, with n = window/τ. In a Poisson process τ = 1/X. Where many
    events come at once, X is the rate of the events, not of the bursts. So τ is at least the time between events around
    a random moment, as its median (over time, not over events) shows it: the gaps between bursts that fill more than
    half of the window are the pattern, not gaps in it. The median hardly changes as long as gaps fill less than half of
    the window. A gap's length is that of the bins without an event, and so a lower bound; gaps at the window's ends
    count with their part inside.
    """
    total, window_s = int(events.sum()), len(events) * width_s
    if total < MIN_EVENTS:
        return None
    places = np.concatenate([[-1], np.flatnonzero(events), [len(events)]])
    apart = np.diff(places)
    ordered = np.sort(apart)
    around_s = float(ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)]) * width_s
    mean_s = max(window_s / total, around_s / MEDIAN_AROUND)
    shortest_s = max(MIN_GAP_S, (math.log(max(window_s / mean_s, 1.0)) + CERTAINTY) * mean_s)
    if MIN_GAPS_IN_WINDOW * shortest_s > window_s:
        return None
    long = (apart - 1) * width_s > shortest_s
    return Gaps(begins=places[:-1][long] + 1, lengths=apart[long] - 1)


def measure_evenness(quarters: NDArray[Any]) -> float | None:
    """Variance over mean of events, from their numbers per quarter second; None if there are too few to judge.

    It is 1 on average in a Poisson process (the index of dispersion: Cox & Lewis 1966, section 6.3), and 0 if events
    come like a clock. Events that are even over a second but not within it, as with an allowance that is renewed every
    second, are found by the same index of whole seconds: the smaller of the two counts. The counts that lie farthest
    from the median are left out, one in `EXCUSED`: a single stall of the machine moves many events from one count to
    the next. The result is divided by what it would be in a Poisson process.
    """
    halves = _added(quarters, QUARTERS_PER_HALF)
    if quarters.sum() < MIN_EVENTS or len(halves) < MIN_HALVES:
        return None
    seconds = _added(quarters, QUARTERS_PER_SECOND)
    found = min(_dispersion(counts[np.newaxis, :]).item() for counts in (halves, seconds))
    return found / _dispersion_by_chance(len(halves), len(seconds))


@cache
def _dispersion_by_chance(halves: int, seconds: int) -> float:
    """Mean of the smaller index in a Poisson process, by simulation of normal counts."""
    draws = max(MIN_DRAWS, COUNTS_DRAWN // halves)
    drawn = MANY + math.sqrt(MANY) * np.random.default_rng(0).standard_normal((draws, max(halves, 2 * seconds)))
    both = drawn[:, : 2 * seconds].reshape(draws, seconds, 2).sum(axis=2)
    return float(np.minimum(_dispersion(drawn[:, :halves]), _dispersion(both)).mean())


def _added(counts: NDArray[Any], by: int) -> Floats:
    return np.asarray(counts[: len(counts) // by * by].reshape(-1, by).sum(axis=1), np.float64)


def _dispersion(counts: Floats) -> Floats:
    """Variance over mean of each row, without the counts that are farthest from its median."""
    apart = np.abs(counts - np.median(counts, axis=1, keepdims=True))
    kept = counts.shape[1] - counts.shape[1] // EXCUSED
    nearest = np.take_along_axis(counts, np.argsort(apart, axis=1, kind="stable")[:, :kept], axis=1)
    mean = nearest.mean(axis=1)
    index = np.full(len(counts), math.inf)
    np.divide(nearest.var(axis=1, ddof=1), mean, out=index, where=mean > 0)
    return index
