"""Processes that a run owns: each in a process group of its own, logged to a file, stopped in order or killed."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from loadstone.errors import Interrupted
from loadstone.measure import SOURCE_ROOT
from loadstone.measure.guard import Guard
from loadstone.measure.redaction import redacted

POLL_S = 0.02
NO_PROXY = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
"""For every child's environment: load meant for loopback must not go through a proxy."""


class StopRequest:
    """Ctrl-C, SIGTERM and SIGHUP, noted when they come and raised where the run can be left cleanly.

    `what` is stopped then. As a context manager it lasts as long as the block. A signal that we were started to ignore,
    as by `nohup`, is ignored.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._received: signal.Signals | None = None
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._former[number] = signal.signal(number, self._note)
        return self

    def _note(self, number: int, _: FrameType | None) -> None:
        self._received = self._received or signal.Signals(number)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        if error is None:
            self.check()

    def check(self) -> None:
        """Raise `Interrupted` once a signal has come."""
        if self._received is not None:
            raise Interrupted(f"{self._what}: stopped by {self._received.name}")

    def sleep(self, seconds: float) -> None:
        """Sleep, unless told to stop."""
        self.check()
        time.sleep(seconds)
        self.check()


def wait_until(condition: Callable[[], bool], deadline_s: float, stop: StopRequest) -> bool:
    """Wait for `condition`; tell whether it came true within `deadline_s` seconds."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        stop.sleep(POLL_S)
    return True


class Child:
    """A process that was started, its log, and the way to end it with all its descendants."""

    def __init__(
        self, argv: Sequence[str], log: Path, guard: Guard, environment: Mapping[str, str] | None = None
    ) -> None:
        self.shown = redacted(argv)
        """The command line as it may be written down."""
        self.log = log
        self._guard = guard
        self._code: int | None = None
        with log.open("ab") as output:
            output.write(f"$ {shlex.join(self.shown)}\n".encode())
            output.flush()
            self._process = subprocess.Popen(
                list(argv),
                cwd=SOURCE_ROOT,
                env={**os.environ, **NO_PROXY, "PYTHONUNBUFFERED": "1", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self.pid = self._process.pid
        guard.watch(self.pid)

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.poll()

    def stop(self, patience_s: float) -> int:
        """Ask it to end; kill its whole group after `patience_s` seconds. Returns the exit code."""
        if self.exit_code is None:
            self._process.terminate()
        return self.join(patience_s)

    def join(self, patience_s: float) -> int:
        """Wait for its end; kill its whole group after `patience_s` seconds. Returns the exit code."""
        if self._code is not None:
            return self._code  # its number may be somebody else's by now
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._code = self._process.wait()
        self._guard.release(self.pid)
        return self._code

    def last_words(self) -> str:
        """Return the last line of its log that says something, for an error message."""
        text = self.log.read_text("utf-8", "replace")
        lines = [line.strip() for line in text.splitlines()[1:] if line.strip()]  # the first is the command
        return lines[-1][:200] if lines else "it said nothing"
