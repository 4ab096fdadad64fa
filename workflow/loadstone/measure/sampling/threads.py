"""Read what each thread of a run's processes does, from `/proc/PID/task/` (Linux)."""

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from loadstone.measure.sampling.pace import Pace
from loadstone.measure.sampling.sockets import ServerSockets
from loadstone.measure.sampling.waits import combine, read_wait, state_of_kernel_function
from loadstone.results.thread_state import ThreadState

MAX_THREADS = 512
"""Threads per sample. A process that would exceed it is left out as a whole: some of its threads would mislead."""
MAX_OPEN = 256
"""Files that stay open, two per thread. Those of more threads are opened for each sample."""
MAX_LINE = 1024
"""Bytes of a file of a thread that are read."""
TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class ThreadSample(NamedTuple):
    """One row; see `loadstone.results.threads`."""

    time: float
    role: str
    pid: int
    tid: int
    cpu_s: float
    waited_s: float | None
    state: str


class _Thread:
    """A thread, its open files, and what is known of it."""

    def __init__(self, pid: int, tid: int) -> None:
        self.folder = f"/proc/{pid}/task/{tid}"
        self.files: dict[str, int] = {}
        self.asleep: tuple[int, ThreadState] | None = None
        """How often it had run when it was last seen asleep, and what it waited for."""


class ThreadReader:
    """Reads the states of threads. A thread that has not run since it was last seen asleep still waits for the same."""

    def __init__(self) -> None:
        self._threads: dict[tuple[int, int], _Thread] = {}
        self._open = 0
        self._pace = Pace()

    def sample(self, processes: Iterable[tuple[str, int]], sockets: ServerSockets) -> list[ThreadSample]:
        """Read the threads of processes, given as (role, pid), if that is due."""
        if not self._pace.is_due():
            return []
        with self._pace.spending():
            now = time.time()
            rows: list[ThreadSample] = []
            seen: set[tuple[int, int]] = set()
            for role, pid in processes:
                tids: list[int] = []
                with contextlib.suppress(OSError):
                    tids = [int(name) for name in os.listdir(f"/proc/{pid}/task")]  # noqa: PTH208 - three times faster
                if len(seen) + len(tids) > MAX_THREADS:
                    continue
                for tid in tids:
                    seen.add((pid, tid))
                    with contextlib.suppress(OSError, ValueError, IndexError):  # it has ended
                        rows += self._read(now, role, pid, tid, sockets)
            for key in self._threads.keys() - seen:
                self._close(self._threads.pop(key))
            return rows

    def close(self) -> None:
        """Close all files."""
        for thread in self._threads.values():
            self._close(thread)
        self._threads.clear()

    def _read(self, now: float, role: str, pid: int, tid: int, sockets: ServerSockets) -> list[ThreadSample]:
        thread = self._threads.get((pid, tid))
        if thread is None:
            thread = self._threads[pid, tid] = _Thread(pid, tid)
        line = self._line(thread, "stat")
        fields = line[line.rindex(b")") + 2 :].split(b" ", 13)  # the name before it can hold anything
        if fields[0] in b"ZX":
            return []
        cpu_s = (int(fields[11]) + int(fields[12])) / TICKS_PER_S
        waited_s, runs = None, None
        with contextlib.suppress(FileNotFoundError):
            ran_ns, waited_ns, count = map(int, self._line(thread, "schedstat").split())
            if count:  # otherwise it has never run, or the kernel keeps no such account
                cpu_s, waited_s, runs = ran_ns / 1e9, waited_ns / 1e9, count
        state = self._state(thread, fields[0], runs, pid, sockets)
        return [ThreadSample(now, role, pid, tid, cpu_s, waited_s, state.value)]

    def _state(self, thread: _Thread, letter: bytes, runs: int | None, pid: int, sockets: ServerSockets) -> ThreadState:
        if letter == b"R":
            return ThreadState.RUNNING
        if letter == b"D":
            return ThreadState.DISK
        if letter not in b"SI":
            return ThreadState.OTHER
        if thread.asleep is not None and thread.asleep[0] == runs:
            return thread.asleep[1]
        state = _find_wait(thread.folder, pid, sockets)
        thread.asleep = None
        if runs is not None and state is not ThreadState.OTHER:
            thread.asleep = runs, state
        return state

    def _line(self, thread: _Thread, name: str) -> bytes:
        """Read a file of the thread, and keep it open if few are. Raises OSError."""
        file = thread.files.get(name)
        if file is not None:
            return os.pread(file, MAX_LINE, 0)
        file = os.open(f"{thread.folder}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        if self._open < MAX_OPEN:
            self._open += 1
            thread.files[name] = file
            return os.pread(file, MAX_LINE, 0)
        try:
            return os.read(file, MAX_LINE)
        finally:
            os.close(file)

    def _close(self, thread: _Thread) -> None:
        for file in thread.files.values():
            os.close(file)
        self._open -= len(thread.files)
        thread.files.clear()


def _find_wait(folder: str, pid: int, sockets: ServerSockets) -> ThreadState:
    """State what a sleeping thread waits for; `OTHER` if the kernel does not show it."""
    state = ThreadState.OTHER
    with contextlib.suppress(OSError, ValueError, IndexError):
        wait = read_wait(_read(f"{folder}/syscall"), lambda address, size: _read_memory(pid, address, size))
        state = wait if isinstance(wait, ThreadState) else combine({_state_of(pid, each, sockets) for each in wait})
    if state is ThreadState.OTHER:
        with contextlib.suppress(OSError):
            state = state_of_kernel_function(_read(f"{folder}/wchan").decode("ascii", "replace"))
    return state


def _state_of(pid: int, descriptor: int, sockets: ServerSockets) -> ThreadState:
    """State what a thread waits for at a descriptor. Raises OSError."""
    link = str(Path(f"/proc/{pid}/fd/{descriptor}").readlink())
    kind, _, rest = link.partition(":")
    if kind == "socket":
        in_view = Path(f"/proc/{pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink()
        return sockets.state_of(int(rest[1:-1])) if in_view else ThreadState.OTHER
    if kind == "pipe":
        return ThreadState.PIPE
    return ThreadState.EVENTS if link == "anon_inode:[eventpoll]" else ThreadState.OTHER


def _read(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, MAX_LINE)
    finally:
        os.close(file)


def _read_memory(pid: int, address: int, size: int) -> bytes:
    file = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(file, size, address)
    finally:
        os.close(file)
