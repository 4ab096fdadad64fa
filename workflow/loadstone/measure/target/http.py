"""Send one request to a server under test, with a bound on bytes and time whatever the server does."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from loadstone.errors import ServerError

CLOSING = {"Connection": "close"}  # gunicorn's workers wait for idle connections when they stop
MAX_BYTES = 16 * 2**20
"""Bytes of an answer that are read: the same bound as for the load's clients."""
SHOWN_BYTES = 40
"""Bytes that a message quotes of an answer that is not JSON."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    request: str
    """Method and path."""
    status: int
    body: bytes

    def json(self, expected: int = 200) -> Any:
        """Parse the body of an answer with the expected status. Raises `ServerError`."""
        if self.status != expected:
            raise ServerError(f"{self.request}: status {self.status}, expected {expected}")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            beginning = self.body[:SHOWN_BYTES].decode("utf-8", "replace")
            raise ServerError(f"{self.request}: the answer is not JSON; it begins with {beginning!r}") from None


def send_request(url: str, method: str, path: str, deadline_s: float, content: object = None) -> Answer:
    """Send a request to the server at `url` on a new connection without a proxy. Bytes are sent as they are.

    Raises `ServerError` if no complete answer comes within `deadline_s` seconds. A socket's own timeout bounds only the
    wait for the next byte, so a timer closes the connection when the time is over.
    """
    request = f"{method} {path}"
    body = content if content is None or isinstance(content, bytes) else json.dumps(content)
    headers = CLOSING if body is None else {**CLOSING, "Content-Type": "application/json"}
    parts = urlsplit(url)
    connection_class = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connection_class(parts.hostname or "", parts.port, timeout=deadline_s)
    late = threading.Event()
    try:
        connection.connect()
        with _closed_after(deadline_s, connection.sock, late):
            connection.request(method, parts.path.rstrip("/") + path, body, headers)
            response = connection.getresponse()
            received = response.read(MAX_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        reason = f" within {deadline_s:g} s" if late.is_set() else f": {_describe(error)}"
        raise ServerError(f"{request}: no usable answer{reason}") from None
    finally:
        connection.close()
    if len(received) > MAX_BYTES:
        raise ServerError(f"{request}: the answer is larger than {MAX_BYTES // 2**20} MB")
    if late.is_set():  # http.client takes a connection that closes among the headers for the end of the headers
        raise ServerError(f"{request}: no complete answer within {deadline_s:g} s")
    if response.length:
        raise ServerError(f"{request}: no usable answer: the connection closed inside the body")
    return Answer(request, response.status, received)


@contextlib.contextmanager
def _closed_after(deadline_s: float, connection: socket.socket, late: threading.Event) -> Iterator[None]:
    """Set `late` and close `connection` if the block takes longer than `deadline_s` seconds."""

    def close() -> None:
        late.set()
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(deadline_s, close)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _describe(error: OSError | http.client.HTTPException) -> str:
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case TimeoutError():
            return "timed out"
        case ConnectionError():  # http.client's RemoteDisconnected is one too
            return "connection closed"
        case http.client.IncompleteRead():
            return "the connection closed inside the body"
        case http.client.HTTPException():
            return "not HTTP"
    return error.strerror or type(error).__name__
