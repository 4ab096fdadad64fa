"""Ask a server one thing, bounded in bytes and in time, whatever it does: a server under test may do anything."""

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
"""Bytes of an answer that are read, as many as the load's clients read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    asked: str
    """Method and path."""
    status: int
    body: bytes

    def json(self, expected: int = 200) -> Any:
        """Read the body of an answer with the expected status. Raises `ServerError`."""
        if self.status != expected:
            raise ServerError(f"{self.asked}: status {self.status} where {expected} was expected")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            beginning = self.body[:40].decode("utf-8", "replace")
            raise ServerError(f"{self.asked}: not JSON: it begins with {beginning!r}") from None


def ask(url: str, method: str, path: str, deadline_s: float, content: object = None) -> Answer:
    """Ask the server at `url`, on a connection of its own and without a proxy; bytes are sent as they are.

    Raises `ServerError` where no whole answer comes in time. A socket's timeout bounds the wait for the next byte; so
    the connection is ended from outside when time is over.
    """
    asked = f"{method} {path}"
    body = content if content is None or isinstance(content, bytes) else json.dumps(content)
    headers = CLOSING if body is None else {**CLOSING, "Content-Type": "application/json"}
    place = urlsplit(url)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=deadline_s)
    late = threading.Event()
    try:
        connection.connect()
        with _ended_after(deadline_s, connection.sock, late):
            connection.request(method, place.path.rstrip("/") + path, body, headers)
            response = connection.getresponse()
            read = response.read(MAX_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        reason = f" within {deadline_s:g} s" if late.is_set() else f": {_in_words(error)}"
        raise ServerError(f"{asked}: no usable answer{reason}") from None
    finally:
        connection.close()
    if len(read) > MAX_BYTES:
        raise ServerError(f"{asked}: an answer larger than {MAX_BYTES // 2**20} MB")
    if late.is_set():  # http.client takes an end among the headers for the end of the headers
        raise ServerError(f"{asked}: no whole answer within {deadline_s:g} s")
    if response.length:
        raise ServerError(f"{asked}: no usable answer: the connection ended inside the body")
    return Answer(asked, response.status, read)


@contextlib.contextmanager
def _ended_after(deadline_s: float, connection: socket.socket, late: threading.Event) -> Iterator[None]:
    """End `connection` when time is over, and set `late` before."""

    def end() -> None:
        late.set()
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(deadline_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _in_words(error: OSError | http.client.HTTPException) -> str:
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case TimeoutError():
            return "timed out"
        case ConnectionError():  # one that http.client calls RemoteDisconnected, too
            return "connection closed"
        case http.client.IncompleteRead():
            return "the connection ended inside the body"
        case http.client.HTTPException():
            return "not HTTP"
    return error.strerror or type(error).__name__
