"""The mean cycle of a user: the response time R, and the think time Z as measured, not as configured."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loadstone.results.requests import end_times, in_window
from loadstone.summarise.read_requests import read_batches
from loadstone.theory.quantiles import Floats, Ints


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


def measure_cycle(path: Path, window: tuple[float, float]) -> Cycle:
    """Measure the cycle in one pass over a run's requests; the window is in unix seconds.

    Requests are stored roughly in order of time. Each batch is sorted, and the time of each user's last response is
    kept for the next batch. Raises `DamagedError` if the file is damaged.
    """
    begin, end = window
    last_end = np.empty(0)
    ended = gaps = 0
    response_s = think_s = 0.0
    for user, sent, answered in _batches(path):
        if len(user) and int(user.max()) >= len(last_end):
            last_end = np.append(last_end, np.full(int(user.max()) + 1 - len(last_end), np.nan))
        inside = in_window(answered, window)
        ended += int(inside.sum())
        response_s += float((answered - sent)[inside].sum())
        gap = _gaps(user, sent, answered, last_end)
        counted = in_window(sent, window) & ~np.isnan(gap)
        gaps += int(counted.sum())
        think_s += float(gap[counted].sum())
    return Cycle(
        throughput=ended / (end - begin),
        response_s=response_s / ended if ended else float("nan"),
        think_s=think_s / gaps if gaps else float("nan"),
    )


def _gaps(user: Ints, sent: Floats, answered: Floats, last_end: Floats) -> Floats:
    """Time from the end of the user's previous request to the sending of each; `last_end` is read and updated."""
    if not len(user):
        return np.empty(0)
    order = np.lexsort((sent, user))
    by_user, begins, ends = user[order], sent[order], answered[order]
    first = np.append(True, by_user[1:] != by_user[:-1])
    before = np.where(first, last_end[by_user], np.append(np.nan, ends[:-1]))
    last = np.append(first[1:], True)
    last_end[by_user[last]] = ends[last]
    gaps = np.empty(len(user))
    gaps[order] = np.maximum(begins - before, 0.0)  # the two clocks of a request may differ by microseconds
    return gaps


def _batches(path: Path) -> Iterator[tuple[Ints, Floats, Floats]]:
    for batch in read_batches(path, ["user", "time", "response_ms"]):
        yield batch.column("user").to_numpy().astype(np.int64), batch.column("time").to_numpy(), end_times(batch)
