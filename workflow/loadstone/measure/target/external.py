"""A system under test that Loadstone does not run: find it, check its answers, and leave it as it is."""

import socket
import time

from loadstone.errors import ServerError
from loadstone.measure.stop import StopRequest, wait_until
from loadstone.measure.target.http import send_request
from loadstone.suite.foreign_servers import CommandServer, ExternalServer, is_loopback, remote_refused
from loadstone.suite.load_settings import Load

READY_DEADLINE_S = 2.0
"""Short, because the server must be running already."""
HEALTH_DEADLINE_S = 1.0
ANSWER_DEADLINE_S = 10.0
HEALTH = "/healthz"
NO_JSON = b"{"
"""A body that every server must refuse, so that it adds no album."""


class ExternalTarget:
    """A server at a URL. Loadstone knows nothing of it but its answers."""

    def __init__(self, config: ExternalServer | CommandServer, stop: StopRequest) -> None:
        self.config = config
        self.url = config.url
        self.started = time.time()
        self._stop = stop
        refuse_remote(config)

    @property
    def command(self) -> list[str] | None:
        """None: the command line is unknown."""
        return None

    def wait_ready(self) -> float:
        """Wait for an answer to GET /healthz with a status below 500; return that moment. Raises `ServerError`."""
        if not wait_until(self._answers, READY_DEADLINE_S, self._stop):
            raise ServerError(f"no server answers at {self.url}: start it before the run")
        return time.time()

    def _answers(self) -> bool:
        try:
            return self._status("GET", HEALTH, HEALTH_DEADLINE_S) < 500
        except ServerError:
            return False

    def check_alive(self) -> None:
        """Do nothing: whether the server runs shows in its answers only."""

    def preflight(self, load: Load) -> None:
        """Ask each endpoint of the mix, without changing anything. Raises `ServerError` for a wrong answer."""
        if (mix := load.mix) is None:
            return
        if mix.list_albums and not isinstance(self._json("/albums"), list):
            raise ServerError(f"{self.url}: GET /albums: the answer is not a list of albums")
        for number in sorted({1, self.config.albums} if mix.get_album else ()):
            album = self._json(f"/albums/{number}")
            if not isinstance(album, dict) or album.get("id") != str(number):
                raise ServerError(f"{self.url}: GET /albums/{number}: the answer is not album {number}")
        if mix.create_album:
            status = self._status("POST", "/albums", ANSWER_DEADLINE_S, NO_JSON)
            if not 400 <= status < 500 or status in (401, 403, 404, 405):
                raise ServerError(
                    f"{self.url}: POST /albums: status {status} for a body that is not JSON; the server must refuse it "
                    "with 400 or 422"
                )

    def _json(self, path: str) -> object:
        try:
            content: object = send_request(self.url, "GET", path, ANSWER_DEADLINE_S).json()
        except ServerError as error:
            raise ServerError(f"{self.url}: {error}") from None
        return content

    def _status(self, method: str, path: str, deadline_s: float, body: bytes | None = None) -> int:
        """Return the status of an answer. Raises `ServerError` if there is no complete one within the bounds."""
        try:
            return send_request(self.url, method, path, deadline_s, body).status
        except ServerError as error:
            raise ServerError(f"{self.url}: {error}") from None

    def count_albums(self) -> int | None:
        """Ask how many albums the store holds; None if GET /healthz does not state it."""
        try:
            health = self._json(HEALTH)
        except ServerError:
            return None
        count = health.get("albums") if isinstance(health, dict) else None
        return count if isinstance(count, int) and count >= 0 else None

    @property
    def max_albums(self) -> None:
        """None: the bound is unknown."""

    def processes(self) -> list[tuple[str, int]]:
        """Return none: Loadstone samples only processes that it started."""
        return []

    def worker_restarts(self) -> None:
        """Return None: restarts are unknown."""

    def stop(self) -> int | None:
        """Leave the server running: others may be using it."""
        return None

    def kill(self) -> None:
        """Leave the server running, likewise."""

    def answered_requests(self) -> None:
        """Return None: the server's own count is unknown."""


def refuse_remote(config: ExternalServer | CommandServer) -> None:
    """Raise `ServerError` if the host is unknown, or is another machine and the suite does not allow that."""
    try:
        resolved = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServerError(f"{config.host}: no such host: {error}") from None
    for address in sorted({str(socket_address[0]) for *_, socket_address in resolved}):
        if not config.allow_remote and not is_loopback(address):
            name = address if address == config.host else f"{config.host}, which is {address},"
            raise ServerError(remote_refused(name))
