"""The guard: a process that outlives a killed run and cleans up after it.

The run sends it lines through a pipe: `+PGID` when a process group starts, `-PGID` when the group has ended,
`folder PATH` for the scratch folder, `lock DESCRIPTOR PATH` for the machine's lock. When the pipe closes, for whatever
reason, the guard kills the remaining groups and removes the scratch folder and the lock. It holds the lock too, so that
no other measurement begins before the last process of this one has ended. After an orderly end nothing is left to do.

This module runs as a script with `python -I -S`, which finds no packages: it imports the standard library only.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

POLL_S = 0.02
MAX_WAIT_S = 2.0
"""Seconds to wait for killed processes. Those that still exist after that are zombies that no parent collects."""


class Guard:
    """The run's end of the pipe."""

    def __init__(self, scratch: Path, lock: Path, lock_descriptor: int) -> None:
        self._scratch = scratch
        self._lock = lock
        self._lock_descriptor = lock_descriptor

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
        self._send(f"lock {self._lock_descriptor} {self._lock.absolute()}")
        self._send(f"folder {self._scratch.absolute()}")
        return self

    def watch(self, group: int) -> None:
        """Have process group `group` killed if this process ends before `release`."""
        self._send(f"+{group}")

    def release(self, group: int) -> None:
        """Forget a process group that has ended."""
        self._send(f"-{group}")

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


def keep_watch(lines: Iterable[str]) -> None:
    """Follow the lines of the pipe until it closes, then clean up."""
    groups: set[int] = set()
    folder = lock = None
    for line in map(str.strip, lines):
        if line.startswith("+"):
            groups.add(int(line))
        elif line.startswith("-"):
            groups.discard(-int(line))
        elif line.startswith("folder "):
            folder = Path(line.removeprefix("folder "))
        elif line.startswith("lock "):
            lock = line.split(" ", 2)
    for group in groups:
        _signal(group, signal.SIGKILL)
    began = time.monotonic()
    while any(_signal(group, 0) for group in groups) and time.monotonic() < began + MAX_WAIT_S:
        time.sleep(POLL_S)
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
