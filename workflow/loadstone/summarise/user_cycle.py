"""The mean cycle of a user: the response time R, and the think time Z as measured, not as configured.

A user who sends requests in parallel has no time between them, and a request whose user is unknown has no previous one.
Both are counted: where there are more than a few, the think time is unknown.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from loadstone.results.requests import end_times, in_window
from loadstone.results.signals import MAX_UNKNOWN_SHARE
from loadstone.summarise.read_requests import read_batches
from loadstone.theory.quantiles import Floats, Ints

OVERLAP_S = 0.001
"""Time by which a request has to begin before an earlier one ended to overlap it: the two clocks of a request may
differ by microseconds."""
UNKNOWN = -1
"""Number that stands for an unknown user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """The mean cycle of a user in the window, over all requests, successful or failed."""

    throughput: float
    """X: requests/s that ended in the window."""
    response_s: float
    """R: mean response time of these requests, seconds; NaN if there are none."""
    think_s: float
    """Z: mean time between a response and the same user's next request, over the requests sent in the window, seconds;
    NaN if there are none."""
    overlapping: float = 0.0
    """Share of the requests sent in the window that were sent while an earlier one of the same user was in progress."""
    unattributed: float = 0.0
    """Share of the requests sent in the window whose user is unknown."""
    think_spread: float | None = None
    """Coefficient of variation of the times whose mean is `think_s`; None where that is 0 or unknown."""

    @property
    def is_known(self) -> bool:
        """Whether users send one request at a time, and each request's user is known, apart from a few."""
        return max(self.overlapping, self.unattributed) <= MAX_UNKNOWN_SHARE


def measure_cycle(path: Path, window: tuple[float, float]) -> Cycle:
    """Measure the cycle in one pass over a run's requests; the window is in unix seconds.

    Raises `DamagedError` if the file is damaged.
    """
    [cycle] = measure_cycles(path, [window])
    return cycle


def measure_cycles(path: Path, windows: Sequence[tuple[float, float]]) -> list[Cycle]:
    """Measure the cycle in each of some windows, in one pass over a run's requests.

    Requests are stored roughly in order of time. Each batch is sorted, and the time of each user's last response is
    kept for the next batch. Raises `DamagedError` if the file is damaged.
    """
    last_end = np.empty(0)
    sums = [_Sums(window) for window in windows]
    for user, sent, answered in _batches(path):
        if len(user) and int(user.max()) >= len(last_end):
            last_end = np.append(last_end, np.full(int(user.max()) + 1 - len(last_end), np.nan))
        gap = _gaps(user, sent, answered, last_end)
        for each in sums:
            each.add(user, sent, answered, gap)
    return [each.cycle() for each in sums]


@dataclass(slots=True)
class _Sums:
    """Sums over the requests that ended, or were sent, in a window."""

    window: tuple[float, float]
    ended: int = 0
    begun: int = 0
    gaps: int = 0
    overlapping: int = 0
    unattributed: int = 0
    response_s: float = 0.0
    think_s: float = 0.0
    think_squares: float = 0.0

    def add(self, user: Ints, sent: Floats, answered: Floats, gap: Floats) -> None:
        """Add a batch of requests; `gap` is the time since the end of the same user's earlier requests."""
        inside = in_window(answered, self.window)
        self.ended += int(inside.sum())
        self.response_s += float((answered - sent)[inside].sum())
        sent_inside = in_window(sent, self.window)
        self.begun += int(sent_inside.sum())
        self.unattributed += int((sent_inside & (user == UNKNOWN)).sum())
        counted = sent_inside & ~np.isnan(gap)
        self.gaps += int(counted.sum())
        self.overlapping += int((gap[counted] < -OVERLAP_S).sum())
        waits = np.maximum(gap[counted], 0.0)
        self.think_s += float(waits.sum())
        self.think_squares += float((waits**2).sum())

    def cycle(self) -> Cycle:
        """Divide the sums."""
        begin, end = self.window
        return Cycle(
            throughput=self.ended / (end - begin),
            response_s=self.response_s / self.ended if self.ended else math.nan,
            think_s=self.think_s / self.gaps if self.gaps else math.nan,
            overlapping=self.overlapping / self.begun if self.begun else 0.0,
            unattributed=self.unattributed / self.begun if self.begun else 0.0,
            think_spread=self._spread(),
        )

    def _spread(self) -> float | None:
        if not self.think_s:
            return None
        mean = self.think_s / self.gaps
        return math.sqrt(max(0.0, self.think_squares / self.gaps - mean * mean)) / mean


def _gaps(user: Ints, sent: Floats, answered: Floats, last_end: Floats) -> Floats:
    """Time from the end of the same user's earlier requests to the sending of each; negative where it overlaps one.

    NaN for a user's first request, and where the user is unknown. `last_end`, the time by which all requests of each
    user had ended, is read and updated.
    """
    gaps = np.full(len(user), np.nan)
    known = np.flatnonzero(user != UNKNOWN)
    if not len(known):
        return gaps
    order = known[np.lexsort((sent[known], user[known]))]
    by_user, begins, ends = user[order], sent[order], answered[order]
    first = np.append(True, by_user[1:] != by_user[:-1])
    # each user's requests so far, the last one of the previous batches included
    by_then = pd.Series(np.where(first, np.fmax(ends, last_end[by_user]), ends)).groupby(by_user).cummax().to_numpy()
    before = np.where(first, last_end[by_user], np.append(np.nan, by_then[:-1]))
    last_of_user = np.append(first[1:], True)
    last_end[by_user[last_of_user]] = by_then[last_of_user]
    gaps[order] = begins - before
    return gaps


def _batches(path: Path) -> Iterator[tuple[Ints, Floats, Floats]]:
    for batch in read_batches(path, ["user", "time", "response_ms"]):
        users = batch.column("user").fill_null(UNKNOWN).to_numpy(zero_copy_only=False).astype(np.int64)
        yield users, batch.column("time").to_numpy(), end_times(batch)
