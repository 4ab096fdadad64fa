"""What it costs to sample threads and connections, next to sampling processes alone: shares of one CPU at 4 Hz.

A server of 64 threads that wait holds 1,000 connections open, and 20,000 of its sockets are in TIME_WAIT. Both samplers
take the same moments in turn.
"""

import contextlib
import resource
import socket
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.processes import free_port, running, wait_for_port
from loadstone.measure.sampler import SAMPLE_INTERVAL_S, Sampler
from loadstone.measure.sampling.host import HostCounters, HostReader

THREADS, CONNECTIONS, TIME_WAIT = 64, 1_000, 20_000
SAMPLES = 40
MAX_SHARE = 0.02
"""CPUs that threads, connections and the new counters may take in addition."""


class NoCounters(HostReader):
    """Reads nothing."""

    def read(self) -> HostCounters:
        """Return no counters."""
        return HostCounters(*[None] * len(HostCounters._fields))


class ProcessSampler(Sampler):
    """Samples processes alone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._host = NoCounters()

    def sample_waits(self, processes: Sequence[tuple[str, int]]) -> None:
        """Leave threads and connections out."""


def count_time_wait() -> int:
    """Count this machine's sockets in TIME_WAIT."""
    [line] = [line for line in Path("/proc/net/sockstat").read_text("ascii").splitlines() if line.startswith("TCP:")]
    words = line.split()
    return int(words[words.index("tw") + 1])


def spend(sampler: Sampler, processes: Sequence[tuple[str, int]]) -> float:
    """Take a sample; return the CPU seconds that it took."""
    began = time.thread_time()
    sampler.sample(processes)
    return time.thread_time() - began


def main() -> None:
    """Print one line."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    port = free_port()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            running("benchmarks.blocked_server", str(port), str(THREADS), str(CONNECTIONS + 1))
        )
        wait_for_port(port)  # this holds one connection, whose other end is closed
        for _ in range(CONNECTIONS):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        for _ in range(TIME_WAIT):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.recv(1)
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        whole, alone = Sampler(folders[0]), ProcessSampler(folders[1])
        whole.port = port
        processes = [("server-worker", server.pid)]
        costs: list[tuple[float, float]] = []
        waiting = count_time_wait()
        for number in range(SAMPLES + 1):
            first = spend(whole, processes) if number % 2 else None
            other = spend(alone, processes)
            costs.append((spend(whole, processes) if first is None else first, other))
            time.sleep(SAMPLE_INTERVAL_S)
        began = time.thread_time()
        whole.close()
        writing = (time.thread_time() - began) / SAMPLES
        alone.close()
        threads, sockets = (pd.read_parquet(folders[0] / f"{name}.parquet") for name in ("threads", "sockets"))
    added = (statistics.mean(on - off for on, off in costs[1:]) + writing) / SAMPLE_INTERVAL_S
    before = statistics.mean(off for _, off in costs[1:]) / SAMPLE_INTERVAL_S
    mark = "ok" if added <= MAX_SHARE else "MISS"
    print(
        f"{mark:5}  sampling {threads['tid'].nunique()} threads and {sockets['connections'].max():,} connections, "
        f"{waiting:,} in TIME_WAIT: {added:.1%} of a CPU in addition to {before:.1%} for processes alone, "
        f"at most {MAX_SHARE:.0%}; {threads['time'].nunique()} and {sockets['time'].nunique()} of {len(costs)} samples",
        flush=True,
    )


if __name__ == "__main__":
    main()
