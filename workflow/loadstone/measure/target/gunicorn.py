"""The built-in system under test, the album API under gunicorn: start it, check its answers, stop it."""

import json
import math
import sys
import time

from loadstone.errors import ServerError
from loadstone.measure.ports import LOOPBACK, free_port, refuse_unusable_port
from loadstone.measure.processes import Child
from loadstone.measure.stop import wait_until
from loadstone.measure.target.http import send_request
from loadstone.measure.workspace import Workspace
from loadstone.suite.load_settings import Load
from loadstone.suite.settings import GunicornServer

READY_DEADLINE_S = 60.0
HEALTH_DEADLINE_S = 1.0
ANSWER_DEADLINE_S = 10.0
STOP_PATIENCE_S = 15.0

STATE_FOLDER = "server-state"
"""Name of the folder in a run's scratch folder where workers report and the server keeps its files."""


class GunicornTarget:
    """One gunicorn master, its workers, and the folder in which the workers report (see `server/gunicorn.conf.py`)."""

    def __init__(self, config: GunicornServer, load: Load, workspace: Workspace) -> None:
        self.config = config
        self._load = load
        self._state = workspace.scratch / STATE_FOLDER
        self._state.mkdir()
        self._stop = workspace.stop
        port = config.port or free_port()
        refuse_unusable_port(port)
        self.local_port = port
        self.url = f"http://{LOOPBACK}:{port}"
        self._preflight_requests = 0
        self._health_problem = ""
        self.started = time.time()
        environment = {"SERVER_STATE_DIR": str(self._state.absolute())}
        self.process = Child(self._command(port), workspace.logs / "server.log", workspace.guard, environment)

    def _command(self, port: int) -> list[str]:
        config = self.config
        command = [sys.executable, "-m", "gunicorn", "--config", "server/gunicorn.conf.py"]
        command += ["--worker-class", config.worker_class, "--workers", str(config.workers)]
        command += ["--threads", str(config.threads), "--bind", f"{LOOPBACK}:{port}"]
        return [*command, self._application()]

    def _application(self) -> str:
        """Write the call that makes the application. Numbers, strings and mappings look the same in JSON and Python."""
        config = self.config
        if config.app == "constant":
            return "server:create_constant()"
        arguments: dict[str, object] = {"store": config.store, "albums": config.albums, "albums_max": config.albums_max}
        if config.store == "sqlite":
            arguments["path"] = str(self._state.absolute() / "albums.sqlite")
        if (calibration := config.calibration) is not None:
            means = {"parallel_ms": 1000 * calibration.parallel, "serial_ms": 1000 * calibration.serial}
            arguments["calibration"] = means | {"failures": calibration.failures}
            arguments["lock"] = str(self._state.absolute() / "calibration.lock")
        call = ", ".join(f"{key}={json.dumps(value)}" for key, value in arguments.items() if value is not None)
        return f"server:create_app({call})"

    def wait_ready(self) -> float:
        """Wait until it answers and all its workers are up; return that moment. Raises `ServerError`."""

        def ready() -> bool:
            self.check_alive()
            return len(self.worker_pids()) >= self.config.workers and self._read_health(HEALTH_DEADLINE_S) is not None

        if not wait_until(ready, READY_DEADLINE_S, self._stop):
            up = len(self.worker_pids())
            raise ServerError(
                f"the server was not ready within {READY_DEADLINE_S:g} s: {up} of {self.config.workers} workers up"
                + f"; {self._health_problem}" * bool(self._health_problem)
            )
        return time.time()

    def _read_health(self, deadline_s: float) -> int | None:
        """Return the album count of GET /healthz; None if the answer is not usable, and then note the reason."""
        try:
            content = send_request(self.url, "GET", "/healthz", deadline_s).json()
            return int(content["albums"])
        except ServerError as error:
            self._health_problem = str(error)
        except (KeyError, TypeError, ValueError):
            self._health_problem = "GET /healthz: the answer has no album count"
        return None

    def check_alive(self) -> None:
        """Raise `ServerError` if the gunicorn master has ended, or a worker for lack of files or memory."""
        code = self.process.exit_code
        if code is not None:
            raise ServerError(f"the server ended with exit code {code}: {self.process.last_words()}")
        for fault in self._state.glob("*.fault"):
            raise ServerError(f"a server worker ended: {fault.read_text('utf-8')}: raise the limit (ulimit -n)")

    def preflight(self) -> None:
        """Ask each endpoint of the mix once, without changing anything: a POST is one that the API must refuse.

        Raises `ServerError` for an answer that breaks the API's contract.
        """
        if (mix := self._load.mix) is None:
            return
        if mix.list_albums:
            albums = self._ask("GET", "/albums", 200)
            if not isinstance(albums, list) or len(albums) != self.config.albums:
                raise ServerError(
                    f"GET /albums: the answer is not the list of the {self.config.albums} starting albums"
                )
        if mix.get_album:
            album = self._ask("GET", "/albums/1", 200)
            if not isinstance(album, dict) or album.get("id") != "1":
                raise ServerError("GET /albums/1: the answer is not album 1")
        if mix.calibration and self.config.calibration and not self.config.calibration.failures:
            self._ask("GET", "/calibration", 200)
        if mix.create_album:
            body = {"id": "1", "title": "Blue Train", "artist": "John Coltrane", "price": 56.99}
            self._ask("POST", "/albums", 422, {"id": "1"})
            if self.config.albums:
                self._ask("POST", "/albums", 409, body)

    def _ask(self, method: str, path: str, expected: int, body: object = None) -> object:
        self._preflight_requests += 1
        content: object = send_request(self.url, method, path, ANSWER_DEADLINE_S, body).json(expected)
        return content

    def count_albums(self) -> int | None:
        """Ask how many albums the store holds, again if an answer is not usable; None without a mix.

        Raises `ServerError`.
        """
        if self._load.mix is None:
            return None
        counts: list[int] = []

        def counted() -> bool:
            self.check_alive()
            counts.extend(count for count in [self._read_health(ANSWER_DEADLINE_S)] if count is not None)
            return bool(counts)

        if not wait_until(counted, ANSWER_DEADLINE_S, self._stop):
            raise ServerError(self._health_problem)
        return counts[-1]

    @property
    def max_albums(self) -> float:
        """The store's bound. The starting albums and the newest posted album always fit."""
        config = self.config
        return math.inf if config.albums_max is None else max(config.albums_max, config.albums + 1)

    def worker_pids(self) -> list[int]:
        """Process ids of all workers that came up, including those that have ended."""
        return sorted(int(path.stem) for path in self._state.glob("*.ready"))

    @property
    def command(self) -> list[str]:
        """The command line that started it."""
        return self.process.shown

    def processes(self) -> list[tuple[str, int]]:
        """List its processes as (role, pid)."""
        return [("server-master", self.process.pid), *(("server-worker", pid) for pid in self.worker_pids())]

    def worker_restarts(self) -> list[float]:
        """List when a worker came up in place of another; unix seconds."""
        return sorted(path.stat().st_mtime for path in self._state.glob("*.ready"))[self.config.workers :]

    def ask_to_stop(self) -> None:
        """Send the signal that stops it, once."""
        self.process.ask_to_stop()

    def stop(self) -> int:
        """Stop it in order; return its exit code."""
        self.ask_to_stop()
        return self.process.join(STOP_PATIENCE_S)

    def kill(self) -> None:
        """End it at once."""
        self.process.join(0)

    def answered_requests(self) -> int | None:
        """After `stop`: requests that the workers counted, preflight excluded; None if a worker left no count."""
        counts = list(self._state.glob("*.count"))
        if len(counts) < len(self.worker_pids()):
            return None
        return sum(int(path.read_text("utf-8")) for path in counts) - self._preflight_requests
