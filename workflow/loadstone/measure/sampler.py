"""Sample every process of a run, and the host, four times per second, into `processes.parquet`."""

import contextlib
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    import pyarrow.parquet as pq

SAMPLE_INTERVAL_S = 0.25
RECENT_S = 1 + SAMPLE_INTERVAL_S / 2
"""Seconds of samples from which `cpus_by_role` computes the last second."""
ROWS_PER_GROUP = 1_000
"""Rows per Parquet row group, which is also about the number of rows in memory: samples of a minute or so."""


class Sample(NamedTuple):
    """One row."""

    time: float
    role: str
    pid: int
    cpu_s: float
    rss_bytes: int
    threads: int
    voluntary: int | None
    involuntary: int | None
    steal_s: float | None


class Sampler:
    """Takes samples and writes them to `path`, a row group at a time. The file is complete after `close`.

    What writes Parquet is imported when the first rows are written: a run's processes need not wait for it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: pq.ParquetWriter | None = None
        self._unwritten: list[Sample] = []
        self._recent: deque[Sample] = deque()
        self._processes: dict[int, psutil.Process] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def sample(self, processes: Iterable[tuple[str, int]]) -> None:
        """Sample the host and `processes`, given as (role, pid). Skips a process that has ended."""
        self._keep(_sample_host())
        for role, pid in processes:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if pid not in self._processes:
                    self._processes[pid] = psutil.Process(pid)
                self._keep(_sample_process(role, self._processes[pid]))
        if len(self._unwritten) >= ROWS_PER_GROUP:
            self._flush()

    def _keep(self, sample: Sample) -> None:
        self._unwritten.append(sample)
        self._count += 1
        self._recent.append(sample)
        while self._recent[0].time < sample.time - RECENT_S:
            self._recent.popleft()

    def cpus_by_role(self) -> dict[str, float]:
        """Compute how many CPUs each role used in the last second."""
        first: dict[int, Sample] = {}
        last: dict[int, Sample] = {}
        for sample in self._recent:
            first.setdefault(sample.pid, sample)
            last[sample.pid] = sample
        cpus: dict[str, float] = {}
        for pid, end in last.items():
            begin = first[pid]
            if end.time > begin.time:
                cpus[end.role] = cpus.get(end.role, 0.0) + (end.cpu_s - begin.cpu_s) / (end.time - begin.time)
        return cpus

    def close(self) -> None:
        """Write the remaining samples and complete the file."""
        self._flush().close()

    def _flush(self) -> "pq.ParquetWriter":
        import pyarrow as pa
        import pyarrow.parquet as pq

        from loadstone.results.processes import SAMPLE_SCHEMA

        if self._file is None:
            self._file = pq.ParquetWriter(self._path, SAMPLE_SCHEMA, compression="zstd", write_page_checksum=True)
        if self._unwritten:
            columns = zip(*self._unwritten, strict=True)
            arrays = [
                pa.array(list(column)).cast(field.type) for column, field in zip(columns, SAMPLE_SCHEMA, strict=True)
            ]
            self._file.write_table(pa.Table.from_arrays(arrays, schema=SAMPLE_SCHEMA))
            self._unwritten.clear()
        return self._file


def _sample_process(role: str, process: psutil.Process) -> Sample:
    with process.oneshot():
        cpu = process.cpu_times()
        switches = process.num_ctx_switches()
        return Sample(
            time=time.time(),
            role=role,
            pid=process.pid,
            cpu_s=cpu.user + cpu.system,
            rss_bytes=process.memory_info().rss,
            threads=process.num_threads(),
            voluntary=switches.voluntary,
            involuntary=switches.involuntary,
            steal_s=None,
        )


def _sample_host() -> Sample:
    cpu = psutil.cpu_times()
    steal = getattr(cpu, "steal", 0.0)
    idle = cpu.idle + getattr(cpu, "iowait", 0.0)
    guests = getattr(cpu, "guest", 0.0) + getattr(cpu, "guest_nice", 0.0)  # user and nice already include them
    return Sample(
        time=time.time(),
        role="host",
        pid=0,
        cpu_s=sum(cpu) - guests - idle - steal,
        rss_bytes=psutil.virtual_memory().used,
        threads=_run_queue(),
        voluntary=int(psutil.cpu_stats().ctx_switches),
        involuntary=None,
        steal_s=steal,
    )


def _run_queue() -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc/stat").read_text("ascii").splitlines():
            if line.startswith("procs_running "):
                return int(line.split()[1])
    return 0
