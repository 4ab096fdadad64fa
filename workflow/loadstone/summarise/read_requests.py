"""Read `requests.parquet` batch by batch, as arrays, and refuse values that no run writes."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from loadstone.errors import DamagedError
from loadstone.results.integrity import open_parquet, reading
from loadstone.results.requests import Bools, end_times
from loadstone.results.tables import OTHER
from loadstone.suite.hypotheses import ALL
from loadstone.text import printable
from loadstone.theory.quantiles import Floats, Ints

BATCH_ROWS = 250_000
"""Requests that are in memory at the same time."""

MAX_USERS = 1_000_000
"""Far above what a suite allows: the time of each user's last response is kept in memory."""

_TYPES: dict[str, Callable[[pa.DataType], bool]] = {
    "time": pa.types.is_float64,
    "endpoint": pa.types.is_dictionary,
    "user": pa.types.is_integer,
    "response_ms": pa.types.is_float64,
    "server_ms": pa.types.is_float64,
    "bytes": pa.types.is_integer,
    "status": pa.types.is_integer,
    "error": pa.types.is_dictionary,
    "intended": pa.types.is_float64,
}
"""Column → check of its type."""
_NEVER_NULL = ("time", "endpoint", "response_ms")
_MAX = {"time": 1e11, "user": MAX_USERS, "response_ms": 1e9, "server_ms": 1e9, "bytes": 1e15, "intended": 1e11}
"""Column of numbers → bound on its values, all of which are at least 0."""

_COLUMNS = ["time", "endpoint", "response_ms", "server_ms", "bytes", "error", "intended"]


@dataclass(frozen=True, slots=True)
class RequestBatch:
    """A batch of requests as arrays of equal length, one element per request."""

    end: Floats
    """When the request ended, unix seconds."""
    endpoint: Ints
    """Number of the endpoint, the same in all batches of a file."""
    response_ms: Floats
    """Response time from the intended start of the request; from sending, if it had none."""
    service_ms: Floats
    """Response time from sending."""
    intended: Floats
    """When the request was due, unix seconds; NaN if it had no intended start."""
    server_ms: Floats
    """Time inside the server; NaN if the server did not report it."""
    bytes: Floats
    """Length of the body; NaN if it is not known."""
    error: NDArray[np.object_]
    """Kind of failure, None for a success; an empty array if no request of the batch failed."""
    failed: Bools

    @property
    def lag_ms(self) -> Floats:
        """Time from the intended start to sending; 0 if there was no intended start."""
        return self.response_ms - self.service_ms


def read_batches(path: Path, columns: Sequence[str], *, optional: Collection[str] = ()) -> Iterator[pa.RecordBatch]:
    """Yield some columns of a file of requests, batch by batch; `optional` ones only where the file has them.

    Raises `DamagedError` if the file cannot be read, or holds values that no run writes.
    """
    with reading(path), open_parquet(path) as file:
        columns = [name for name in columns if name not in optional or name in file.schema_arrow.names]
        for name in columns:
            column_type = file.schema_arrow.field(name).type
            if not _TYPES[name](column_type):
                raise DamagedError(f"{path}: damaged: {name} is of type {column_type}", path)
        for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
            for name in columns:
                _check(path, name, batch.column(name))
            yield batch


def _check(path: Path, name: str, values: pa.Array) -> None:
    if name in _NEVER_NULL and values.null_count:
        raise DamagedError(f"{path}: damaged: {name} is missing in {values.null_count:,} rows", path)
    if name in _NEVER_NULL and pa.types.is_floating(values.type) and pc.any(pc.is_nan(values)).as_py():
        raise DamagedError(f"{path}: damaged: {name} is not a number", path)  # min_max would skip it
    if pa.types.is_dictionary(values.type):
        values.validate(full=True)
        values.dictionary.validate(full=True)
        if values.dictionary.null_count or not pa.types.is_string(values.type.value_type):
            raise DamagedError(f"{path}: damaged: {name} is not text", path)
    elif name in _MAX and len(values) > values.null_count:
        extremes = pc.min_max(values).as_py()
        if not 0 <= extremes["min"] <= extremes["max"] < _MAX[name]:
            span = f"{extremes['min']:g} to {extremes['max']:g}"
            raise DamagedError(f"{path}: damaged: {name} ranges from {span}", path)


class RequestFile:
    """A file of requests. It numbers the endpoints in order of appearance.

    With `kept`, all endpoints that are not in it are one, `OTHER`.
    """

    def __init__(self, path: Path, kept: Collection[str] | None = None) -> None:
        self._path = path
        self._kept = kept
        self.endpoints: dict[str, int] = {}

    def batches(self) -> Iterator[RequestBatch]:
        """Yield all requests, batch by batch. Raises `DamagedError` if the file is damaged."""
        return (self._as_arrays(batch) for batch in read_batches(self._path, _COLUMNS))

    def _as_arrays(self, batch: pa.RecordBatch) -> RequestBatch:
        names = batch.column("endpoint")
        numbers = [self._number(endpoint_name(name)) for name in names.dictionary.to_pylist()]
        service_ms = batch.column("response_ms").to_numpy()
        error = batch.column("error")
        intended = batch.column("intended").to_numpy(zero_copy_only=False).astype(np.float64)
        return RequestBatch(
            end=end_times(batch),
            endpoint=np.array(numbers, np.int64)[names.indices.to_numpy()],
            response_ms=service_ms + lag_ms(intended, batch.column("time").to_numpy()),
            service_ms=service_ms,
            intended=intended,
            server_ms=batch.column("server_ms").to_numpy(zero_copy_only=False).astype(np.float64),
            bytes=batch.column("bytes").to_numpy(zero_copy_only=False).astype(np.float64),
            error=error.to_numpy(zero_copy_only=False) if error.null_count < len(error) else np.empty(0, object),
            failed=error.is_valid().to_numpy(zero_copy_only=False),
        )

    def _number(self, name: str) -> int:
        called = name if self._kept is None or name in self._kept else OTHER
        return self.endpoints.setdefault(called, len(self.endpoints))


def endpoint_name(recorded: str) -> str:
    """Write the name of an endpoint in one printable line, and unlike the names of the rows that add endpoints up."""
    name = printable(" ".join(recorded.split()))
    return name if name and name not in (ALL, OTHER) else f"«{name}»"


def lag_ms(intended: Floats, sent: Floats) -> Floats:
    """Compute the time from the intended starts to sending, in ms; 0 without an intended start."""
    lag = (sent - intended) * 1000
    return np.where(np.isnan(lag), 0.0, np.maximum(lag, 0.0))
