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
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadstone.analyse.quantiles import (
    Batch,
    Floats,
    Histogram,
    Ints,
    interval_ranks,
    quantile_rank,
    values_at_ranks,
)
from loadstone.errors import ResultError

ALL = "all"
"""Name of the row that takes all endpoints together."""

PERCENTILES = {"p50_ms": 0.50, "p90_ms": 0.90, "p95_ms": 0.95, "p99_ms": 0.99, "p99_9_ms": 0.999}
LADDER = (
    *(0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925),
    *(0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 1.0),
)
"""Probabilities at which the latency distribution is kept."""

BATCH_ROWS = 250_000
MOST_KINDS = 20
"""Kinds of failure told apart for one endpoint; the rest are added up."""

_COLUMNS = ["time", "endpoint", "response_ms", "server_ms", "bytes", "error"]


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """The tables of one run."""

    endpoints: pd.DataFrame
    """A row for each endpoint and one for all: see `ENDPOINT_COLUMNS`."""
    latency: pd.DataFrame
    """endpoint, probability, response_ms: quantiles of successful requests in the window; and for those of
    `PERCENTILES` low_ms, high_ms: between which the run's own percentile lies, requests taken as independent."""
    course: pd.DataFrame
    """second (since the load began), requests, failures, mean_ms: the whole run."""


ENDPOINT_COLUMNS = {
    "endpoint": "name, or `all`",
    "requests": "requests that ended in the window",
    "failures": "those of them that failed",
    "throughput_rps": "requests a second",
    "goodput_rps": "successful requests a second",
    "mean_ms": "mean response time of successful requests",
    **{name: f"its exact {100 * p:g}th percentile" for name, p in PERCENTILES.items()},
    "max_ms": "its maximum",
    "server_ms": "mean time inside the server",
    "bytes_mean": "mean length of the body",
    "failure_kinds": "JSON: kind of failure → number",
}


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

    def add(self, other: "_Sums") -> None:
        self.requests += other.requests
        self.failures += other.failures
        self.response_ms += other.response_ms
        self.max_ms = float(np.fmax(self.max_ms, other.max_ms))
        self.server_ms += other.server_ms
        self.timed += other.timed
        self.bytes += other.bytes


@dataclass(slots=True)
class _Columns:
    """One batch of rows as arrays; endpoint numbers are the same in all batches of a file."""

    end: Floats
    endpoint: Ints
    response_ms: Floats
    server_ms: Floats
    bytes: Ints
    error: NDArray[np.object_]
    failed: NDArray[np.bool_]


class _RequestFile:
    """Reads requests.parquet batch by batch, and numbers the endpoints in the order of appearance."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.endpoints: dict[str, int] = {}

    def batches(self) -> Iterator[_Columns]:
        try:
            with pq.ParquetFile(self._path) as file:
                for batch in file.iter_batches(BATCH_ROWS, columns=_COLUMNS):
                    yield self._columns(batch)
        except (OSError, pa.ArrowException, KeyError) as error:
            raise ResultError(f"{self._path}: damaged: {str(error).splitlines()[0]}") from None

    def _columns(self, batch: pa.RecordBatch) -> _Columns:
        names = batch.column("endpoint")
        known = [self.endpoints.setdefault(name, len(self.endpoints)) for name in names.dictionary.to_pylist()]
        response_ms = batch.column("response_ms").to_numpy()
        error = batch.column("error")
        return _Columns(
            end=batch.column("time").to_numpy() + response_ms / 1000,
            endpoint=np.array(known, np.int64)[names.indices.to_numpy()],
            response_ms=response_ms,
            server_ms=batch.column("server_ms").to_numpy(zero_copy_only=False).astype(np.float64),
            bytes=batch.column("bytes").to_numpy(),
            error=error.to_numpy(zero_copy_only=False) if error.null_count < len(error) else np.empty(0, object),
            failed=error.is_valid().to_numpy(zero_copy_only=False),
        )


def summarise_requests(path: Path, window: tuple[float, float], load_started: float) -> RequestSummary:
    """Sum up the requests at `path` that end in the window (unix seconds). Raises `ResultError` for a damaged file."""
    begin, end = window
    file = _RequestFile(path)
    sums: dict[int, _Sums] = {}
    histogram = Histogram()
    course = _Course(load_started)
    for columns in file.batches():
        course.add(columns)
        inside = (columns.end >= begin) & (columns.end < end)
        good = inside & ~columns.failed
        histogram.add(*_with_total(columns.endpoint[good], columns.response_ms[good]))
        for number in np.unique(columns.endpoint[inside]):
            mine = columns.endpoint == number
            sums.setdefault(int(number), _Sums()).add(_sum_up(columns, inside & mine, good & mine))

    def successful() -> Iterator[Batch]:
        for columns in file.batches():
            good = (columns.end >= begin) & (columns.end < end) & ~columns.failed
            yield _with_total(columns.endpoint[good], columns.response_ms[good])

    quantiles, bounds = _quantiles(histogram, successful)
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
        (names[group], p, value, *bounds.get((group, p), (None, None)))
        for group in present
        for p, value in zip(LADDER, quantiles[group, len(PERCENTILES) :], strict=True)
    ]
    latency = pd.DataFrame(ladder, columns=["endpoint", "probability", "response_ms", "low_ms", "high_ms"])
    return RequestSummary(
        endpoints=pd.DataFrame(rows, columns=list(ENDPOINT_COLUMNS)),
        latency=latency.dropna(subset="response_ms"),
        course=course.table(),
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


def _with_total(endpoint: Ints, values: Floats) -> Batch:
    """Count each value for its endpoint (groups from 1) and for all together (group 0)."""
    return np.concatenate([endpoint + 1, np.zeros_like(endpoint)]), np.concatenate([values, values])


def _sum_up(columns: _Columns, inside: NDArray[np.bool_], good: NDArray[np.bool_]) -> _Sums:
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
    )


def _row(name: str, sums: _Sums, percentiles: Floats, seconds: float) -> tuple[object, ...]:
    failures = sums.failures.total()
    good = sums.requests - failures
    kinds = dict(sums.failures.most_common(MOST_KINDS))
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
        json.dumps(kinds) if kinds else "",
    )


class _Course:
    """Requests by the second in which they ended."""

    def __init__(self, origin: float) -> None:
        self._origin = origin
        self._sums = np.zeros((3, 0))

    def add(self, columns: _Columns) -> None:
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
