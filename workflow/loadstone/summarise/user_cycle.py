"""How long users really waited between a response and their next request: Z as measured, not as configured."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loadstone.summarise.read_requests import read_batches

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """The mean cycle of a user in the window, seconds: successes and failures alike."""

    throughput: float
    """X, requests/s: all that ended in the window."""
    response_s: float
    """R: mean response time of those; NaN where there are none."""
    think_s: float
    """Z: mean gap before the requests that were sent in the window; NaN where there are none."""


def measure_cycle(path: Path, window: tuple[float, float]) -> Cycle:
    """Read a run's requests, in one pass and with a moment for each user in memory; the window is in unix seconds.

    Rows come roughly in the order of time: a batch is put in order, and a user's last response is carried on to the
    next. Raises `DamagedError` where the file is damaged.
    """
    begin, end = window
    last_end = np.empty(0)
    ended = gaps = 0
    response_s = think_s = 0.0
    for user, sent, answered in _batches(path):
        if len(user) and int(user.max()) >= len(last_end):
            last_end = np.append(last_end, np.full(int(user.max()) + 1 - len(last_end), np.nan))
        inside = (answered >= begin) & (answered < end)
        ended += int(inside.sum())
        response_s += float((answered - sent)[inside].sum())
        gap = _gaps(user, sent, answered, last_end)
        counted = (sent >= begin) & (sent < end) & ~np.isnan(gap)
        gaps += int(counted.sum())
        think_s += float(gap[counted].sum())
    return Cycle(
        throughput=ended / (end - begin),
        response_s=response_s / ended if ended else float("nan"),
        think_s=think_s / gaps if gaps else float("nan"),
    )


def _gaps(user: Ints, sent: Floats, answered: Floats, last_end: Floats) -> Floats:
    """Time from each request's predecessor by the same user to itself; `last_end` is read and brought up to date."""
    if not len(user):
        return np.empty(0)
    order = np.lexsort((sent, user))
    by_user, begins, ends = user[order], sent[order], answered[order]
    first = np.append(True, by_user[1:] != by_user[:-1])
    before = np.where(first, last_end[by_user], np.append(np.nan, ends[:-1]))
    last = np.append(first[1:], True)
    last_end[by_user[last]] = ends[last]
    gaps = np.empty(len(user))
    gaps[order] = np.maximum(begins - before, 0.0)  # the two clocks of one request may differ by microseconds
    return gaps


def _batches(path: Path) -> Iterator[tuple[Ints, Floats, Floats]]:
    for batch in read_batches(path, ["user", "time", "response_ms"]):
        sent = batch.column("time").to_numpy()
        answered = sent + batch.column("response_ms").to_numpy() / 1000
        yield batch.column("user").to_numpy().astype(np.int64), sent, answered
