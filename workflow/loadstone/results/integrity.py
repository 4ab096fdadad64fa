"""Find results that are damaged, or of another run, before any figure is computed from them.

A run's Parquet files carry a checksum per page, and must match the run's record. The tables of `summarise` and
`analyse` are text, of which a part is as readable as the whole: the file `SHA256SUMS` next to them holds their
checksums, in the format of `sha256sum`.
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
from loadstone.results.sockets import SOCKET_COUNTS

SUMS = "SHA256SUMS"
"""Name of the file with the checksums of a folder."""

NEEDED = {
    "requests": {"time", "endpoint", "user", "response_ms", "server_ms", "bytes", "error", "intended"},
    "processes": {"time", "role", "pid", "cpu_s", "rss_bytes", "threads", "voluntary", "involuntary", "steal_s"},
    "threads": {"time", "role", "pid", "tid", "cpu_s", "waited_s", "state"},
    "sockets": {"time", "pid", *SOCKET_COUNTS},
}
"""Table of a run → the columns that are read."""

SAMPLES_END_S = 1.0
"""Seconds that may lie between the last sample and the end of the window: several times the sampling interval."""


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Translate errors while a Parquet file is read: to `DamagedError`, or to `SystemFault` if the system refuses."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise SystemFault.of(error, path) from None
        raise _damaged(path, error) from None
    except (pa.ArrowException, KeyError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from None


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file so that the checksum of every page is verified when the page is read.

    `pre_buffer` is off: otherwise the reader would keep everything in memory until it is closed.
    """
    return pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)


def check_run(
    record: RunRecord, requests: Path, processes: Path, threads: Path | None = None, sockets: Path | None = None
) -> None:
    """Raise `DamagedError` if one of a run's tables cannot belong to the record.

    Runs of earlier versions have no samples of threads and sockets, imported runs none at all.
    """
    check_requests(record, requests)
    with reading(processes), open_parquet(processes) as file:
        _check_columns(processes, file, NEEDED["processes"])
        first, last = _span(file)
        begin, end = record.window
        if record.imported is None and (first > begin or last < end - SAMPLES_END_S):
            message = f"{processes}: not of this run: its samples do not cover the window that run.json states"
            raise DamagedError(message, processes)
    for path, table in ((threads, "threads"), (sockets, "sockets")):
        if path is not None:
            _check_samples(record, path, table)


def _check_samples(record: RunRecord, path: Path, table: str) -> None:
    """Raise `DamagedError` if samples of threads or sockets cannot belong to the record. The file may have no rows."""
    with reading(path), open_parquet(path) as file:
        _check_columns(path, file, NEEDED[table])
        first, last = _span(file)
        phases = record.phases
        if first < phases.server_started - SAMPLES_END_S or last > phases.load_stopped + SAMPLES_END_S:
            message = f"{path}: not of this run: its samples are outside the time that run.json states"
            raise DamagedError(message, path)


def check_requests(record: RunRecord, requests: Path) -> None:
    """Raise `DamagedError` if a run's requests cannot belong to the record. Only the file's footer is read."""
    with reading(requests), open_parquet(requests) as file:
        _check_columns(requests, file, NEEDED["requests"])
        rows = file.metadata.num_rows
        if rows != record.counts.recorded:
            message = f"{requests}: not of this run: {rows:,} rows, but run.json counts {record.counts.recorded:,}"
            raise DamagedError(message, requests)
        first, last = _span(file)
        if first < record.phases.load_started or last > record.phases.load_stopped:
            message = f"{requests}: not of this run: its requests are outside the time that run.json states"
            raise DamagedError(message, requests)


def _span(file: pq.ParquetFile) -> tuple[float, float]:
    """Find the first and the last time in a file, from the statistics of its row groups."""
    metadata = file.metadata
    column = file.schema_arrow.names.index("time")
    groups = [metadata.row_group(number).column(column).statistics for number in range(metadata.num_row_groups)]
    bounded = [group for group in groups if group is not None and group.has_min_max]
    return min((g.min for g in bounded), default=math.inf), max((g.max for g in bounded), default=-math.inf)


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Write the checksums of files in `folder` next to them."""
    lines = [f"{_digest(folder / name)}  {name}\n" for name in names]
    write_text(folder / SUMS, "".join(lines))


def check_sums(folders: Iterable[Path], only: Collection[str] = ()) -> None:
    """Raise `DamagedError` with a line for each file whose content does not match its checksum.

    With `only`, files of other names are skipped. A folder without checksums is of an earlier version of Loadstone. A
    missing file is reported by whoever reads it.
    """
    changed = [path for folder in folders for path in _changed_files(folder, only)]
    if changed:
        message = "\n".join(f"{path}: damaged: its checksum is not the one in {SUMS}" for path in changed)
        raise DamagedError(message, *changed)


def _changed_files(folder: Path, only: Collection[str]) -> Iterator[Path]:
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
        cause = "damaged, or written by another version of Loadstone"
        raise DamagedError(f"{path}: {cause}: no column {', '.join(missing)}", path)


def _damaged(path: Path, error: Exception) -> DamagedError:
    return DamagedError(f"{path}: damaged: {str(error).splitlines()[0]}", path)
