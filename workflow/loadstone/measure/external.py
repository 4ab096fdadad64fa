"""A system under test of which only the answers are known: find it, ask it a few things, and leave it as it is."""

import socket
import time

import orjson
import requests

from loadstone.conditions import Mix
from loadstone.errors import ServerError
from loadstone.external import CommandServer, ExternalServer, is_loopback, remote_refused
from loadstone.measure.processes import StopRequest, wait_until

READY_DEADLINE_S = 2.0
"""It is to be there already."""
ANSWER_DEADLINE_S = 10.0
MOST_BYTES = 2**26
"""Of an answer to us: a list of a hundred thousand albums has less."""
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
        self._session = requests.Session()
        self._session.trust_env = False  # neither a proxy nor a password from somewhere
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
            return self._ask("GET", HEALTH)[0] < 500
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
            status, _ = self._ask("POST", "/albums", NO_JSON)
            if not 400 <= status < 500 or status in (401, 403, 404, 405):
                raise ServerError(f"{self.url}: POST /albums: status {status} where no JSON was to be refused")

    def _json(self, path: str) -> object:
        status, content = self._ask("GET", path)
        if status != 200:
            raise ServerError(f"{self.url}: GET {path}: status {status} where 200 was expected")
        try:
            return orjson.loads(content)
        except ValueError:
            raise ServerError(f"{self.url}: GET {path}: not JSON") from None

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Return status and body. Raises `ServerError` where there is no whole answer of a bearable size in time."""
        deadline = time.monotonic() + ANSWER_DEADLINE_S
        content = bytearray()
        headers = {"Content-Type": "application/json", "Connection": "close"}
        try:
            with self._session.request(
                method, self.url + path, data=body, headers=headers, timeout=1, stream=True, allow_redirects=False
            ) as answer:
                for chunk in answer.iter_content(2**16):
                    content += chunk
                    if len(content) > MOST_BYTES:
                        raise ServerError(f"{self.url}: {method} {path}: more than {MOST_BYTES:,} bytes")
                    if time.monotonic() > deadline:
                        raise ServerError(f"{self.url}: {method} {path}: no end within {ANSWER_DEADLINE_S:g} s")
        except requests.RequestException as error:
            raise ServerError(f"{self.url}: {method} {path}: no usable answer: {type(error).__name__}") from None
        return answer.status_code, bytes(content)

    def albums(self) -> int | None:
        """Ask how many albums it holds; None where GET /healthz doesn't say."""
        try:
            status, content = self._ask("GET", HEALTH)
            count = orjson.loads(content)["albums"] if status == 200 else None
        except (ServerError, ValueError, KeyError, TypeError):
            return None
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
        self._session.close()
        return None

    def kill(self) -> None:
        """Likewise."""
        self._session.close()

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
