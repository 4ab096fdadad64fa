"""Tell results that are whole from damaged or foreign ones, before a figure is taken of them.

A run's Parquet files carry a checksum for each page, and have to fit the run's record. The tables of `summarise` and
`analyse` are text, of which half is as readable as all: beside them lies `SHA256SUMS`, as `sha256sum` writes it.
"""

import contextlib
import hashlib
import math
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from loadstone.errors import DamagedError, SystemFault
from loadstone.files import write_text
from loadstone.results.run_record import RunRecord

SUMS = "SHA256SUMS"

NEEDED = {
    "requests": {"time", "endpoint", "user", "response_ms", "server_ms", "bytes", "error", "intended"},
    "processes": {"time", "role", "pid", "cpu_s", "rss_bytes", "threads", "voluntary", "involuntary", "steal_s"},
}
"""Columns that are read."""

SAMPLES_END_S = 1.0
"""So much of a window's end may be without a sample: several times the distance between two."""


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Read Parquet: raises `DamagedError` for what is none, `SystemFault` for what the machine refuses."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise SystemFault.of(error, path) from None
        raise _damaged(path, error) from None
    except (pa.ArrowException, KeyError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from None


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a file of which every page is checked when it is read.

    Without `pre_buffer`: with it the reader would keep all it has read until it is closed.
    """
    return pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)


def check_run(record: RunRecord, requests: Path, processes: Path) -> None:
    """Raise `DamagedError` where one of a run's tables can't be that of the record."""
    with reading(requests), open_parquet(requests) as file:
        _check_columns(requests, file, NEEDED["requests"])
        rows = file.metadata.num_rows
        if rows != record.counts.recorded:
            raise DamagedError(
                f"{requests}: {rows:,} rows where run.json counts {record.counts.recorded:,}: not of this run", requests
            )
        first, last = _span(file)
        if first < record.phases.load_started or last > record.phases.load_stopped:
            raise DamagedError(f"{requests}: requests of another time than run.json tells: not of this run", requests)
    with reading(processes), open_parquet(processes) as file:
        _check_columns(processes, file, NEEDED["processes"])
        first, last = _span(file)
        begin, end = record.window
        if first > begin or last < end - SAMPLES_END_S:
            raise DamagedError(f"{processes}: no samples of the run's window: not of this run", processes)


def _span(file: pq.ParquetFile) -> tuple[float, float]:
    """Find the first and the last time in a file, by the statistics that it keeps of its row groups."""
    metadata = file.metadata
    column = file.schema_arrow.names.index("time")
    groups = [metadata.row_group(number).column(column).statistics for number in range(metadata.num_row_groups)]
    known = [group for group in groups if group is not None and group.has_min_max]
    return min((g.min for g in known), default=math.inf), max((g.max for g in known), default=-math.inf)


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Write the checksums of files in `folder` beside them."""
    lines = [f"{_digest(folder / name)}  {name}\n" for name in names]
    write_text(folder / SUMS, "".join(lines))


def check_sums(folders: Iterable[Path], only: Collection[str] = ()) -> None:
    """Raise `DamagedError`, a line for each file whose checksum is not the one beside it.

    A folder without checksums is of an earlier version. A file that is missing is left to those who want to read it.
    """
    wrong = [path for folder in folders for path in _wrong(folder, only)]
    if wrong:
        raise DamagedError("\n".join(f"{path}: damaged: not as it was written ({SUMS})" for path in wrong), *wrong)


def _wrong(folder: Path, only: Collection[str]) -> Iterator[Path]:
    try:
        lines = (folder / SUMS).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return
    except ValueError:
        lines = [""]
    for line in lines:
        digest, _, name = line.partition("  ")
        if not name or Path(name).name != name:
            yield folder / SUMS
        elif (not only or name in only) and (folder / name).exists() and _digest(folder / name) != digest:
            yield folder / name


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check_columns(path: Path, file: pq.ParquetFile, needed: Collection[str]) -> None:
    if missing := sorted(set(needed) - set(file.schema_arrow.names)):
        raise DamagedError(f"{path}: damaged, or of another version: no column {', '.join(missing)}", path)


def _damaged(path: Path, error: Exception) -> DamagedError:
    return DamagedError(f"{path}: damaged: {str(error).splitlines()[0]}", path)
