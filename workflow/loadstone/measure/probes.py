"""Sample every process of a run, and the host, a few times a second.

`processes.parquet` has one row for each process at each sample:

    time         s, unix
    role         server-master, server-worker, load-master, load-worker or host
    pid          process id; 0 for the host
    cpu_s        CPU seconds used since its start, user and system; for the host, busy seconds of all CPUs since boot
    rss_bytes    resident memory; for the host, memory in use
    threads      threads; for the host, the run queue: processes that run or could
    voluntary    voluntary context switches since its start; for the host, all context switches since boot
    involuntary  involuntary context switches since its start
    steal_s      host only: CPU seconds that the hypervisor gave to others, since boot
"""

import contextlib
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

SAMPLE_INTERVAL_S = 0.25
RECENT_S = 1 + SAMPLE_INTERVAL_S / 2
"""Seconds of samples from which the last second's CPUs are told."""
ROWS_PER_GROUP = 1_000
"""Rows of one Parquet row group, and about the most that are held in memory: samples of a minute or so."""

SCHEMA = pa.schema(
    [
        ("time", pa.float64()),
        ("role", pa.dictionary(pa.int8(), pa.string())),
        ("pid", pa.int32()),
        ("cpu_s", pa.float64()),
        ("rss_bytes", pa.int64()),
        ("threads", pa.int32()),
        ("voluntary", pa.int64()),
        ("involuntary", pa.int64()),
        ("steal_s", pa.float64()),
    ]
)

Row = tuple[float, str, int, float, int, int, int | None, int | None, float | None]


class Sampler:
    """Writes samples to `path` as they come, some at a time; the file is whole once `close` has been called."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetWriter(path, SCHEMA, compression="zstd", write_page_checksum=True)
        self._rows: list[Row] = []
        self._recent: deque[Row] = deque()
        self._known: dict[int, psutil.Process] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def sample(self, processes: Iterable[tuple[str, int]]) -> None:
        """Take one sample of the host and of `processes`, given as (role, pid). One that has ended is passed over."""
        self._keep(_host())
        for role, pid in processes:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if pid not in self._known:
                    self._known[pid] = psutil.Process(pid)
                self._keep(_process(role, self._known[pid]))
        if len(self._rows) >= ROWS_PER_GROUP:
            self._flush()

    def _keep(self, row: Row) -> None:
        self._rows.append(row)
        self._count += 1
        self._recent.append(row)
        while self._recent[0][0] < row[0] - RECENT_S:
            self._recent.popleft()

    def busy(self) -> dict[str, float]:
        """Tell how many CPUs each role used in the last second, by the samples so far."""
        begin: dict[int, Row] = {}
        end: dict[int, Row] = {}
        for row in self._recent:
            begin.setdefault(row[2], row)
            end[row[2]] = row
        used: dict[str, float] = {}
        for pid, last in end.items():
            first, role = begin[pid], last[1]
            if last[0] > first[0]:
                used[role] = used.get(role, 0.0) + (last[3] - first[3]) / (last[0] - first[0])
        return used

    def close(self) -> None:
        """Write what is left and finish the file."""
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [pa.array(list(column)).cast(field.type) for column, field in zip(columns, SCHEMA, strict=True)]
            self._file.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))
            self._rows.clear()


def _process(role: str, process: psutil.Process) -> Row:
    with process.oneshot():
        cpu = process.cpu_times()
        switches = process.num_ctx_switches()
        return (
            time.time(),
            role,
            process.pid,
            cpu.user + cpu.system,
            process.memory_info().rss,
            process.num_threads(),
            switches.voluntary,
            switches.involuntary,
            None,
        )


def _host() -> Row:
    cpu = psutil.cpu_times()
    steal = getattr(cpu, "steal", 0.0)
    idle = cpu.idle + getattr(cpu, "iowait", 0.0)
    guests = getattr(cpu, "guest", 0.0) + getattr(cpu, "guest_nice", 0.0)  # counted in user and nice already
    busy = sum(cpu) - guests - idle - steal
    return (time.time(), "host", 0, busy, psutil.virtual_memory().used, _run_queue(), _switches(), None, steal)


def _run_queue() -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc/stat").read_text("ascii").splitlines():
            if line.startswith("procs_running "):
                return int(line.split()[1])
    return 0


def _switches() -> int:
    return int(psutil.cpu_stats().ctx_switches)
