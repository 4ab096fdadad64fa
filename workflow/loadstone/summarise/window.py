"""Find the window of a run: what counts, once it is known where the warm-up ended.

A suite gives the least warm-up; how long it really took is seen only in what was recorded. Within the time in which all
users ran, the warm-up is cut by MSER-5, on throughput and on mean response, and lasts at least as long as configured
and at most half of that time. A run in which either still drifts afterwards is not settled.

The albums in the store are counted at both ends of the same window, from the posts that had succeeded by then.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from loadstone.results.run_record import RunRecord
from loadstone.results.window import Window
from loadstone.suite.settings import GunicornServer
from loadstone.summarise.read_requests import read_batches
from loadstone.theory.steady_state import BATCH, MIN_BATCHES, find_trend, find_warm_up, fit_line

INTERVALS = 600
"""Intervals in which requests are counted, before it is known how many of them make one observation."""
OBSERVATIONS = (200, 150, 120, 100, 75, 60, 50, 40, 30, 24, 20)
"""Divisors of `INTERVALS`: numbers of observations to choose from, the last of them four batches of five."""
REQUESTS_PER_OBSERVATION = 10
"""Fewest requests on which one observation rests."""
SECONDS_PER_OBSERVATION = 0.1
"""Shortest observation: what else a machine does takes CPUs away for tenths of seconds, and would look like a trend."""
ROUNDING_S = 1e-6
"""More than a unix time is rounded by."""
POST = "POST /albums"

Floats = NDArray[np.float64]


@dataclass(slots=True)
class _Counts:
    """Requests by the interval in which they ended, from the last user's start to the window's configured end."""

    edges: Floats
    requests: Floats
    response_ms: Floats
    posts: Floats
    """Posts that had succeeded by each edge."""

    def observable(self, users: int) -> int | None:
        """Choose the number of observations, each long enough, and a batch of five with a request of every user."""
        requests, seconds = float(self.requests.sum()), float(self.edges[-1] - self.edges[0])
        most = min(requests / REQUESTS_PER_OBSERVATION, BATCH * requests / users, seconds / SECONDS_PER_OBSERVATION)
        return next((n for n in OBSERVATIONS if n <= most), None)

    def observations(self, number: int) -> tuple[Floats, Floats]:
        """Requests and mean response (ms, NaN where none) in so many equal intervals."""
        requests = self.requests.reshape(number, -1).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            response = self.response_ms.reshape(number, -1).sum(axis=1) / requests
        return requests, response

    def begins(self, number: int) -> Floats:
        """When each of so many observations begins."""
        return self.edges[:-1][:: INTERVALS // number]

    def first(self, number: int, begin: float) -> int:
        """Which of so many observations is the first that begins at `begin` or later, rounding aside."""
        return int(np.searchsorted(self.begins(number), begin - ROUNDING_S))


def find_window(path: Path, record: RunRecord) -> Window:
    """Read a run's requests and find its window. Raises `DamagedError` where the file is damaged."""
    counts = _count(path, record)
    begin, settled, remark = _settle(counts, record)
    edge = np.array([begin, record.window[1]])
    albums = _albums(np.interp(edge, counts.edges, counts.posts), record)
    effect, p = _growth_effect(counts, begin, record, float(albums[1] - albums[0])) if record.albums else (None, None)
    return Window(
        begin=begin,
        end=record.window[1],
        configured_begin=record.window[0],
        settled=settled,
        remark=remark,
        started=record.phases.server_started,
        albums_begin=int(albums[0]) if record.albums else None,
        albums_end=int(albums[1]) if record.albums else None,
        growth_effect_ms=effect,
        growth_effect_p=p,
    )


def _settle(counts: _Counts, record: RunRecord) -> tuple[float, bool | None, str | None]:
    """Find the window's begin, whether the run settled, and why not."""
    configured = record.window[0]
    number = counts.observable(record.run.load.users)
    if number is None:
        return configured, None, None
    series = dict(zip(("throughput", "mean response"), counts.observations(number), strict=True))
    warm_ups = {name: find_warm_up(values.tolist()) for name, values in series.items()}
    cut = max(found.cut for found in warm_ups.values())
    begin = max(configured, float(counts.begins(number)[cut]))
    first = counts.first(number, begin)
    trends = {name: find_trend(values[first:].tolist()) for name, values in series.items()}
    limits = [f"{name} settled in no part of the run" for name, found in warm_ups.items() if found.at_limit]
    drifts = [
        f"{name} changes by {100 * found.change:+.2g} % over the window"
        for name, found in trends.items()
        if found.believed
    ]
    return begin, not (limits or drifts), "; ".join(limits + drifts) or None


def _count(path: Path, record: RunRecord) -> _Counts:
    edges = np.linspace(record.phases.all_users_running, record.window[1], INTERVALS + 1)
    requests, response_ms, posts = np.zeros(INTERVALS), np.zeros(INTERVALS), np.zeros(INTERVALS + 1)
    for batch in read_batches(path, ["time", "endpoint", "response_ms", "error"]):
        response = batch.column("response_ms").to_numpy()
        end = batch.column("time").to_numpy() + response / 1000
        interval = ((end - edges[0]) / (edges[-1] - edges[0]) * INTERVALS).astype(np.int64)
        inside = (end >= edges[0]) & (interval < INTERVALS)
        requests += np.bincount(interval[inside], minlength=INTERVALS)
        response_ms += np.bincount(interval[inside], response[inside], minlength=INTERVALS)
        posts += np.searchsorted(np.sort(end[_posted(batch)]), edges)
    return _Counts(edges=edges, requests=requests, response_ms=response_ms, posts=posts)


def _posted(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    """Mark the posts that succeeded."""
    endpoint = batch.column("endpoint")
    names = endpoint.dictionary.to_pylist()
    if POST not in names:
        return np.zeros(len(batch), bool)
    succeeded = batch.column("error").is_null().to_numpy(zero_copy_only=False)
    return np.asarray((endpoint.indices.to_numpy() == names.index(POST)) & succeeded)


def _albums(posts: Floats, record: RunRecord) -> Floats:
    """Count the albums in the store after so many posts: a bound keeps the starting ones and the newest posted."""
    server, known = record.run.server, record.albums
    if known is None:
        return np.full_like(posts, np.nan)
    if not isinstance(server, GunicornServer):
        most: float = known.after  # whatever bound it has
    else:
        most = np.inf if server.albums_max is None else max(server.albums_max, server.albums + 1)
    return np.minimum(known.before + posts, most)


def _growth_effect(
    counts: _Counts, begin: float, record: RunRecord, growth: float
) -> tuple[float | None, float | None]:
    """Fit the mean response to the album count, interval by interval, and say what so many more albums changed."""
    number = counts.observable(record.run.load.users) or OBSERVATIONS[-1]
    first = counts.first(number, begin)
    _, response = counts.observations(number)
    at_edges = _albums(counts.posts[:: INTERVALS // number], record)
    albums = (at_edges[1:] + at_edges[:-1]) / 2
    known = ~np.isnan(response[first:])
    albums, response = albums[first:][known], response[first:][known]
    if len(albums) < MIN_BATCHES or np.ptp(albums) == 0:
        return None, None
    fit = fit_line(albums, response)
    return fit.slope * growth, fit.p
