"""Find the window of a run: the part that counts, after the warm-up.

A suite gives the shortest warm-up; how long it really took shows only in the recorded requests. Within the time in
which all users ran, MSER-5 on throughput and on mean response time cuts the warm-up. The warm-up lasts at least as long
as configured, and at most half of that time. A run in which one of the two still drifts afterwards is not settled.

The albums in the store are counted at both ends of the window, from the posts that had succeeded by then.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from loadstone.results.requests import Bools, end_times
from loadstone.results.run_record import RunRecord
from loadstone.results.window import Window
from loadstone.suite.hypotheses import ENDPOINTS
from loadstone.suite.settings import GunicornServer
from loadstone.summarise.read_requests import read_batches
from loadstone.summarise.users import mean_users, users_over_time
from loadstone.theory.quantiles import Floats
from loadstone.theory.steady_state import BATCH, MIN_BATCHES, find_trend, find_warm_up, fit_line

INTERVALS = 600
"""Intervals in which requests are counted, before it is known how many of them make one observation."""
OBSERVATIONS = (200, 150, 120, 100, 75, 60, 50, 40, 30, 24, 20)
"""Possible numbers of observations, all divisors of `INTERVALS`. The smallest makes four batches of five."""
REQUESTS_PER_OBSERVATION = 10
"""Fewest requests in an observation, on average."""
SECONDS_PER_OBSERVATION = 0.1
"""Shortest observation: other processes take the CPU for tenths of a second, which would look like a trend."""
ROUNDING_S = 1e-6
"""Larger than the rounding error of a unix time."""
POST = ENDPOINTS["create_album"]
RATE = "throughput"
"""Name of the series of throughput in remarks."""


@dataclass(slots=True)
class _Counts:
    """Requests by the interval in which they ended, from the last user's start to the window's configured end."""

    edges: Floats
    requests: Floats
    response_ms: Floats
    posts: Floats
    """Posts that had succeeded by each edge."""

    def choose_number(self, users: float) -> int | None:
        """Choose the number of observations; None if there are too few requests for any.

        Each must be long enough, and a batch of five must hold a request of every user, on average.
        """
        requests, seconds = float(self.requests.sum()), float(self.edges[-1] - self.edges[0])
        most = min(requests / REQUESTS_PER_OBSERVATION, BATCH * requests / users, seconds / SECONDS_PER_OBSERVATION)
        return next((n for n in OBSERVATIONS if n <= most), None)

    def observations(self, number: int) -> tuple[Floats, Floats]:
        """Requests and mean response (ms, NaN without requests) in `number` equal intervals."""
        requests = self.requests.reshape(number, -1).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            response = self.response_ms.reshape(number, -1).sum(axis=1) / requests
        return requests, response

    def begins(self, number: int) -> Floats:
        """When each of `number` observations begins."""
        return self.edges[:-1][:: INTERVALS // number]

    def first(self, number: int, begin: float) -> int:
        """Index of the first of `number` observations that begins at `begin` or later, apart from rounding."""
        return int(np.searchsorted(self.begins(number), begin - ROUNDING_S))


def find_window(path: Path, record: RunRecord) -> Window:
    """Find the window of a run from its requests. Raises `DamagedError` if the file is damaged."""
    counts = _count(path, record)
    begin, settled, remarks = _settle(counts, record)
    edge = np.array([begin, record.window[1]])
    known = record.albums is not None and record.run.load.mix is not None
    albums = _albums(np.interp(edge, counts.edges, counts.posts), record)
    effect, p = _growth_effect(counts, begin, record, float(albums[1] - albums[0])) if known else (None, None)
    return Window(
        begin=begin,
        end=record.window[1],
        configured_begin=record.window[0],
        settled=settled,
        remark="; ".join(remarks) or None,
        rate_settled=None if settled is not False else not any(text.startswith(RATE) for text in remarks),
        started=record.phases.server_started,
        albums_begin=int(albums[0]) if known else None,
        albums_end=int(albums[1]) if known else None,
        growth_effect_ms=effect,
        growth_effect_p=p,
    )


def _settle(counts: _Counts, record: RunRecord) -> tuple[float, bool | None, list[str]]:
    """Find the begin of the window, whether the run settled, and the reasons if not.

    Neither is judged by the requests where the number of users changed.
    """
    configured = record.window[0]
    running = users_over_time(record, float(counts.edges[0]), record.window[1])
    number = counts.choose_number(mean_users(running) or record.run.load.users)
    if number is None or len(users_over_time(record, *record.window)) > 1:
        return configured, None, []  # a change of the users would pass for a warm-up, or for a trend
    series = dict(zip((RATE, "mean response"), counts.observations(number), strict=True))
    warm_ups = {name: find_warm_up(values.tolist()) for name, values in series.items()}
    cut = max(warm_up.cut for warm_up in warm_ups.values())
    begin = max(configured, float(counts.begins(number)[cut]))
    first = counts.first(number, begin)
    trends = {name: find_trend(values[first:].tolist()) for name, values in series.items()}
    limits = [f"{name} settled in no part of the run" for name, warm_up in warm_ups.items() if warm_up.at_limit]
    drifts = [
        f"{name} changes by {100 * trend.change:+.2g} % over the window"
        for name, trend in trends.items()
        if trend.believed
    ]
    return begin, not (limits or drifts), limits + drifts


def _count(path: Path, record: RunRecord) -> _Counts:
    edges = np.linspace(record.phases.all_users_running, record.window[1], INTERVALS + 1)
    requests, response_ms, posts = np.zeros(INTERVALS), np.zeros(INTERVALS), np.zeros(INTERVALS + 1)
    for batch in read_batches(path, ["time", "endpoint", "response_ms", "error"]):
        response, end = batch.column("response_ms").to_numpy(), end_times(batch)
        interval = ((end - edges[0]) / (edges[-1] - edges[0]) * INTERVALS).astype(np.int64)
        inside = (end >= edges[0]) & (interval < INTERVALS)
        requests += np.bincount(interval[inside], minlength=INTERVALS)
        response_ms += np.bincount(interval[inside], response[inside], minlength=INTERVALS)
        posts += np.searchsorted(np.sort(end[_posted(batch)]), edges)
    return _Counts(edges=edges, requests=requests, response_ms=response_ms, posts=posts)


def _posted(batch: pa.RecordBatch) -> Bools:
    """Mark the posts that succeeded."""
    endpoint = batch.column("endpoint")
    names = endpoint.dictionary.to_pylist()
    if POST not in names:
        return np.zeros(len(batch), bool)
    succeeded = batch.column("error").is_null().to_numpy(zero_copy_only=False)
    return np.asarray((endpoint.indices.to_numpy() == names.index(POST)) & succeeded)


def _albums(posts: Floats, record: RunRecord) -> Floats:
    """Count the albums in the store after `posts` successful posts. A bounded store keeps the newest posted album."""
    server, counted = record.run.server, record.albums
    if counted is None:
        return np.full_like(posts, np.nan)
    if not isinstance(server, GunicornServer):
        most: float = counted.after  # its bound is unknown
    else:
        most = np.inf if server.albums_max is None else max(server.albums_max, server.albums + 1)
    return np.minimum(counted.before + posts, most)


def _growth_effect(
    counts: _Counts, begin: float, record: RunRecord, growth: float
) -> tuple[float | None, float | None]:
    """Fit a line to mean response over album count; return its change for `growth` albums (ms), and its p-value."""
    number = counts.choose_number(record.run.load.users) or OBSERVATIONS[-1]
    first = counts.first(number, begin)
    _, response = counts.observations(number)
    at_edges = _albums(counts.posts[:: INTERVALS // number], record)
    albums = (at_edges[1:] + at_edges[:-1]) / 2
    present = ~np.isnan(response[first:])
    albums, response = albums[first:][present], response[first:][present]
    if len(albums) < MIN_BATCHES or np.ptp(albums) == 0:
        return None, None
    fit = fit_line(albums, response)
    return fit.slope * growth, fit.p
