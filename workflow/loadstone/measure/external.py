"""A system under test of which only the answers are known: find it, ask it a few things, and leave it as it is."""

import socket
import time

from loadstone.errors import ServerError
from loadstone.measure.asking import ask
from loadstone.measure.processes import StopRequest, wait_until
from loadstone.suite.foreign_servers import CommandServer, ExternalServer, is_loopback, remote_refused
from loadstone.suite.settings import Mix

READY_DEADLINE_S = 2.0
"""It is to be there already."""
HEALTH_DEADLINE_S = 1.0
ANSWER_DEADLINE_S = 10.0
HEALTH = "/healthz"
NO_JSON = b"{"
"""A body that every server has to refuse, so that it leaves no album behind."""


class ExternalUnderTest:
    """A server at a URL, of which only its answers are known."""

    def __init__(self, config: ExternalServer | CommandServer, stop: StopRequest) -> None:
        self.config = config
        self.url = config.url
        self.started = time.time()
        self._stop = stop
        refuse_remote(config)

    @property
    def command(self) -> list[str] | None:
        """There is none that we know of."""
        return None

    def wait_ready(self) -> float:
        """Wait until it answers anything to GET /healthz; return that moment. Raises `ServerError`."""
        if not wait_until(self._answers, READY_DEADLINE_S, self._stop):
            raise ServerError(f"nobody answers at {self.url}")
        return time.time()

    def _answers(self) -> bool:
        try:
            return self._status("GET", HEALTH, HEALTH_DEADLINE_S) < 500
        except ServerError:
            return False

    def check_alive(self) -> None:
        """Whether it lives shows in its answers alone."""

    def preflight(self, mix: Mix) -> None:
        """Ask each endpoint of the mix, and leave no trace. Raises `ServerError` where an answer is not the API's."""
        if mix.list_albums and not isinstance(self._json("/albums"), list):
            raise ServerError(f"{self.url}: GET /albums: not a list of albums")
        for number in sorted({1, self.config.albums} if mix.get_album else ()):
            album = self._json(f"/albums/{number}")
            if not isinstance(album, dict) or album.get("id") != str(number):
                raise ServerError(f"{self.url}: GET /albums/{number}: not album {number}")
        if mix.create_album:
            status = self._status("POST", "/albums", ANSWER_DEADLINE_S, NO_JSON)
            if not 400 <= status < 500 or status in (401, 403, 404, 405):
                raise ServerError(f"{self.url}: POST /albums: status {status} where no JSON was to be refused")

    def _json(self, path: str) -> object:
        try:
            content: object = ask(self.url, "GET", path, ANSWER_DEADLINE_S).json()
        except ServerError as error:
            raise ServerError(f"{self.url}: {error}") from None
        return content

    def _status(self, method: str, path: str, deadline_s: float, body: bytes | None = None) -> int:
        """Return the status of an answer. Raises `ServerError` where there is no whole one, not too large, in time."""
        try:
            return ask(self.url, method, path, deadline_s, body).status
        except ServerError as error:
            raise ServerError(f"{self.url}: {error}") from None

    def albums(self) -> int | None:
        """Ask how many albums it holds; None where GET /healthz doesn't say."""
        try:
            said = self._json(HEALTH)
        except ServerError:
            return None
        count = said.get("albums") if isinstance(said, dict) else None
        return count if isinstance(count, int) and count >= 0 else None

    @property
    def most_albums(self) -> None:
        """Nobody knows."""

    def roles(self) -> list[tuple[str, int]]:
        """Its processes are somebody else's."""
        return []

    def restarts(self) -> None:
        """Nobody knows."""

    def stop(self) -> int | None:
        """Let it run: others may be using it."""
        return None

    def kill(self) -> None:
        """Likewise."""

    def answered(self) -> None:
        """Nobody knows."""


def refuse_remote(config: ExternalServer | CommandServer) -> None:
    """Raise `ServerError` where the host's name doesn't resolve, or to another machine than this without leave."""
    try:
        found = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServerError(f"{config.host}: no such host: {error}") from None
    for address in sorted({str(where[0]) for *_, where in found}):
        if not config.allow_remote and not is_loopback(address):
            name = address if address == config.host else f"{config.host}, which is {address},"
            raise ServerError(remote_refused(name))
