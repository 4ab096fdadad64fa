"""Read `requests.parquet` batch by batch, as arrays.

Here and wherever that file is read, without `pre_buffer`: with it the reader keeps all it has read until it is closed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadstone.analyse.quantiles import Floats, Ints
from loadstone.errors import ResultError

BATCH_ROWS = 250_000

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


class RequestFile:
    """A file of requests; numbers the endpoints in the order of appearance."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.endpoints: dict[str, int] = {}

    def batches(self) -> Iterator[Columns]:
        """Yield all rows, batch by batch. Raises `ResultError` where the file is damaged."""
        try:
            with pq.ParquetFile(self._path, pre_buffer=False) as file:
                for batch in file.iter_batches(BATCH_ROWS, columns=_COLUMNS):
                    yield self._columns(batch)
        except (OSError, pa.ArrowException, KeyError) as error:
            raise ResultError(f"{self._path}: damaged: {str(error).splitlines()[0]}") from None

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
