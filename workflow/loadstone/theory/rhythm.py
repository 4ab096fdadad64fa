"""Whether events come by chance: gaps that chance does not explain, and how evenly events are spread.

Chance means a Poisson process: events that do not know of each other. The times between its events are exponential.
"""

import math
from dataclasses import dataclass
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
    second, are found by the same index of whole seconds: the smaller of the two counts. In a Poisson process, the
    smaller one is below 1 on average, by half their mean distance; the result is divided by that expectation.
    """
    halves, seconds = (_added(quarters, by) for by in (QUARTERS_PER_HALF, QUARTERS_PER_SECOND))
    if quarters.sum() < MIN_EVENTS or len(halves) < MIN_HALVES:
        return None
    # per half second χ²(2k-1)/(2k-1), per second χ²(k-1)/(k-1), of which the first one holds the second
    variance = 2 / (len(seconds) - 1) - 2 / (len(halves) - 1)
    expected = 1 - math.sqrt(variance / (2 * math.pi))
    return min(_dispersion(halves), _dispersion(seconds)) / expected


def _added(counts: NDArray[Any], by: int) -> Floats:
    return np.asarray(counts[: len(counts) // by * by].reshape(-1, by).sum(axis=1), np.float64)


def _dispersion(counts: Floats) -> float:
    mean = float(counts.mean())
    return float(counts.var(ddof=1)) / mean if mean > 0 else math.inf
