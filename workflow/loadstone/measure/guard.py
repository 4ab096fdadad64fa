"""The guard: a process that outlives a killed run and cleans up after it.

The run sends it lines through a pipe: `cookie VALUE` for the mark that all its processes carry, `+PGID` when a process
group starts, `-PGID` when the group has ended, `process PID START` for a process that has left its group, `folder PATH`
for the scratch folder, `lock DESCRIPTOR PATH` for the machine's lock. When the pipe closes, for whatever reason, the
guard kills the processes that are left and removes the scratch folder and the lock. It holds the lock too, so that no
other measurement begins before the last process of this one has ended. After an orderly end nothing is left to do.

The mark is an environment variable. Descendants inherit it, so it finds those that have left their group and session as
well. This takes Linux, where `/proc` shows it; elsewhere groups alone are killed.

This module runs as a script with `python -I -S`, which finds no packages: it imports the standard library only.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

COOKIE = "LOADSTONE_RUN"
"""The environment variable that marks a run's processes. Its value is `<run>-<number of the started process>`."""
POLL_S = 0.02
MAX_WAIT_S = 2.0
"""Seconds to wait for killed processes. Those that still exist after that are zombies that no parent collects."""
PROC = Path("/proc")


class Process(NamedTuple):
    """A process as `/proc` shows it."""

    pid: int
    parent: int
    group: int
    start: int
    """Clock ticks from boot to its start. With the pid it names a process for good."""
    alive: bool
    """Whether it runs; otherwise it waits for its parent to collect it."""


class ProcessTable:
    """The machine's processes, and the marks of those that can be read. A mark is read once per process."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[int, int], str | None] = {}

    def read(self) -> dict[int, Process]:
        """List all processes by pid; none if this system has no `/proc`."""
        found: dict[int, Process] = {}
        with contextlib.suppress(OSError):
            for folder in PROC.iterdir():
                if folder.name.isdigit() and (process := _read_process(int(folder.name))):
                    found[process.pid] = process
        self._cookies = {key: mark for key, mark in self._cookies.items() if key[0] in found}
        return found

    def cookie(self, process: Process) -> str | None:
        """Return the mark of a process; None if it has none, or if another user's process hides it."""
        key = process.pid, process.start
        if key not in self._cookies:
            self._cookies[key] = _read_cookie(process.pid)
        return self._cookies[key]


def _read_process(pid: int) -> Process | None:
    try:
        text = (PROC / str(pid) / "stat").read_text("utf-8", "replace")
        fields = text.rpartition(")")[2].split()  # the name before it can hold anything
        return Process(pid, int(fields[1]), int(fields[2]), int(fields[19]), fields[0] not in "ZX")
    except (OSError, ValueError, IndexError):
        return None  # it has ended


def _read_cookie(pid: int) -> str | None:
    begin = COOKIE.encode() + b"="
    with contextlib.suppress(OSError):
        for variable in (PROC / str(pid) / "environ").read_bytes().split(b"\0"):
            if variable.startswith(begin):
                return variable.removeprefix(begin).decode("utf-8", "replace")
    return None


def with_descendants(pids: Iterable[int], table: Mapping[int, Process]) -> set[int]:
    """Return the processes `pids` of `table` and all their descendants."""
    children: dict[int, list[int]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process.pid)
    family: set[int] = set()
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        if pid in table and pid not in family:
            family.add(pid)
            waiting += children.get(pid, [])
    return family


class Guard:
    """The run's end of the pipe."""

    def __init__(self, scratch: Path, lock: Path, lock_descriptor: int) -> None:
        self._scratch = scratch
        self._lock = lock
        self._lock_descriptor = lock_descriptor
        self._cookie = secrets.token_hex(8)
        self.started: set[int] = set()
        """Processes that this one has started, the guard's included. Other children of it are adopted."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],  # without packages it starts in 20 ms
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[self._lock_descriptor],
            text=True,
        )
        self.started.add(self._process.pid)
        self._send(f"lock {self._lock_descriptor} {self._lock.absolute()}")
        self._send(f"folder {self._scratch.absolute()}")
        self._send(f"cookie {self._cookie}")
        return self

    def next_cookie(self) -> str:
        """Make the mark of the next process to start."""
        return f"{self._cookie}-{len(self.started)}"

    def watch(self, group: int) -> None:
        """Have process group `group` killed if this process ends before `release`."""
        self.started.add(group)
        self._send(f"+{group}")

    def release(self, group: int) -> None:
        """Forget a process group that has ended."""
        self._send(f"-{group}")

    def note(self, process: Process) -> None:
        """Have a process killed that has left its group."""
        self._send(f"process {process.pid} {process.start}")

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - Popen was given a pipe
        print(line, file=self._process.stdin, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None  # noqa: S101 - likewise
        self._process.stdin.close()
        self._process.wait()


def remove_lock(path: Path, descriptor: int) -> None:
    """Remove the lock file `path`, unless it is no longer the file that `descriptor` holds."""
    with contextlib.suppress(OSError):  # a sticky folder keeps another user's file
        if os.path.samestat(os.fstat(descriptor), path.lstat()):
            path.unlink()


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group; return whether the group exists."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _kill_all(groups: set[int], noted: set[tuple[int, int]], cookie: str) -> None:
    """Kill the groups, the noted processes, those with the mark, and all their descendants; wait for their end."""
    for group in groups:
        _signal(group, signal.SIGKILL)
    began = time.monotonic()
    table = ProcessTable()
    while time.monotonic() < began + MAX_WAIT_S:
        processes = {pid: process for pid, process in table.read().items() if process.alive and pid != os.getpid()}
        known = [
            process.pid
            for process in processes.values()
            if process.group in groups
            or (process.pid, process.start) in noted
            or (cookie and (table.cookie(process) or "").startswith(f"{cookie}-"))
        ]
        family = with_descendants(known, processes)
        if not family and not any(_signal(group, 0) for group in groups):
            return
        for pid in family:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(POLL_S)


def keep_watch(lines: Iterable[str]) -> None:
    """Follow the lines of the pipe until it closes, then clean up."""
    groups: set[int] = set()
    noted: set[tuple[int, int]] = set()
    folder = lock = None
    cookie = ""
    for line in map(str.strip, lines):
        if line.startswith("+"):
            groups.add(int(line))
        elif line.startswith("-"):
            groups.discard(-int(line))
        elif line.startswith("process "):
            pid, start = line.split()[1:]
            noted.add((int(pid), int(start)))
        elif line.startswith("cookie "):
            cookie = line.removeprefix("cookie ")
        elif line.startswith("folder "):
            folder = Path(line.removeprefix("folder "))
        elif line.startswith("lock "):
            lock = line.split(" ", 2)
    _kill_all(groups, noted, cookie)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()  # the experiment's folder; another run in it makes this fail
    if lock is not None:
        remove_lock(Path(lock[2]), int(lock[1]))


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    keep_watch(sys.stdin)
