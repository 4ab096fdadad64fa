"""The guard outlives a run that is killed, and cleans up after it.

It is a process of its own, fed through a pipe: `+PGID` when a process group is started, `-PGID` when it has ended,
`folder PATH` for scratch space, `lock DESCRIPTOR PATH` for the machine's lock. When the pipe closes, for whatever
reason, it kills the groups that are left and removes folder and lock. It holds the lock too, so that no other
measurement begins before the last process of this one has gone. After an orderly end nothing is left to do.
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
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:  # as a process of its own it finds no packages
    from loadstone.measure.lock import Held


POLL_S = 0.02
MAX_WAIT_S = 2.0
"""Seconds in which killed processes go, or are zombies that nobody collects."""


class Guard:
    """The run's end of the pipe."""

    def __init__(self, scratch: Path, lock: "Held") -> None:
        self._scratch = scratch
        self._lock = lock

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],  # needs no packages, so it starts in 20 ms
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[self._lock.descriptor],
            text=True,
        )
        self._tell(f"lock {self._lock.descriptor} {self._lock.path.absolute()}")
        self._tell(f"folder {self._scratch.absolute()}")
        return self

    def watch(self, group: int) -> None:
        """Kill process group `group` should this process end without it."""
        self._tell(f"+{group}")

    def release(self, group: int) -> None:
        """Forget a process group that has ended."""
        self._tell(f"-{group}")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        print(line, file=self._process.stdin, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None  # noqa: S101 - likewise
        self._process.stdin.close()
        self._process.wait()


def remove(path: Path, descriptor: int) -> None:
    """Remove a lock file that `descriptor` holds, unless it has been removed and is somebody else's by now."""
    with contextlib.suppress(OSError):  # in a sticky folder, another user's file stays
        if os.path.samestat(os.fstat(descriptor), path.lstat()):
            path.unlink()


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group; tell whether it exists."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def keep_watch(lines: Iterable[str]) -> None:
    """Take orders until there are no more, then clean up."""
    groups: set[int] = set()
    folder = lock = None
    for order in map(str.strip, lines):
        if order.startswith("+"):
            groups.add(int(order))
        elif order.startswith("-"):
            groups.discard(-int(order))
        elif order.startswith("folder "):
            folder = Path(order.removeprefix("folder "))
        elif order.startswith("lock "):
            lock = order.split(" ", 2)
    for group in groups:
        _signal(group, signal.SIGKILL)
    began = time.monotonic()
    while any(_signal(group, 0) for group in groups) and time.monotonic() < began + MAX_WAIT_S:
        time.sleep(POLL_S)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()  # the experiment's folder, unless another run is in it
    if lock is not None:
        remove(Path(lock[2]), int(lock[1]))


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    keep_watch(sys.stdin)
