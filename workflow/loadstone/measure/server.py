"""The system under test: start it, know that it is ready, ask it a few things, stop it."""

import json
import math
import socket
import sys
import time
from pathlib import Path

import requests

from loadstone.conditions import GunicornServer, Mix
from loadstone.errors import ServerError
from loadstone.measure.guard import Guard
from loadstone.measure.processes import Child, StopRequest, wait_until

READY_DEADLINE_S = 60.0
ANSWER_DEADLINE_S = 10.0
STOP_PATIENCE_S = 15.0


def free_port() -> int:
    """Find a TCP port on 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class GunicornUnderTest:
    """One gunicorn master, its workers, and the state folder they report to."""

    def __init__(self, config: GunicornServer, scratch: Path, logs: Path, guard: Guard, stop: StopRequest) -> None:
        self.config = config
        self._state = scratch / "server-state"
        self._state.mkdir()
        self._stop = stop
        port = config.port or free_port()
        self._refuse_taken(port)
        self.url = f"http://127.0.0.1:{port}"
        self._preflight_requests = 0
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy between us and loopback
        self._session.headers["Connection"] = "close"  # gunicorn's workers wait for idle connections when they stop
        self.started = time.time()
        self.process = Child(
            self._command(port), logs / "server.log", guard, {"SERVER_STATE_DIR": str(self._state.absolute())}
        )

    def _refuse_taken(self, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise ServerError(f"port {port} on 127.0.0.1 is taken: {error.strerror}") from None

    def _command(self, port: int) -> list[str]:
        config = self.config
        command = [sys.executable, "-m", "gunicorn", "--config", "server/gunicorn.conf.py"]
        command += ["--worker-class", config.worker_class, "--workers", str(config.workers)]
        command += ["--threads", str(config.threads), "--bind", f"127.0.0.1:{port}"]
        return [*command, self._application()]

    def _application(self) -> str:
        """Write the call that makes what gunicorn serves; JSON's numbers, texts and mappings are Python's too."""
        config = self.config
        if config.app == "constant":
            return "server:create_constant()"
        arguments: dict[str, object] = {"store": config.store, "albums": config.albums, "albums_max": config.albums_max}
        if config.store == "sqlite":
            arguments["path"] = str(self._state.absolute() / "albums.sqlite")
        if (known := config.calibration) is not None:
            means = {"parallel_ms": 1000 * known.parallel, "serial_ms": 1000 * known.serial}
            arguments["calibration"] = means | {"failures": known.failures}
            arguments["lock"] = str(self._state.absolute() / "calibration.lock")
        call = ", ".join(f"{key}={json.dumps(value)}" for key, value in arguments.items() if value is not None)
        return f"server:create_app({call})"

    def wait_ready(self) -> float:
        """Wait until it answers and all its workers are up; return that moment. Raises `ServerError`."""

        def ready() -> bool:
            self.check_alive()
            return len(self.worker_pids()) >= self.config.workers and self._healthy()

        if not wait_until(ready, READY_DEADLINE_S, self._stop):
            up = len(self.worker_pids())
            raise ServerError(
                f"the server was not ready within {READY_DEADLINE_S:g} s: {up} of {self.config.workers} workers up"
            )
        return time.time()

    def _healthy(self) -> bool:
        try:
            return self._session.get(f"{self.url}/healthz", timeout=1).ok
        except requests.RequestException:
            return False

    def check_alive(self) -> None:
        """Raise `ServerError` if the gunicorn master has ended."""
        code = self.process.exit_code
        if code is not None:
            raise ServerError(f"the server ended with exit code {code}: {self.process.last_words()}")

    def preflight(self, mix: Mix) -> None:
        """Ask each endpoint of the mix once, and leave no trace: a POST that can't be fulfilled has to be refused.

        Raises `ServerError` where an answer is not what the API promises.
        """
        if mix.list_albums:
            albums = self._ask("GET", "/albums", 200)
            if not isinstance(albums, list) or len(albums) != self.config.albums:
                raise ServerError(f"GET /albums: not the {self.config.albums} starting albums")
        if mix.get_album:
            album = self._ask("GET", "/albums/1", 200)
            if not isinstance(album, dict) or album.get("id") != "1":
                raise ServerError("GET /albums/1: not album 1")
        if mix.calibration and self.config.calibration and not self.config.calibration.failures:
            self._ask("GET", "/calibration", 200)
        if mix.create_album:
            body = {"id": "1", "title": "Blue Train", "artist": "John Coltrane", "price": 56.99}
            self._ask("POST", "/albums", 422, {"id": "1"})
            if self.config.albums:
                self._ask("POST", "/albums", 409, body)

    def _ask(self, method: str, path: str, expected: int, body: object = None) -> object:
        self._preflight_requests += 1
        try:
            answer = self._session.request(method, self.url + path, json=body, timeout=ANSWER_DEADLINE_S)
            content: object = answer.json()
        except requests.RequestException as error:
            raise ServerError(f"{method} {path}: no usable answer: {type(error).__name__}") from None
        if answer.status_code != expected:
            raise ServerError(f"{method} {path}: status {answer.status_code} where {expected} was expected")
        return content

    def albums(self) -> int:
        """Ask how many albums it holds. Raises `ServerError` where it doesn't say."""
        try:
            count = self._session.get(f"{self.url}/healthz", timeout=ANSWER_DEADLINE_S).json()["albums"]
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise ServerError(f"GET /healthz: no usable answer: {type(error).__name__}") from None
        return int(count)

    @property
    def most_albums(self) -> float:
        """The bound on the store: the starting albums and the newest posted one always have a place."""
        config = self.config
        return math.inf if config.albums_max is None else max(config.albums_max, config.albums + 1)

    def worker_pids(self) -> list[int]:
        """Process ids of all workers that came up, those that ended since included."""
        return sorted(int(path.stem) for path in self._state.glob("*.ready"))

    def worker_starts(self) -> list[float]:
        """Tell when each worker came up, unix seconds: those it began with, then those that replaced others."""
        return sorted(path.stat().st_mtime for path in self._state.glob("*.ready"))

    def stop(self) -> int:
        """Stop it in order; return the exit code."""
        return self.process.stop(STOP_PATIENCE_S)

    def kill(self) -> None:
        """End it at once."""
        self.process.join(0)

    def answered(self) -> int | None:
        """After the stop: requests that the workers say they answered, ours not counted. None where one didn't say."""
        counts = list(self._state.glob("*.count"))
        if len(counts) < len(self.worker_pids()):
            return None
        return sum(int(path.read_text("utf-8")) for path in counts) - self._preflight_requests
