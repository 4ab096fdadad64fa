"""Processes that one other process forks: see `loadstone.instrument.fork_locust`."""

import contextlib
import json
import os
import shlex
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadstone.measure.guard import POLL_S, Guard
from loadstone.measure.processes import Child, Logged
from loadstone.measure.redaction import redact

SCRIPT = Path(__file__).resolve().parents[1] / "instrument" / "fork_locust.py"
WIDTH = 24
"""Bytes of a line of the report, as in the script."""
LOST = -9
"""Exit code of a process whose own is unknown, because the one that forked it was killed, and it with that one."""


class Forks:
    """The process that forks, and its forks.

    Each fork is given as its command line, `python … -m locust …`, and its log. Locust's master, which listens on
    `port`, comes first; the process that forks prints to its log.
    """

    def __init__(
        self,
        commands: Sequence[tuple[Sequence[str], Path]],
        scratch: Path,
        port: int,
        guard: Guard,
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        self._report = scratch / "forks"
        self._report.write_bytes(b" " * (WIDTH * len(commands)))  # this space is taken, should the disk become full
        processes = []
        self.processes: list[Fork] = []
        """In the given order."""
        for number, (argv, log) in enumerate(commands):
            fork = Fork(self, number, redact(argv), log)
            with log.open("ab") as output:
                output.write(f"$ {shlex.join(fork.shown)}\n".encode())
            processes.append(
                {
                    "name": log.stem,
                    "arguments": list(argv)[argv.index("locust") + 1 :],
                    "log": str(log.absolute()),
                }
            )
            self.processes.append(fork)
        task = {"port": port, "processes": processes}
        python = commands[0][0][: commands[0][0].index("-m")]
        with tempfile.TemporaryFile(dir=scratch) as stdin:  # arguments can be long, and are not for everyone to see
            stdin.write(json.dumps(task).encode())
            stdin.seek(0)
            log = commands[0][1]
            argv = [*python, str(SCRIPT), str(self._report.absolute())]
            self.parent = Child(argv, log, guard, environment, folder, inherit=False, stdin=stdin.fileno(), quiet=True)

    def report(self, number: int) -> tuple[int | None, int | None]:
        """Return the id and the exit code of a process; None for what is not known yet."""
        with self._report.open("rb") as file:
            file.seek(WIDTH * number)
            words = file.read(WIDTH).split()
        pid, code = [*map(int, words), None, None][:2]
        return pid, code

    def remove_files(self) -> None:
        """Remove the file by which it reports, once all processes have ended."""
        self._report.unlink()


class Fork(Logged):
    """One forked process."""

    def __init__(self, forks: Forks, number: int, shown: list[str], log: Path) -> None:
        super().__init__(shown, log)
        self._forks = forks
        self._number = number

    @property
    def pid(self) -> int | None:
        """Its process id; None before it was forked."""
        return self._forks.report(self._number)[0]

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while the process runs."""
        ended = self._forks.parent.exit_code
        code = self._forks.report(self._number)[1]
        return code if code is not None or ended is None else ended or LOST

    def end_of_log(self) -> str:
        """Read the end of its log; before it was forked, of the log of the process that forks."""
        return self._forks.parent.end_of_log() if self.pid is None else super().end_of_log()

    def join(self, patience_s: float) -> int:
        """Wait up to `patience_s` seconds for its end, then kill it. Returns the exit code."""
        deadline = time.monotonic() + patience_s
        while (code := self.exit_code) is None:
            if time.monotonic() > deadline:
                self._forks.parent.join(0)
            else:
                time.sleep(POLL_S / 2)
        return code

    def abort(self, number: int, patience_s: float) -> None:
        """Send a signal on which the process writes where it stands, and ends; wait for that up to `patience_s`."""
        deadline = time.monotonic() + patience_s
        if self.exit_code is None and self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            while self.exit_code is None and time.monotonic() < deadline:
                time.sleep(POLL_S)
