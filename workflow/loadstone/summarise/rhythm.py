"""How the completions of a run's requests are spread over a window: gaps, evenness, dents.

Requests are added batch by batch, in any order. What is kept is counts on two grids, so that memory is bounded.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadstone.results.requests import Bools, in_window
from loadstone.theory.level_shift import MAX_OBSERVATIONS, MIN_PIECE, LevelShift, find_level_shift
from loadstone.theory.quantiles import Floats, Ints
from loadstone.theory.rhythm import MIN_EVENTS, Gaps, find_gaps, measure_evenness

MIN_BIN_S = 0.001
"""Width of the bins in which gaps are looked for, seconds."""
MAX_BINS = 2_000_000
"""Bins of a window at most: in one of more than half an hour they are wider."""
QUARTER_S = 0.25

REFUSALS = (429, 503)
"""Status codes with which a server refuses a request that it could answer at another time."""

BINS_PER_DECADE, MIN_RESPONSE_S, DECADES = 32, 1e-4, 10
"""Bins of the response times that show how long requests take."""

RARER_THAN_CHANCE = 30.0
"""Gaps count if they take this many times the share of time in which, by chance, all the requests in progress are long
ones."""
MIN_FOR_SPREAD = 4
"""Gaps from which on their period has a spread."""

Index = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Levels:
    """The times of a window with the lower and with the higher throughput."""

    shift: LevelShift
    begin: float
    """Begin of the stretch, unix seconds."""
    end: float

    @property
    def inside_is_lower(self) -> bool:
        """Whether throughput was lower in the stretch than in the rest of the window."""
        return self.shift.inside < self.shift.outside


class Rhythm:
    """Counts the requests of one window, given in unix seconds."""

    def __init__(self, window: tuple[float, float]) -> None:
        self._window = window
        self._seconds = window[1] - window[0]
        self._width_s = max(MIN_BIN_S, self._seconds / MAX_BINS)
        bins = max(1, math.ceil(self._seconds / self._width_s))
        self._ended = np.zeros(bins, np.int32)
        self._begun = np.zeros(bins, np.int32)
        quarters = math.ceil(self._seconds / QUARTER_S)
        self._all = np.zeros(quarters, np.int64)
        self._good = np.zeros(quarters, np.int64)
        self._time_by_response = np.zeros(BINS_PER_DECADE * DECADES)
        self._refused: int | None = 0

    def add(self, sent: Floats, ended: Floats, failed: Bools, status: Ints | None) -> None:
        """Add a batch. Without `status`, nothing is known of refusals."""
        begin, end = self._window
        inside = in_window(ended, self._window)
        self._refused = (
            None if self._refused is None or status is None else self._refused + _count_refusals(status[inside])
        )
        of_window = ended[inside] - begin
        _count(self._ended, of_window / self._width_s)
        _count(self._begun, np.maximum(sent[(ended >= begin) & (sent < end)] - begin, 0.0) / self._width_s)
        _count(self._all, of_window / QUARTER_S)
        _count(self._good, (ended[inside & ~failed] - begin) / QUARTER_S)
        response = np.maximum((ended - sent)[inside], MIN_RESPONSE_S)
        place = np.minimum(_response_bin(response), len(self._time_by_response) - 1)
        self._time_by_response += np.bincount(place, response, minlength=len(self._time_by_response))

    def signals(self, *, constant: bool) -> dict[str, Any]:
        """Return the signals of `RhythmSignals`, without what other processes used.

        Where the number of users is not `constant`, throughput changes with it, and is not judged.
        """
        goodput = {"goodput": float(self._good.sum()) / self._seconds, "refused": self._refused}
        if not constant:
            return goodput
        levels = self.levels()
        whole = slice(int(self._seconds / QUARTER_S + 1e-6))
        return {
            **goodput,
            **self._gap_signals(),
            "evenness": measure_evenness(self._all[whole]),
            "goodput_evenness": measure_evenness(self._good[whole]),
            "dent": None if levels is None else levels.shift.ratio,
        }

    def levels(self) -> Levels | None:
        """Find the change of throughput from one level to another, if there is one."""
        whole = self._all[: int(self._seconds / QUARTER_S + 1e-6)]
        joined = max(1, math.ceil(len(whole) / MAX_OBSERVATIONS))
        counts = whole[: len(whole) // joined * joined].reshape(-1, joined).sum(axis=1).astype(float)
        if counts.sum() < MIN_EVENTS * MIN_PIECE:
            return None
        shift = find_level_shift(counts)
        step_s = joined * QUARTER_S
        begin = self._window[0]
        return None if shift is None else Levels(shift, begin + shift.begin * step_s, begin + shift.end * step_s)

    def _gap_signals(self) -> dict[str, Any]:
        gaps = find_gaps(self._ended, self._width_s)
        if gaps is None:
            return {}
        gaps = self._beyond_chance(gaps)
        begins_s = gaps.begins * self._width_s
        periods = np.diff(begins_s)
        return {
            "gap_share": min(1.0, float(gaps.lengths.sum()) * self._width_s / self._seconds),
            "gaps": len(gaps.lengths),
            "gap_period_s": float(np.median(periods)) if len(periods) else None,
            "gap_spread": float(periods.std(ddof=1) / periods.mean()) if len(gaps.begins) >= MIN_FOR_SPREAD else None,
        }

    def _beyond_chance(self, gaps: Gaps) -> Gaps:
        """Leave out the gaps in which no user waits, and all of them if requests that are long by chance explain them.

        A gap means that all requests in progress in its middle take at least half of its length. If requests took long
        independently of each other, that would be so for a share qᵏ of the time in which k requests are in progress, q
        being the share of requests' time in progress that belongs to requests of that length.
        """
        in_progress = np.cumsum(self._begun, dtype=np.int64) - np.cumsum(self._ended, dtype=np.int64)
        waiting = in_progress[gaps.begins + gaps.lengths // 2]
        gaps, waiting = gaps.only(waiting > 0), waiting[waiting > 0]
        if not len(waiting):
            return gaps
        longer = np.cumsum(self._time_by_response[::-1])[::-1] / self._time_by_response.sum()
        place = np.minimum(_response_bin(gaps.lengths * self._width_s / 2), len(longer) - 1)
        at_least = np.cumsum(np.bincount(np.maximum(in_progress, 0))[::-1])[::-1] / len(in_progress)
        by_chance = float((at_least[waiting] * longer[place] ** waiting).mean())
        share = float(gaps.lengths.sum()) * self._width_s / self._seconds
        return gaps.only(np.full(len(waiting), share >= RARER_THAN_CHANCE * by_chance))


def _response_bin(seconds: Floats) -> Ints:
    place = np.floor(BINS_PER_DECADE * np.log10(np.maximum(seconds, MIN_RESPONSE_S) / MIN_RESPONSE_S))
    return np.asarray(place, np.int64)


def _count(totals: Index, places: Floats) -> None:
    """Add the number of events in each bin; a rounding error past the last bin belongs to it."""
    if not len(places):
        return
    bins = np.minimum(places.astype(np.int64), len(totals) - 1)
    lowest = int(bins.min())
    counts = np.bincount(bins - lowest)
    totals[lowest : lowest + len(counts)] += counts.astype(totals.dtype)


def _count_refusals(status: Ints) -> int:
    return int(np.isin(status, REFUSALS).sum())
