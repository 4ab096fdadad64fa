"""Processes of a run: each in its own process group, with its own log, stopped in order or killed."""

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadstone.measure import SOURCE_ROOT
from loadstone.measure.guard import Guard
from loadstone.measure.redaction import redact

NO_PROXY = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
"""Added to every child's environment: requests to loopback must not go through a proxy."""
MAX_LOG_TAIL = 64 * 1024
"""Bytes at the end of a log that are read to explain why its process ended."""
MAX_LAST_WORDS = 200
"""Characters of a log's last line that an error message quotes."""


class Child:
    """A process that this one started. Ending it ends its descendants too."""

    def __init__(
        self,
        argv: Sequence[str],
        log: Path,
        guard: Guard,
        environment: Mapping[str, str] | None = None,
        folder: Path = SOURCE_ROOT,
        *,
        inherit: bool = True,
    ) -> None:
        self.shown = redact(argv)
        """The command line without secrets, as logs and `run.json` hold it."""
        self.log = log
        self._guard = guard
        self._code: int | None = None
        with log.open("ab") as output:
            output.write(f"$ {shlex.join(self.shown)}\n".encode())
            output.flush()
            self._process = subprocess.Popen(
                list(argv),
                cwd=folder,
                env={**(os.environ if inherit else {}), **NO_PROXY, "PYTHONUNBUFFERED": "1", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self.pid = self._process.pid
        guard.watch(self.pid)

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while the process runs."""
        return self._process.poll()

    def stop(self, patience_s: float) -> int:
        """Send SIGTERM, wait up to `patience_s` seconds, then kill the whole group. Returns the exit code."""
        if self.exit_code is None:
            self._process.terminate()
        return self.join(patience_s)

    def join(self, patience_s: float) -> int:
        """Wait up to `patience_s` seconds for the process to end, then kill its whole group. Returns the exit code."""
        if self._code is not None:
            return self._code  # the system may have given its pid to another process by now
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._code = self._process.wait()
        self._guard.release(self.pid)
        return self._code

    def abort(self, number: int, patience_s: float) -> None:
        """Send a signal on which the process writes where it stands, and ends; wait for that up to `patience_s`."""
        if self.exit_code is None:
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)

    def end_of_log(self) -> str:
        """Read the end of the log, without the command in its first line."""
        with self.log.open("rb") as file:
            file.readline()
            file.seek(max(file.tell(), self.log.stat().st_size - MAX_LOG_TAIL))
            return file.read().decode("utf-8", "replace")

    def last_words(self) -> str:
        """Return the last line of the log that is not blank, for an error message."""
        lines = [line.strip() for line in self.end_of_log().splitlines() if line.strip()]
        return lines[-1][:MAX_LAST_WORDS] if lines else "its log is empty"
