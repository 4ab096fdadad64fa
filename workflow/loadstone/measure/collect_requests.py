"""Gather the records of Locust's workers into `requests.parquet`, and count requests."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgpack  # type: ignore[import-untyped]
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loadstone.measure.endpoint_names import EndpointNames
from loadstone.results.requests import REQUEST_SCHEMA, Bools, end_times, in_window

MAX_ARRAY_BYTES = 2**31 - 1
"""Bytes of one array of a recorder's file: far above what one second of requests takes."""
MAX_SIZE = 1e15
"""Bytes of a response: far above any."""
ROWS_PER_GROUP = 250_000
"""Rows per Parquet row group, which is also about the number of rows in memory at once."""


def collect_requests(records: Sequence[Path], path: Path, groups: Mapping[str, str] = MappingProxyType({})) -> int:
    """Write the rows of all workers' recorder files to `path`; return their number.

    `groups` maps regular expressions to the name that all requests have whose whole name matches. Skips a last array
    that a killed worker did not finish.
    """
    total = 0
    names = EndpointNames(groups)
    with pq.ParquetWriter(path, REQUEST_SCHEMA, compression="zstd", write_page_checksum=True) as writer:
        for batch in _batches(records, names):
            table = pa.concat_tables(batch).unify_dictionaries()
            writer.write_table(table.combine_chunks(), row_group_size=ROWS_PER_GROUP)
            total += table.num_rows
    return total


def _batches(records: Sequence[Path], names: EndpointNames) -> Iterator[list[pa.Table]]:
    """Yield tables of about one row group. Takes the workers' lines, one second each, in turn."""
    batch: list[pa.Table] = []
    size = 0
    for lines in zip_longest(*(_lines(path) for path in records)):
        for worker, rows in enumerate(lines):
            if rows:
                batch.append(_table(worker, rows, names))  # a table takes a tenth of the memory of its rows
                size += len(rows)
        if size >= ROWS_PER_GROUP:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _lines(path: Path) -> Iterator[list[Any]]:
    """Yield the arrays of a recorder's file. A last one that a killed worker did not finish is passed over."""
    if not path.exists():
        return
    with path.open("rb") as file:
        yield from msgpack.Unpacker(file, strict_map_key=False, max_buffer_size=MAX_ARRAY_BYTES)


def _table(worker: int, rows: list[Any], names: EndpointNames) -> pa.Table:
    try:
        return _as_table(worker, rows, names)
    except (TypeError, AttributeError, OverflowError, pa.ArrowException):
        return _as_table(worker, [_plain(row) for row in rows], names)  # a client reports values of other types


def _plain(row: list[Any]) -> list[Any]:
    """Convert the values of a row to the types of its columns; what cannot be converted counts as missing or 0."""
    time, response_ms, kind, name, user, status, size, timing, error, intended = row
    return [
        *(_number(time), _number(response_ms)),
        *("" if kind is None else str(kind), str(name)),
        user if isinstance(user, int) else None,
        int(_number(status)) if 0 <= _number(status) < 1000 else 0,
        int(min(_number(size), MAX_SIZE)),
        timing if isinstance(timing, str) else None,
        None if error is None else str(error),
        intended if isinstance(intended, float) else None,
    ]


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0


def _as_table(worker: int, rows: list[Any], names: EndpointNames) -> pa.Table:
    time, response_ms, kind, name, user, status, size, timing, error, intended = zip(*rows, strict=True)
    columns = {
        "time": pa.array(time, pa.float64()),
        "endpoint": names.encode(kind, name),
        "user": pa.array(user, pa.int32()),
        "worker": pa.repeat(pa.scalar(worker, pa.int16()), len(rows)),
        "response_ms": pc.max_element_wise(pa.array(response_ms, pa.float64()), 0.0),
        "server_ms": _server_ms(pa.array(timing, pa.string())),
        "bytes": pc.max_element_wise(pa.array(size, pa.int64()), 0),
        "status": pa.array(status, pa.int16()),
        "error": pa.array(error, pa.string()).dictionary_encode(),
        "intended": pa.array(intended, pa.float64()),
    }
    return pa.Table.from_arrays(
        [columns[field.name].cast(field.type) for field in REQUEST_SCHEMA], schema=REQUEST_SCHEMA
    )


def count_between(path: Path, begin: float, end: float) -> tuple[int, int]:
    """Count the requests of a `requests.parquet` that ended in [begin, end): all, and the successful ones."""
    total = succeeded = 0
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(columns=["time", "response_ms", "error"]):
            inside = in_window(end_times(batch), (begin, end))
            total += int(inside.sum())
            succeeded += int((inside & _succeeded(batch)).sum())
    return total, succeeded


def count_succeeded(path: Path, endpoint: str, before: float) -> int:
    """Count the successful requests to `endpoint` in a `requests.parquet` that ended before `before` (unix seconds)."""
    count = 0
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(columns=["time", "endpoint", "response_ms", "error"]):
            asked = pc.equal(batch["endpoint"].cast(pa.string()), endpoint).to_numpy(zero_copy_only=False)
            count += int((asked & _succeeded(batch) & (end_times(batch) < before)).sum())
    return count


def _succeeded(batch: pa.RecordBatch) -> Bools:
    return np.asarray(batch["error"].is_null().to_numpy(zero_copy_only=False))


def _server_ms(timing: pa.Array) -> pa.Array:
    matches = pc.extract_regex(timing, r"(?:^|,)\s*app\s*;(?:[^,]*;)?\s*dur=(?P<dur>[0-9]+(?:\.[0-9]+)?)")
    return pc.struct_field(matches, [0]).cast(pa.float64())


def read_locust_count(stats_csv: Path) -> int | None:
    """Read the number of requests in Locust's own statistics; None if there are none."""
    if not stats_csv.exists():
        return None
    with stats_csv.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row.get("Name") == "Aggregated":
                return int(row["Request Count"])
    return None
