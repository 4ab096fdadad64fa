"""Processes of a run: each in its own process group, with its own log and mark, stopped in order or killed."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from loadstone.measure import SOURCE_ROOT
from loadstone.measure.guard import COOKIE, MAX_WAIT_S, POLL_S, Guard, Process, ProcessTable, with_descendants
from loadstone.measure.orphans import adopts_orphans
from loadstone.measure.redaction import redact

NO_PROXY = ("NO_PROXY", "no_proxy")
"""Variables that name the hosts to which requests go without a proxy: this machine is one of them for every child."""
MAX_LOG_TAIL = 64 * 1024
"""Bytes at the end of a log that are read to explain why its process ended."""
MAX_LAST_WORDS = 200
"""Characters of a log's last line that an error message quotes."""


class Logged:
    """A process with a log of what it printed."""

    def __init__(self, shown: list[str], log: Path) -> None:
        self.shown = shown
        """The command line without secrets, as logs and `run.json` hold it. It is the first line of the log."""
        self.log = log

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


class Child(Logged):
    """A process that this one started. Ending it ends its descendants too, also those that left its process group."""

    def __init__(
        self,
        argv: Sequence[str],
        log: Path,
        guard: Guard,
        environment: Mapping[str, str] | None = None,
        folder: Path = SOURCE_ROOT,
        *,
        inherit: bool = True,
        adopts: bool = False,
        quiet: bool = False,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        """Start the command.

        With `adopts`, orphans that carry no mark are taken for its descendants. With `quiet`, the command is not
        written to the log. `stdin` is an open file for its standard input.
        """
        super().__init__(redact(argv), log)
        self._guard = guard
        self._code: int | None = None
        self._asked = False
        self._cookie = guard.next_cookie()
        self._adopts = adopts and adopts_orphans()
        self._table = ProcessTable()
        self._noted: set[int] = set()
        whole = {**(os.environ if inherit else {}), "PYTHONUNBUFFERED": "1", **(environment or {})}
        direct = {name: ",".join(filter(None, (whole.get(name), "127.0.0.1"))) for name in NO_PROXY}
        with log.open("ab") as output:
            if not quiet:
                output.write(f"$ {shlex.join(self.shown)}\n".encode())
                output.flush()
            self._process = subprocess.Popen(
                list(argv),
                cwd=folder,
                env={**whole, **direct, COOKIE: self._cookie},
                stdin=stdin,
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

    def family(self) -> list[int]:
        """List it and its descendants, as far as they run, wherever they have gone."""
        processes = self._table.read()
        if not processes:  # this system has no /proc
            with contextlib.suppress(psutil.NoSuchProcess):
                return [self.pid, *(child.pid for child in psutil.Process(self.pid).children(recursive=True))]
            return []
        self._collect_orphans(processes)
        living = {pid: process for pid, process in processes.items() if process.alive}
        family = with_descendants([pid for pid, process in living.items() if self._is_root(process)], living)
        for pid in family - self._noted:
            if living[pid].group != self.pid:
                self._guard.note(living[pid])
        self._noted |= family
        return sorted(family)

    def _is_root(self, process: Process) -> bool:
        if self.pid in (process.pid, process.group) or (cookie := self._table.cookie(process)) == self._cookie:
            return True
        return self._adopts and cookie is None and self._is_orphan(process)

    def _is_orphan(self, process: Process) -> bool:
        return process.parent == os.getpid() and process.pid not in self._guard.started

    def _collect_orphans(self, processes: Mapping[int, Process]) -> None:
        """Collect orphans that have ended, which nothing else would."""
        for process in processes.values():
            if self._adopts and not process.alive and self._is_orphan(process):
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(process.pid, os.WNOHANG)

    def ask_to_stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal that makes it end, once, and return at once."""
        if self.exit_code is None and not self._asked:
            self._process.send_signal(number)
        self._asked = True

    def join(self, patience_s: float) -> int:
        """Wait up to `patience_s` seconds for its end, then kill its whole family. Returns the exit code."""
        if self._code is not None:
            return self._code  # the system may have given its pid to another process by now
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._end_family()
        self._code = self._process.wait()
        self._guard.release(self.pid)
        return self._code

    def abort(self, number: int, patience_s: float) -> None:
        """Send a signal on which the process writes where it stands, and ends; wait for that up to `patience_s`."""
        if self.exit_code is None:
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)

    def _end_family(self) -> None:
        """Kill what is left of the family, and wait for its end."""
        deadline = time.monotonic() + MAX_WAIT_S
        while (family := self.family()) and time.monotonic() < deadline:
            for pid in family:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(POLL_S)
