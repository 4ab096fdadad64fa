"""Gather the records of Locust's workers into `requests.parquet`, and count requests.

`requests.parquet` has one row per request, roughly in the order of time:

    time         s, unix: when it was sent
    endpoint     such as `GET /albums`
    user         number of the user, unique in the run
    worker       number of the Locust worker process
    response_ms  ms from sending to the last byte
    server_ms    ms inside the server, from its Server-Timing header
    bytes        length of the body
    status       HTTP status, 0 where no response came
    error        kind of failure, or null
    intended     s, unix: when it was due, in open and paced runs; otherwise null
"""

import csv
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROWS_PER_GROUP = 250_000
"""Rows per Parquet row group, which is also about the number of rows in memory at once."""

TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("time", pa.float64()),
        ("endpoint", TEXT),
        ("user", pa.int32()),
        ("worker", pa.int16()),
        ("response_ms", pa.float64()),
        ("server_ms", pa.float64()),
        ("bytes", pa.int64()),
        ("status", pa.int16()),
        ("error", TEXT),
        ("intended", pa.float64()),
    ]
)


def collect_requests(records: Sequence[Path], path: Path) -> int:
    """Write the rows of all workers' recorder files to `path`; return their number.

    Skips a last line that a killed worker did not finish.
    """
    total = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", write_page_checksum=True) as writer:
        for batch in _batches(records):
            table = pa.concat_tables(batch).unify_dictionaries()
            writer.write_table(table.combine_chunks(), row_group_size=ROWS_PER_GROUP)
            total += table.num_rows
    return total


def _batches(records: Sequence[Path]) -> Iterator[list[pa.Table]]:
    """Yield tables of about one row group. Takes the workers' lines, one second each, in turn."""
    batch: list[pa.Table] = []
    size = 0
    for lines in zip_longest(*(_lines(path) for path in records)):
        for worker, rows in enumerate(lines):
            if rows:
                batch.append(_table(worker, rows))  # a table takes a tenth of the memory of its rows
                size += len(rows)
        if size >= ROWS_PER_GROUP:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _lines(path: Path) -> Iterator[list[Any]]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield orjson.loads(line)


def _table(worker: int, rows: list[Any]) -> pa.Table:
    time, response_ms, endpoint, user, status, size, timing, error, intended = zip(*rows, strict=True)
    columns = {
        "time": pa.array(time, pa.float64()),
        "endpoint": pa.array(endpoint, pa.string()).dictionary_encode(),
        "user": pa.array(user, pa.int32()),
        "worker": pa.repeat(pa.scalar(worker, pa.int16()), len(rows)),
        "response_ms": pa.array(response_ms, pa.float64()),
        "server_ms": _server_ms(pa.array(timing, pa.string())),
        "bytes": pa.array(size, pa.int64()),
        "status": pa.array(status, pa.int16()),
        "error": pa.array(error, pa.string()).dictionary_encode(),
        "intended": pa.array(intended, pa.float64()),
    }
    return pa.Table.from_arrays([columns[field.name].cast(field.type) for field in SCHEMA], schema=SCHEMA)


def count_between(path: Path, begin: float, end: float) -> tuple[int, int]:
    """Count the requests of a `requests.parquet` that ended in [begin, end): all, and the successful ones."""
    total = succeeded = 0
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(columns=["time", "response_ms", "error"]):
            inside = pc.and_(pc.greater_equal(_end(batch), begin), pc.less(_end(batch), end))
            total += pc.sum(inside).as_py() or 0
            succeeded += pc.sum(pc.and_(inside, pc.is_null(batch["error"]))).as_py() or 0
    return total, succeeded


def _end(batch: pa.RecordBatch) -> pa.Array:
    return pc.add(batch["time"], pc.divide(batch["response_ms"], 1000.0))


def count_succeeded(path: Path, endpoint: str, before: float) -> int:
    """Count the successful requests to `endpoint` in a `requests.parquet` that ended before `before` (unix seconds)."""
    count = 0
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(columns=["time", "endpoint", "response_ms", "error"]):
            succeeded = pc.and_(pc.equal(batch["endpoint"].cast(pa.string()), endpoint), pc.is_null(batch["error"]))
            count += pc.sum(pc.and_(succeeded, pc.less(_end(batch), before))).as_py() or 0
    return count


def _server_ms(timing: pa.Array) -> pa.Array:
    matches = pc.extract_regex(timing, r"\bdur=(?P<dur>[0-9]+(?:\.[0-9]+)?)")
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
