"""Sample every process of a run, its threads, the server's connections, and the host, four times per second.

The samples are the files `processes.parquet`, `threads.parquet` and `sockets.parquet`.
"""

import contextlib
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

from loadstone.measure.sampling.host import HostCounters, HostReader
from loadstone.measure.sampling.row_file import RowFile
from loadstone.measure.sampling.sockets import ServerSockets
from loadstone.measure.sampling.threads import ThreadReader

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE_INTERVAL_S = 0.25
RECENT_S = 1 + SAMPLE_INTERVAL_S / 2
"""Seconds of samples from which `cpus_by_role` computes the last second."""
ROWS_PER_GROUP = 1_000
"""Rows per Parquet row group, which is also about the number of rows in memory: samples of a minute or so."""
THREADS_PER_GROUP = 10_000
"""The same for threads, of which there are many more."""
NO_COUNTERS = dict.fromkeys(HostCounters._fields)
"""A process has none of the machine's counters."""


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
    written_bytes: int | None
    iowait_s: float | None
    io_stalled_s: float | None
    cpu_stalled_s: float | None
    listen_overflows: int | None
    syn_retransmits: int | None
    throttled_s: float | None


class Sampler:
    """Takes samples and writes them to files in `folder`. The files are complete after `close`."""

    def __init__(self, folder: Path) -> None:
        processes = RowFile(folder / "processes.parquet", _process_schema, ROWS_PER_GROUP)
        threads = RowFile(folder / "threads.parquet", _thread_schema, THREADS_PER_GROUP)
        sockets = RowFile(folder / "sockets.parquet", _socket_schema, ROWS_PER_GROUP)
        self.files = (processes, threads, sockets)
        self.port: int | None = None
        """Port of the server, if it is on this machine. Without it there are no samples of its connections."""
        self._recent: deque[Sample] = deque()
        self._processes: dict[int, psutil.Process] = {}
        self._host = HostReader()
        self._sockets = ServerSockets()
        self._threads = ThreadReader()

    def sample(self, processes: Sequence[tuple[str, int]]) -> None:
        """Sample the host and `processes`, given as (role, pid). Skips a process that has ended.

        Raises OSError if the samples cannot be written.
        """
        samples = [_sample_host(self._host.read())]
        for role, pid in processes:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if pid not in self._processes:
                    self._processes[pid] = psutil.Process(pid)
                samples.append(_sample_process(role, self._processes[pid]))
        self.files[0].add(samples)
        self._note(samples)
        self.sample_waits(processes)

    def sample_waits(self, processes: Sequence[tuple[str, int]]) -> None:
        """Sample what the threads of processes and the server's connections wait for."""
        _, to_threads, to_sockets = self.files
        if self.port is not None:
            server = [pid for role, pid in processes if role.startswith("server")]
            to_sockets.add(self._sockets.sample(self.port, server))
        to_threads.add(self._threads.sample(processes, self._sockets))

    def _note(self, samples: Sequence[Sample]) -> None:
        self._recent += samples
        while self._recent[0].time < samples[-1].time - RECENT_S:
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
        """Write the remaining samples and complete the files. Raises OSError."""
        self.stop()
        for file in self.files:
            file.close()

    def stop(self) -> None:
        """Close what is open for sampling. The files are not complete yet."""
        self._sockets.close()
        self._threads.close()


def _process_schema() -> "pa.Schema":
    from loadstone.results.processes import SAMPLE_SCHEMA

    return SAMPLE_SCHEMA


def _thread_schema() -> "pa.Schema":
    from loadstone.results.threads import THREAD_SCHEMA

    return THREAD_SCHEMA


def _socket_schema() -> "pa.Schema":
    from loadstone.results.sockets import SOCKET_SCHEMA

    return SOCKET_SCHEMA


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
            written_bytes=_written_bytes(process),
            iowait_s=None,
            **NO_COUNTERS,
        )


def _written_bytes(process: psutil.Process) -> int | None:
    with contextlib.suppress(psutil.Error, AttributeError, OSError, RuntimeError):
        return int(process.io_counters().write_bytes)
    return None


def _sample_host(counters: HostCounters) -> Sample:
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
        written_bytes=None,
        iowait_s=getattr(cpu, "iowait", None),
        **counters._asdict(),
    )


def _run_queue() -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc/stat").read_text("ascii").splitlines():
            if line.startswith("procs_running "):
                return int(line.split()[1])
    return 0
