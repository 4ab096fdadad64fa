"""What the requests of one run say: totals and exact percentiles by endpoint, and a second-by-second course.

Only requests that *end* inside the window count, the one exception being the course, which shows what was left out.
Response times are those of successful requests: a fast refusal is no fast answer.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from loadstone.errors import ResultError
from loadstone.results.tables import ENDPOINT_COLUMNS, LATE_MS, LATENCY_COLUMNS, PERCENTILES
from loadstone.suite.hypotheses import ALL
from loadstone.summarise.heat_map import Heat
from loadstone.summarise.read_requests import Columns, RequestFile
from loadstone.theory.quantiles import (
    Batch,
    Floats,
    Histogram,
    Ints,
    interval_ranks,
    quantile_rank,
    values_at_ranks,
)

LADDER = (
    *(0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925),
    *(0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 1.0),
)
"""Probabilities at which the latency distribution is kept."""

MAX_LATENESS_S = 3600.0
"""Seconds after the window in which a request may end: requests in flight are given half a minute."""
MAX_KINDS = 20
"""Kinds of failure told apart for one endpoint; the rest are added up."""


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """The tables of one run."""

    endpoints: pd.DataFrame
    """A row for each endpoint and one for all: see `ENDPOINT_COLUMNS`."""
    latency: pd.DataFrame
    """endpoint, probability, response_ms: quantiles of successful requests in the window; and for those of
    `PERCENTILES` low_ms, high_ms: between which the run's own percentile lies, requests taken as independent; and
    service_ms: the quantile of the time from sending."""
    course: pd.DataFrame
    """second (since the load began), requests, failures, mean_ms: the whole run."""
    heat: pd.DataFrame
    """Of a long run, as a whole: see `loadstone.summarise.heat_map`."""


@dataclass(slots=True)
class _Sums:
    """Sums over one group of requests."""

    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    response_ms: float = 0.0
    max_ms: float = float("nan")
    server_ms: float = 0.0
    timed: int = 0
    bytes: int = 0
    service_ms: float = 0.0
    lag_ms: float = 0.0
    late: int = 0

    def add(self, other: "_Sums") -> None:
        self.requests += other.requests
        self.failures += other.failures
        self.response_ms += other.response_ms
        self.max_ms = float(np.fmax(self.max_ms, other.max_ms))
        self.server_ms += other.server_ms
        self.timed += other.timed
        self.bytes += other.bytes
        self.service_ms += other.service_ms
        self.lag_ms += other.lag_ms
        self.late += other.late


def summarise_requests(path: Path, window: tuple[float, float], load_started: float) -> RequestSummary:
    """Sum up the requests at `path` that end in the window (unix seconds). Raises `ResultError` for a damaged file."""
    begin, end = window
    file = RequestFile(path)
    sums: dict[int, _Sums] = {}
    histogram = Histogram()
    course, heat = _Course(load_started), Heat(load_started)
    lagging = False
    for columns in file.batches():
        if columns.end.max(initial=end) > end + MAX_LATENESS_S:
            raise ResultError(f"{path}: damaged: a request ended more than {MAX_LATENESS_S:g} s after the window")
        course.add(columns)
        heat.add(columns)
        inside = (columns.end >= begin) & (columns.end < end)
        good = inside & ~columns.failed
        lagging = lagging or bool(columns.lag_ms.any())
        histogram.add(*_with_total(columns.endpoint[good], columns.response_ms[good]))
        for number in np.unique(columns.endpoint[inside]):
            mine = columns.endpoint == number
            sums.setdefault(int(number), _Sums()).add(_sum_up(columns, inside & mine, good & mine))

    def successful(values: Callable[[Columns], Floats]) -> Iterator[Batch]:
        for columns in file.batches():
            good = (columns.end >= begin) & (columns.end < end) & ~columns.failed
            yield _with_total(columns.endpoint[good], values(columns)[good])

    quantiles, bounds = _quantiles(histogram, lambda: successful(lambda columns: columns.response_ms))
    service = (
        _ladder(lambda: successful(lambda columns: columns.service_ms)) if lagging else quantiles[:, -len(LADDER) :]
    )
    names = {0: ALL} | {number + 1: name for name, number in file.endpoints.items()}
    total = _Sums()
    for part in sums.values():
        total.add(part)
    by_group = {0: total} | {number + 1: part for number, part in sums.items()}
    present = [group for group in sorted(by_group, key=lambda g: (g > 0, names[g])) if group < len(quantiles)]
    failed_only = [group for group in by_group if group >= len(quantiles)]
    rows = [
        _row(names[group], by_group[group], quantiles[group, : len(PERCENTILES)], end - begin) for group in present
    ] + [_row(names[group], by_group[group], np.full(len(PERCENTILES), np.nan), end - begin) for group in failed_only]
    ladder = [
        (names[group], p, value, *bounds.get((group, p), (None, None)), served)
        for group in present
        for p, value, served in zip(LADDER, quantiles[group, len(PERCENTILES) :], service[group], strict=True)
    ]
    latency = pd.DataFrame(ladder, columns=LATENCY_COLUMNS)
    return RequestSummary(
        endpoints=pd.DataFrame(rows, columns=list(ENDPOINT_COLUMNS)),
        latency=latency.dropna(subset="response_ms"),
        course=course.table(),
        heat=heat.table(),
    )


def _quantiles(
    histogram: Histogram, batches: Callable[[], Iterable[Batch]]
) -> tuple[Floats, dict[tuple[int, float], tuple[float, float]]]:
    """Take all quantiles, and the bounds of those in `PERCENTILES` by group and probability, in one go."""
    probabilities = [*PERCENTILES.values(), *LADDER]
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


def _ladder(batches: Callable[[], Iterable[Batch]]) -> Floats:
    """Take the quantiles at `LADDER` by group, in two passes."""
    histogram = Histogram()
    for groups, values in batches():
        histogram.add(groups, values)
    ranks = [[quantile_rank(count, p) for p in LADDER] for count in histogram.sizes.tolist()]
    return values_at_ranks(histogram, batches, np.array(ranks, np.int64).reshape(-1, len(LADDER)))


def _with_total(endpoint: Ints, values: Floats) -> Batch:
    """Count each value for its endpoint (groups from 1) and for all together (group 0)."""
    return np.concatenate([endpoint + 1, np.zeros_like(endpoint)]), np.concatenate([values, values])


def _sum_up(columns: Columns, inside: NDArray[np.bool_], good: NDArray[np.bool_]) -> _Sums:
    response_ms = columns.response_ms[good]
    server_ms = columns.server_ms[good]
    timed = ~np.isnan(server_ms)
    return _Sums(
        requests=int(inside.sum()),
        failures=Counter(columns.error[inside & columns.failed].tolist() if len(columns.error) else ()),
        response_ms=float(response_ms.sum()),
        max_ms=float(response_ms.max()) if len(response_ms) else float("nan"),
        server_ms=float(server_ms[timed].sum()),
        timed=int(timed.sum()),
        bytes=int(columns.bytes[good].sum()),
        service_ms=float(columns.service_ms[good].sum()),
        lag_ms=float(columns.lag_ms[inside].sum()),
        late=int((columns.lag_ms[inside] > LATE_MS).sum()),
    )


def _row(name: str, sums: _Sums, percentiles: Floats, seconds: float) -> tuple[object, ...]:
    failures = sums.failures.total()
    good = sums.requests - failures
    kinds = dict(sums.failures.most_common(MAX_KINDS))
    if rest := failures - sum(kinds.values()):
        kinds["other kinds"] = rest
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


class _Course:
    """Requests by the second in which they ended."""

    def __init__(self, origin: float) -> None:
        self._origin = origin
        self._sums = np.zeros((3, 0))

    def add(self, columns: Columns) -> None:
        second = np.maximum(columns.end - self._origin, 0).astype(np.int64)
        length = max(int(second.max(initial=-1)) + 1, self._sums.shape[1])
        good = ~columns.failed
        added = [
            np.bincount(second, minlength=length),
            np.bincount(second[columns.failed], minlength=length),
            np.bincount(second[good], columns.response_ms[good], minlength=length),
        ]
        self._sums = np.pad(self._sums, ((0, 0), (0, length - self._sums.shape[1]))) + added

    def table(self) -> pd.DataFrame:
        requests, failures, response_ms = self._sums
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = response_ms / (requests - failures)
        return pd.DataFrame(
            {
                "second": np.arange(len(requests)),
                "requests": requests.astype(np.int64),
                "failures": failures.astype(np.int64),
                "mean_ms": mean,
            }
        )
