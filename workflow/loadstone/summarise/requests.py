"""The requests of one run as tables: totals and exact percentiles per endpoint, the course, and the heat map.

Only requests that *end* in the window count, except in the course and the heat map, which cover the whole run. Response
times are those of successful requests: a fast refusal is not a fast response.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from loadstone.errors import ResultError
from loadstone.results.requests import Bools, end_times, in_window
from loadstone.results.tables import ENDPOINT_COLUMNS, LATE_MS, LATENCY_COLUMNS, OTHER_KINDS, PERCENTILES
from loadstone.suite.hypotheses import ALL
from loadstone.summarise.course import Course
from loadstone.summarise.heat_map import HeatMap
from loadstone.summarise.read_requests import RequestBatch, RequestFile, endpoint_name, read_batches
from loadstone.summarise.starts import Starts
from loadstone.summarise.tally import Tally
from loadstone.theory.quantiles import (
    Batch,
    Floats,
    Histogram,
    Ints,
    interval_ranks,
    quantile_rank,
    values_at_ranks,
)

LATENCY_PROBABILITIES = (
    *(0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925),
    *(0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 1.0),
)
"""Probabilities at which the distribution of response times is kept."""

MAX_LATENESS_S = 3600.0
"""Seconds after the window by which every request must have ended; requests in flight are given half a minute."""
MAX_ENDPOINTS = 50
"""Endpoints of a run that have rows of their own: those with the most requests in the window."""
MAX_KINDS = 20
"""Kinds of failure listed per endpoint; the others are added up."""


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """The tables of one run."""

    endpoints: pd.DataFrame
    """A row for each endpoint and one for all: see `ENDPOINT_COLUMNS`."""
    latency: pd.DataFrame
    """A row per endpoint and probability: see `LATENCY_COLUMNS`."""
    course: pd.DataFrame
    """A row per second of the whole run: see `COURSE_COLUMNS`."""
    heat: pd.DataFrame
    """A row per cell of the heat map of a long run: see `HEAT_COLUMNS`."""
    starts: Starts
    """The intended starts of an open or paced load."""


@dataclass(slots=True)
class _Sums:
    """Sums over the requests of one endpoint, or of all; times and bytes are those of successful requests."""

    requests: int = 0
    failures: Tally = field(default_factory=Tally)
    """Kind of failure → number."""
    response_ms: float = 0.0
    max_ms: float = float("nan")
    server_ms: float = 0.0
    timed: int = 0
    """Requests whose time in the server is known."""
    bytes: float = 0
    """NaN if the length of a response is not known."""
    service_ms: float = 0.0
    lag_ms: float = 0.0
    """Of all requests."""
    late: int = 0
    """Of all requests."""

    def add(self, other: "_Sums") -> None:
        self.requests += other.requests
        self.failures.add_tally(other.failures)
        self.response_ms += other.response_ms
        self.max_ms = float(np.fmax(self.max_ms, other.max_ms))
        self.server_ms += other.server_ms
        self.timed += other.timed
        self.bytes += other.bytes
        self.service_ms += other.service_ms
        self.lag_ms += other.lag_ms
        self.late += other.late


def summarise_requests(path: Path, window: tuple[float, float], load_started: float) -> RequestSummary:
    """Summarise the requests at `path`; the window and the begin of the load are in unix seconds.

    Raises `ResultError` if the file is damaged.
    """
    return _summarise(path, window, load_started, None)


def _summarise(
    path: Path, window: tuple[float, float], load_started: float, kept: Collection[str] | None
) -> RequestSummary:
    """Summarise with the endpoints in `kept`; with all of them where it is None, if they are few enough."""
    begin, end = window
    file = RequestFile(path, kept)
    sums: dict[int, _Sums] = {}
    histogram = Histogram()
    course, heat_map = Course(load_started), HeatMap(load_started)
    lagging = False
    kept_starts = due = 0
    for batch in file.batches():
        if kept is None and len(file.endpoints) > MAX_ENDPOINTS:
            return _summarise(path, window, load_started, most_requested(path, window))
        if batch.end.max(initial=end) > end + MAX_LATENESS_S:
            raise ResultError(f"{path}: damaged: a request ended more than {MAX_LATENESS_S:g} s after the window")
        course.add(batch)
        heat_map.add(batch)
        inside = in_window(batch.end, window)
        good = inside & ~batch.failed
        kept_starts += int((inside & ~np.isnan(batch.intended)).sum())
        due += int(in_window(batch.intended, window).sum())
        lagging = lagging or bool(batch.lag_ms.any())
        histogram.add(*_with_total(batch.endpoint[good], batch.response_ms[good]))
        for number in np.unique(batch.endpoint[inside]):
            of_endpoint = batch.endpoint == number
            sums.setdefault(int(number), _Sums()).add(_sum_up(batch, inside & of_endpoint, good & of_endpoint))

    def successful(values: Callable[[RequestBatch], Floats]) -> Iterator[Batch]:
        for batch in file.batches():
            good = in_window(batch.end, window) & ~batch.failed
            yield _with_total(batch.endpoint[good], values(batch)[good])

    quantiles, bounds = _quantiles(histogram, lambda: successful(lambda batch: batch.response_ms))
    percentiles, response = quantiles[:, : len(PERCENTILES)], quantiles[:, len(PERCENTILES) :]
    service = _latency_quantiles(lambda: successful(lambda batch: batch.service_ms)) if lagging else response
    names = {0: ALL} | {number + 1: name for name, number in file.endpoints.items()}
    total = _Sums()
    for part in sums.values():
        total.add(part)
    by_group = {0: total} | {number + 1: part for number, part in sums.items()}
    present = [group for group in sorted(by_group, key=lambda g: (g > 0, names[g])) if group < len(quantiles)]
    failed_only = [group for group in by_group if group >= len(quantiles)]
    unknown = np.full(len(PERCENTILES), np.nan)
    endpoints = [
        *(_row(names[group], by_group[group], percentiles[group], end - begin) for group in present),
        *(_row(names[group], by_group[group], unknown, end - begin) for group in failed_only),
    ]
    latency = [
        (names[group], p, response_ms, *bounds.get((group, p), (None, None)), service_ms)
        for group in present
        for p, response_ms, service_ms in zip(LATENCY_PROBABILITIES, response[group], service[group], strict=True)
    ]
    return RequestSummary(
        endpoints=pd.DataFrame(endpoints, columns=list(ENDPOINT_COLUMNS)),
        latency=pd.DataFrame(latency, columns=LATENCY_COLUMNS).dropna(subset="response_ms"),
        course=course.table(),
        heat=heat_map.table(),
        starts=Starts(kept_starts, due),
    )


def most_requested(path: Path, window: tuple[float, float]) -> frozenset[str]:
    """Name the endpoints that have rows of their own, in a pass over the requests."""
    tally = Tally()
    for batch in read_batches(path, ["time", "endpoint", "response_ms"]):
        column = batch.column("endpoint")
        names = [endpoint_name(name) for name in column.dictionary.to_pylist()]
        inside = in_window(end_times(batch), window)
        times = np.bincount(column.indices.to_numpy()[inside], minlength=len(names))
        of_batch: Counter[str] = Counter()
        for name, count in zip(names, times.tolist(), strict=True):
            of_batch[name] += count
        tally.add(of_batch)
    return frozenset(tally.first_by_rank(MAX_ENDPOINTS))


def add_up_requests(path: Path, windows: Sequence[tuple[float, float]]) -> list[pd.DataFrame]:
    """Make the row of all endpoints together for each window, without percentiles, in one pass over the requests.

    Its columns are `ENDPOINT_COLUMNS`.
    """
    totals = [_Sums() for _ in windows]
    for batch in RequestFile(path, ()).batches():
        for window, total in zip(windows, totals, strict=True):
            inside = in_window(batch.end, window)
            total.add(_sum_up(batch, inside, inside & ~batch.failed))
    unknown = np.full(len(PERCENTILES), np.nan)
    return [
        pd.DataFrame([_row(ALL, total, unknown, end - begin)], columns=list(ENDPOINT_COLUMNS))
        for (begin, end), total in zip(windows, totals, strict=True)
    ]


def _quantiles(
    histogram: Histogram, batches: Callable[[], Iterable[Batch]]
) -> tuple[Floats, dict[tuple[int, float], tuple[float, float]]]:
    """Compute all quantiles, and the bounds of `PERCENTILES` by group and probability, in one pass."""
    probabilities = [*PERCENTILES.values(), *LATENCY_PROBABILITIES]
    ranks = [
        [quantile_rank(count, p) for p in probabilities]
        + [rank for p in PERCENTILES.values() for rank in interval_ranks(count, p)]
        for count in histogram.sizes.tolist()
    ]
    width = len(probabilities) + 2 * len(PERCENTILES)
    values = values_at_ranks(histogram, batches, np.array(ranks, np.int64).reshape(-1, width))
    bounds = {
        (group, p): (row[2 * place], row[2 * place + 1])
        for group, row in enumerate(values[:, len(probabilities) :].tolist())
        for place, p in enumerate(PERCENTILES.values())
    }
    return values[:, : len(probabilities)], bounds


def _latency_quantiles(batches: Callable[[], Iterable[Batch]]) -> Floats:
    """Compute the quantiles at `LATENCY_PROBABILITIES` by group, in two passes."""
    histogram = Histogram()
    for groups, values in batches():
        histogram.add(groups, values)
    ranks = [[quantile_rank(count, p) for p in LATENCY_PROBABILITIES] for count in histogram.sizes.tolist()]
    return values_at_ranks(histogram, batches, np.array(ranks, np.int64).reshape(-1, len(LATENCY_PROBABILITIES)))


def _with_total(endpoint: Ints, values: Floats) -> Batch:
    """Count each value for its endpoint (groups from 1) and for all together (group 0)."""
    return np.concatenate([endpoint + 1, np.zeros_like(endpoint)]), np.concatenate([values, values])


def _sum_up(batch: RequestBatch, inside: Bools, good: Bools) -> _Sums:
    failures = Tally()
    if len(batch.error):
        failures.add_texts(batch.error[inside & batch.failed].tolist())
    response_ms = batch.response_ms[good]
    server_ms = batch.server_ms[good]
    timed = ~np.isnan(server_ms)
    return _Sums(
        requests=int(inside.sum()),
        failures=failures,
        response_ms=float(response_ms.sum()),
        max_ms=float(response_ms.max()) if len(response_ms) else float("nan"),
        server_ms=float(server_ms[timed].sum()),
        timed=int(timed.sum()),
        bytes=float(batch.bytes[good].sum()),
        service_ms=float(batch.service_ms[good].sum()),
        lag_ms=float(batch.lag_ms[inside].sum()),
        late=int((batch.lag_ms[inside] > LATE_MS).sum()),
    )


def _row(name: str, sums: _Sums, percentiles: Floats, seconds: float) -> tuple[object, ...]:
    failures = sums.failures.total
    good = sums.requests - failures
    kinds = sums.failures.most_common(MAX_KINDS)
    if rest := failures - sum(kinds.values()):
        kinds[OTHER_KINDS] = kinds.get(OTHER_KINDS, 0) + rest
    return (
        name,
        sums.requests,
        failures,
        sums.requests / seconds,
        good / seconds,
        sums.response_ms / good if good else float("nan"),
        *percentiles,
        sums.max_ms,
        sums.server_ms / sums.timed if sums.timed else float("nan"),
        sums.bytes / good if good else float("nan"),
        sums.service_ms / good if good else float("nan"),
        sums.lag_ms / sums.requests if sums.requests else float("nan"),
        sums.late,
        json.dumps(kinds) if kinds else "",
    )
