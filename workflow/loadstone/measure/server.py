"""The system under test: start it, know that it is ready, ask it a few things, stop it."""

import errno
import json
import math
import os
import socket
import sys
import time
from pathlib import Path

from loadstone.errors import ServerError, SystemFault
from loadstone.measure.asking import ask
from loadstone.measure.guard import Guard
from loadstone.measure.processes import Child, StopRequest, wait_until
from loadstone.suite.settings import GunicornServer, Mix

READY_DEADLINE_S = 60.0
HEALTH_DEADLINE_S = 1.0
ANSWER_DEADLINE_S = 10.0
STOP_PATIENCE_S = 15.0


def free_port() -> int:
    """Find a TCP port on 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", 0))
        except OSError as error:
            busy = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
            raise SystemFault.of(busy if error.errno == errno.EADDRINUSE else error, "127.0.0.1") from None
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
        self._unhealthy = ""
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
            return len(self.worker_pids()) >= self.config.workers and self._health(HEALTH_DEADLINE_S) is not None

        if not wait_until(ready, READY_DEADLINE_S, self._stop):
            up = len(self.worker_pids())
            raise ServerError(
                f"the server was not ready within {READY_DEADLINE_S:g} s: {up} of {self.config.workers} workers up"
                + f"; {self._unhealthy}" * bool(self._unhealthy)
            )
        return time.time()

    def _health(self, deadline_s: float) -> int | None:
        """Ask for its health; return how many albums it holds, None where that is no usable answer, and note why."""
        try:
            content = ask(self.url, "GET", "/healthz", deadline_s).json()
            return int(content["albums"])
        except ServerError as error:
            self._unhealthy = str(error)
        except (KeyError, TypeError, ValueError):
            self._unhealthy = "GET /healthz: doesn't say how many albums there are"
        return None

    def check_alive(self) -> None:
        """Raise `ServerError` if the gunicorn master has ended, or a worker for lack of means."""
        code = self.process.exit_code
        if code is not None:
            raise ServerError(f"the server ended with exit code {code}: {self.process.last_words()}")
        for fault in self._state.glob("*.fault"):
            raise ServerError(f"a server worker ended: {fault.read_text('utf-8')}: raise the limit (ulimit -n)")

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
        answer: object = ask(self.url, method, path, ANSWER_DEADLINE_S, body).json(expected)
        return answer

    def albums(self) -> int:
        """Ask how many albums it holds, again where an answer can't be used. Raises `ServerError`."""
        found: list[int] = []

        def told() -> bool:
            self.check_alive()
            found.extend(count for count in [self._health(ANSWER_DEADLINE_S)] if count is not None)
            return bool(found)

        if not wait_until(told, ANSWER_DEADLINE_S, self._stop):
            raise ServerError(self._unhealthy)
        return found[-1]

    @property
    def most_albums(self) -> float:
        """The bound on the store: the starting albums and the newest posted one always have a place."""
        config = self.config
        return math.inf if config.albums_max is None else max(config.albums_max, config.albums + 1)

    def worker_pids(self) -> list[int]:
        """Process ids of all workers that came up, those that ended since included."""
        return sorted(int(path.stem) for path in self._state.glob("*.ready"))

    @property
    def command(self) -> list[str]:
        """The command line that started it."""
        return self.process.shown

    def roles(self) -> list[tuple[str, int]]:
        """List its processes, as (role, pid)."""
        return [("server-master", self.process.pid), *(("server-worker", pid) for pid in self.worker_pids())]

    def restarts(self) -> list[float]:
        """Tell when workers came up beyond those that it began with, unix seconds."""
        return sorted(path.stat().st_mtime for path in self._state.glob("*.ready"))[self.config.workers :]

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
