"""Read `requests.parquet` batch by batch, as arrays, and refuse what no run leaves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from loadstone.errors import DamagedError
from loadstone.results.integrity import open_parquet, reading
from loadstone.theory.quantiles import Floats, Ints

BATCH_ROWS = 250_000

MAX_USERS = 1_000_000
"""Far above what a suite allows: each user's last response is kept in memory."""

_KINDS: dict[str, Callable[[pa.DataType], bool]] = {
    "time": pa.types.is_float64,
    "endpoint": pa.types.is_dictionary,
    "user": pa.types.is_integer,
    "response_ms": pa.types.is_float64,
    "server_ms": pa.types.is_float64,
    "bytes": pa.types.is_integer,
    "error": pa.types.is_dictionary,
    "intended": pa.types.is_float64,
}
"""Column → what its type has to be."""
_NEVER_NULL = ("time", "endpoint", "user", "response_ms", "bytes")
_MAX = {"time": 1e11, "user": MAX_USERS, "response_ms": 1e9, "server_ms": 1e9, "bytes": 1e15, "intended": 1e11}
"""Of numbers: none is below 0 either."""

_COLUMNS = ["time", "endpoint", "response_ms", "server_ms", "bytes", "error", "intended"]


@dataclass(slots=True)
class Columns:
    """One batch of rows as arrays; endpoint numbers are the same in all batches of a file."""

    end: Floats
    """When the response was complete, unix seconds."""
    endpoint: Ints
    response_ms: Floats
    """From the time at which the request was to be sent, where that was set beforehand, else from sending."""
    service_ms: Floats
    """From sending."""
    server_ms: Floats
    bytes: Ints
    error: NDArray[np.object_]
    failed: NDArray[np.bool_]

    @property
    def lag_ms(self) -> Floats:
        """How much later than intended the request was sent."""
        return self.response_ms - self.service_ms


def read_batches(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield some columns of a file of requests, batch by batch.

    Raises `DamagedError` where it can't be read or holds what no run leaves.
    """
    with reading(path), open_parquet(path) as file:
        for name in columns:
            kind = file.schema_arrow.field(name).type
            if not _KINDS[name](kind):
                raise DamagedError(f"{path}: damaged: {name} is of type {kind}", path)
        for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
            for name in columns:
                _check(path, name, batch.column(name))
            yield batch


def _check(path: Path, name: str, values: pa.Array) -> None:
    if name in _NEVER_NULL and values.null_count:
        raise DamagedError(f"{path}: damaged: {name} is missing in {values.null_count:,} rows", path)
    if name in _NEVER_NULL and pa.types.is_floating(values.type) and pc.any(pc.is_nan(values)).as_py():
        raise DamagedError(f"{path}: damaged: {name} is no number", path)  # which the extremes pass over
    if pa.types.is_dictionary(values.type):
        values.validate(full=True)
        values.dictionary.validate(full=True)
        if values.dictionary.null_count or not pa.types.is_string(values.type.value_type):
            raise DamagedError(f"{path}: damaged: {name} is no text", path)
    elif len(values) > values.null_count:
        extremes = pc.min_max(values).as_py()
        if not 0 <= extremes["min"] <= extremes["max"] < _MAX[name]:
            raise DamagedError(f"{path}: damaged: {name} from {extremes['min']:g} to {extremes['max']:g}", path)


class RequestFile:
    """A file of requests; numbers the endpoints in the order of appearance."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.endpoints: dict[str, int] = {}

    def batches(self) -> Iterator[Columns]:
        """Yield all rows, batch by batch. Raises `DamagedError` where the file is damaged."""
        return (self._columns(batch) for batch in read_batches(self._path, _COLUMNS))

    def _columns(self, batch: pa.RecordBatch) -> Columns:
        names = batch.column("endpoint")
        known = [self.endpoints.setdefault(name, len(self.endpoints)) for name in names.dictionary.to_pylist()]
        sent, service_ms = batch.column("time").to_numpy(), batch.column("response_ms").to_numpy()
        error = batch.column("error")
        return Columns(
            end=sent + service_ms / 1000,
            endpoint=np.array(known, np.int64)[names.indices.to_numpy()],
            response_ms=service_ms + _lag_ms(batch.column("intended"), sent),
            service_ms=service_ms,
            server_ms=batch.column("server_ms").to_numpy(zero_copy_only=False).astype(np.float64),
            bytes=batch.column("bytes").to_numpy(),
            error=error.to_numpy(zero_copy_only=False) if error.null_count < len(error) else np.empty(0, object),
            failed=error.is_valid().to_numpy(zero_copy_only=False),
        )


def _lag_ms(intended: pa.Array, sent: Floats) -> Floats:
    if intended.null_count == len(intended):
        return np.zeros(len(sent))
    lag = (sent - intended.to_numpy(zero_copy_only=False)) * 1000
    return np.where(np.isnan(lag), 0.0, np.maximum(lag, 0.0))
