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
from collections.abc import Iterable
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

SAMPLE_INTERVAL_S = 0.25

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
    """Collects samples in memory; `write` stores them."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._known: dict[int, psutil.Process] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def sample(self, processes: Iterable[tuple[str, int]]) -> None:
        """Take one sample of the host and of `processes`, given as (role, pid). One that has ended is passed over."""
        self._rows.append(_host())
        for role, pid in processes:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if pid not in self._known:
                    self._known[pid] = psutil.Process(pid)
                self._rows.append(_process(role, self._known[pid]))

    def busy(self) -> dict[str, float]:
        """Tell how many CPUs each role used in the last second, by the samples so far."""
        begin: dict[int, Row] = {}
        end: dict[int, Row] = {}
        for row in reversed(self._rows):
            if row[0] < self._rows[-1][0] - 1 - SAMPLE_INTERVAL_S / 2:
                break
            begin[row[2]] = row
            end.setdefault(row[2], row)
        used: dict[str, float] = {}
        for pid, last in end.items():
            first, role = begin[pid], last[1]
            if last[0] > first[0]:
                used[role] = used.get(role, 0.0) + (last[3] - first[3]) / (last[0] - first[0])
        return used

    def write(self, path: Path) -> None:
        """Store all samples as Parquet."""
        columns = zip(*self._rows, strict=True)
        arrays = [pa.array(list(column)).cast(field.type) for column, field in zip(columns, SCHEMA, strict=True)]
        pq.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), path, compression="zstd")


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
