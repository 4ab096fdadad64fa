"""A system under test that Loadstone does not run: find it, check its answers, and leave it as it is."""

import socket
import time

from loadstone.errors import ServerError
from loadstone.measure.stop import StopRequest, wait_until
from loadstone.measure.target.preflight import Preflight
from loadstone.measure.target.ready import HEALTH, ReadyCheck, ready_sign
from loadstone.suite.foreign_servers import ExternalServer, ForeignServer, remote_refused
from loadstone.suite.load_settings import Load
from loadstone.suite.urls import is_loopback

READY_DEADLINE_S = 2.0
"""Short, because the server must be running already."""
BAD_STATUS = 500
"""A path's status from which on a running server is not ready. Below it, the server answers."""


class ForeignTarget:
    """A server at a URL. Loadstone knows nothing of it but its answers."""

    def __init__(self, config: ForeignServer, load: Load, stop: StopRequest, url: str) -> None:
        self.url = url
        self.local_port: int | None = None
        self.started = time.time()
        self._load = load
        self._stop = stop
        self._preflight = Preflight(config, url)

    def preflight(self) -> None:
        """Send each request of the load that changes nothing, if they are known. Raises `ServerError`."""
        if self._load.mix is not None:
            self._preflight.check_albums(self._load.mix)
        self._preflight.check_requests(self._load.requests or ())

    def count_albums(self) -> int | None:
        """Ask how many albums the store holds; None for other APIs, or if GET /healthz does not state it."""
        if self._load.mix is None:
            return None
        try:
            health = self._preflight.read_json(HEALTH)
        except ServerError:
            return None
        count = health.get("albums") if isinstance(health, dict) else None
        return count if isinstance(count, int) and count >= 0 else None

    @property
    def max_albums(self) -> None:
        """None: the bound is unknown."""

    def worker_restarts(self) -> None:
        """Return None: restarts are unknown."""

    def answered_requests(self) -> None:
        """Return None: the server's own count is unknown."""


class ExternalTarget(ForeignTarget):
    """A server that is already running, and that others may be using."""

    def __init__(self, config: ExternalServer, load: Load, stop: StopRequest) -> None:
        refuse_remote(config)
        super().__init__(config, load, stop, config.url)
        self.local_port = config.port if is_loopback(config.host) else None
        self._is_ready = external_ready_check(config, load)

    @property
    def command(self) -> None:
        """None: the command line is unknown."""

    def wait_ready(self) -> float:
        """Wait for the sign of `server.ready`; return that moment. Raises `ServerError`."""
        if not wait_until(self._is_ready, READY_DEADLINE_S, self._stop):
            raise ServerError(not_running(self.url, self._is_ready))
        return time.time()

    def check_alive(self) -> None:
        """Do nothing: whether the server runs shows in its answers only."""

    def processes(self) -> list[tuple[str, int]]:
        """Return none: Loadstone samples only processes that it started."""
        return []

    def ask_to_stop(self) -> None:
        """Leave the server running."""

    def stop(self) -> None:
        """Leave the server running."""

    def kill(self) -> None:
        """Leave the server running."""


def external_ready_check(config: ExternalServer, load: Load) -> ReadyCheck:
    """Make the check whether a server that is already running is ready."""
    return ReadyCheck(config.url, ready_sign(config.ready, load), BAD_STATUS, verify=config.verify)


def not_running(url: str, check: ReadyCheck) -> str:
    """Explain that no server is ready at `url`, after an attempt of `check`."""
    return f"no server answers at {url}: {check.problem}; start it before the run, or correct server.url"


def refuse_remote(config: ExternalServer) -> None:
    """Raise `ServerError` if the host is unknown, or is another machine and the suite does not allow that."""
    try:
        resolved = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServerError(f"{config.host}: no such host: {error}") from None
    for address in sorted({str(socket_address[0]) for *_, socket_address in resolved}):
        if not config.allow_remote and not is_loopback(address):
            name = address if address == config.host else f"{config.host}, which is {address},"
            raise ServerError(remote_refused(name))
