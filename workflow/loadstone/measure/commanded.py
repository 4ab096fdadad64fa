"""A system under test that a command of the suite starts: like one of somebody else's, with a beginning and an end."""

import contextlib
import socket
import time
from pathlib import Path

import psutil

from loadstone.errors import ServerError
from loadstone.measure.external import HEALTH_DEADLINE_S, ExternalUnderTest
from loadstone.measure.guard import Guard
from loadstone.measure.processes import Child, StopRequest, wait_until
from loadstone.suite.foreign_servers import CommandServer

READY_DEADLINE_S = 60.0
STOP_PATIENCE_S = 15.0


class CommandUnderTest(ExternalUnderTest):
    """The process that the command started, and what that started in turn."""

    def __init__(self, config: CommandServer, logs: Path, guard: Guard, stop: StopRequest) -> None:
        super().__init__(config, stop)
        self._ready = config.ready
        _refuse_taken(config)
        self.started = time.time()
        try:
            self._process = Child(config.argv, logs / "server.log", guard)
        except OSError as error:
            raise ServerError(f"server.argv: {config.argv[0]} can't be started: {error.strerror}") from None
        self._pids = [self._process.pid]

    @property
    def command(self) -> list[str]:
        """The command line that started it."""
        return self._process.shown

    def wait_ready(self) -> float:
        """Wait until it answers as a server that is ready; return that moment. Raises `ServerError`."""
        if not wait_until(self._is_ready, READY_DEADLINE_S, self._stop):
            raise ServerError(f"GET {self.url}{self._ready}: not answered within {READY_DEADLINE_S:g} s")
        with contextlib.suppress(psutil.NoSuchProcess):  # `check_alive` will tell
            self._pids += [child.pid for child in psutil.Process(self._process.pid).children(recursive=True)]
        return time.time()

    def _is_ready(self) -> bool:
        self.check_alive()
        try:
            return self._status("GET", self._ready, HEALTH_DEADLINE_S) < 400
        except ServerError:
            return False

    def check_alive(self) -> None:
        """Raise `ServerError` if the process that was started has ended."""
        code = self._process.exit_code
        if code is not None:
            raise ServerError(f"the server ended with exit code {code}: {self._process.last_words()}")

    def roles(self) -> list[tuple[str, int]]:
        """List its processes, those that it had when it was ready: which of them work is not known."""
        return [("server-worker", pid) for pid in self._pids]

    def stop(self) -> int:
        """Stop it in order; return the exit code."""
        return self._process.stop(STOP_PATIENCE_S)

    def kill(self) -> None:
        """End it at once."""
        self._process.join(0)


def _refuse_taken(config: CommandServer) -> None:
    """Raise `ServerError` where somebody listens already: it would be theirs that is measured."""
    try:
        socket.create_connection((config.host, config.port), timeout=1).close()
    except OSError:
        return
    raise ServerError(f"somebody listens on port {config.port} of {config.host} already")
