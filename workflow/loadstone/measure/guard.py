"""The guard outlives a run that is killed, and cleans up after it.

It is a process of its own, fed through a pipe: `+PGID` when a process group is started, `-PGID` when it has ended,
`folder PATH` for scratch space. When the pipe closes, for whatever reason, it kills the groups that are left and
removes the folder. After an orderly end nothing is left to do.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self


class Guard:
    """The run's end of the pipe."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],  # needs no packages, so it starts in 20 ms
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
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


def keep_watch(lines: Iterable[str]) -> None:
    """Take orders until there are no more, then clean up."""
    groups: set[int] = set()
    folder: Path | None = None
    for order in map(str.strip, lines):
        if order.startswith("+"):
            groups.add(int(order))
        elif order.startswith("-"):
            groups.discard(-int(order))
        elif order.startswith("folder "):
            folder = Path(order.removeprefix("folder "))
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()  # the experiment's folder, unless another run is in it


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    keep_watch(sys.stdin)
