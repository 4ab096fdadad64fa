"""Snakemake as a child process, in a process group of its own, with its output in a file."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from loadstone.errors import SystemFault
from loadstone.lifecycle.shutdown import DRIVER, SIGNALS
from loadstone.project import PROJECT

MAX_END_S = 20.0
"""Seconds that Snakemake has to end after a signal before it is killed. Its jobs end when it has ended."""


class Workflow:
    """A running Snakemake. As a context manager, it has ended when the block is left.

    Ctrl-C at a terminal reaches the foreground process group, so a child in its own group receives a signal only from
    here, and once.
    """

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        """Start Snakemake in the current folder; its output is appended to `log`. Raises `SystemFault`."""
        with SystemFault.at(log):
            log.parent.mkdir(parents=True, exist_ok=True)
            self._log = log.open("ab")
        self._reader = log.open("rb")
        self._reader.seek(0, os.SEEK_END)
        self._rest = b""
        self.received: signal.Signals | None = None
        """The first signal that this process received while it drove the workflow."""
        self._deadline = 0.0
        self._former: dict[signal.Signals, Any] = {}
        self._arguments = arguments

    def __enter__(self) -> Self:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` does
                self._former[number] = signal.signal(number, self._note)
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile"), "--directory", "."]
        self._process = subprocess.Popen(
            [*command, *self._arguments],
            env={**os.environ, DRIVER: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        return self

    def _note(self, number: int, _: FrameType | None) -> None:
        self.received = self.received or signal.Signals(number)

    def poll(self, seconds: float) -> int | None:
        """Wait up to `seconds`; return the exit code, or None while Snakemake runs. Forwards a received signal once."""
        if self.received is not None and not self._deadline:
            self._deadline = time.monotonic() + MAX_END_S
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self.received)
        if self._deadline and time.monotonic() > self._deadline:
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def read_lines(self) -> Iterator[str]:
        """Yield the lines of output since the last call."""
        *lines, self._rest = (self._rest + self._reader.read()).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.received = self.received or signal.SIGTERM
            while self.poll(1.0) is None:
                pass
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._reader.close()
        self._log.close()


def now() -> float:
    """Return the time in unix seconds, as results have it."""
    return time.time()


def time_of_day(moment: float) -> str:
    """Write a moment in unix seconds as the time of day here; of another day than today, with the date."""
    local = time.localtime(moment)
    today = time.strftime("%Y-%m-%d", local) == time.strftime("%Y-%m-%d")
    return time.strftime("%H:%M" if today else "%d %b %H:%M", local)
