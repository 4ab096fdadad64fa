"""A system under test that a command in the suite starts."""

import contextlib
import time

import psutil

from loadstone.errors import ServerError
from loadstone.measure import SOURCE_ROOT
from loadstone.measure.build import checkout_folder
from loadstone.measure.ports import refuse_listener
from loadstone.measure.processes import Child
from loadstone.measure.stop import wait_until
from loadstone.measure.target.external import HEALTH_DEADLINE_S, ExternalTarget
from loadstone.measure.workspace import Workspace
from loadstone.suite.foreign_servers import CommandServer

READY_DEADLINE_S = 60.0
STOP_PATIENCE_S = 15.0


class CommandTarget(ExternalTarget):
    """The process that the command started, and that process's descendants."""

    def __init__(self, config: CommandServer, workspace: Workspace) -> None:
        super().__init__(config, workspace.stop)
        self._ready = config.ready
        if config.port is not None:
            refuse_listener(config.host, config.port)
        folder = checkout_folder(workspace, config) / (config.cwd or "") if config.commit or config.cwd else SOURCE_ROOT
        self.started = time.time()
        try:
            self._process = Child(config.argv, workspace.logs / "server.log", workspace.guard, folder=folder)
        except OSError as error:
            raise ServerError(f"server.argv: cannot start {config.argv[0]}: {error.strerror}") from None
        self._pids = [self._process.pid]

    @property
    def command(self) -> list[str]:
        """The command line that started it."""
        return self._process.shown

    def wait_ready(self) -> float:
        """Wait for an answer to `server.ready` with a status below 400; return that moment. Raises `ServerError`."""
        if not wait_until(self._is_ready, READY_DEADLINE_S, self._stop):
            raise ServerError(f"GET {self.url}{self._ready}: no answer that shows readiness in {READY_DEADLINE_S:g} s")
        with contextlib.suppress(psutil.NoSuchProcess):  # `check_alive` reports it
            self._pids += [child.pid for child in psutil.Process(self._process.pid).children(recursive=True)]
        return time.time()

    def _is_ready(self) -> bool:
        self.check_alive()
        try:
            return self._status("GET", str(self._ready or "/healthz"), HEALTH_DEADLINE_S) < 400
        except ServerError:
            return False

    def check_alive(self) -> None:
        """Raise `ServerError` if the started process has ended."""
        code = self._process.exit_code
        if code is not None:
            raise ServerError(f"the server ended with exit code {code}: {self._process.last_words()}")

    def processes(self) -> list[tuple[str, int]]:
        """List the processes that existed when it was ready. All count as workers, since their roles are unknown."""
        return [("server-worker", pid) for pid in self._pids]

    def stop(self) -> int:
        """Stop it in order; return its exit code."""
        return self._process.stop(STOP_PATIENCE_S)

    def kill(self) -> None:
        """End it at once."""
        self._process.join(0)
