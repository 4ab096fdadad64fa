"""Send one request to a server under test, with a bound on bytes and time whatever the server does."""

import contextlib
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
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


def send_request(
    url: str,
    method: str,
    path: str,
    deadline_s: float,
    content: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    verify: bool = True,
) -> Answer:
    """Send a request to the server at `url` on a new connection without a proxy. Bytes are sent as they are.

    A base path in `url` comes before `path`. Without `verify`, any https certificate is accepted. Raises `ServerError`
    if no complete answer comes within `deadline_s` seconds. A socket's own timeout bounds only the wait for the next
    byte, so a timer closes the connection when the time is over.
    """
    request = f"{method} {path}"
    body = content if content is None or isinstance(content, bytes) else json.dumps(content)
    sent = {**CLOSING, **(headers or {})}
    if body is not None and not any(name.lower() == "content-type" for name in sent):
        sent["Content-Type"] = "application/json"
    connection = _connection(url, deadline_s, verify)
    late = threading.Event()
    try:
        connection.connect()
        with _closed_after(deadline_s, connection.sock, late):
            connection.request(method, urlsplit(url).path.rstrip("/") + path, body, sent)
            response = connection.getresponse()
            received = response.read(MAX_BYTES + 1)
    except (OSError, ValueError, http.client.HTTPException) as error:
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


def try_connection(url: str, deadline_s: float, *, verify: bool = True) -> str | None:
    """Connect to the server at `url`, with https up to the end of the handshake; return why that fails, or None."""
    connection = _connection(url, deadline_s, verify)
    try:
        connection.connect()
    except OSError as error:
        return _describe(error)
    finally:
        connection.close()
    return None


def _connection(url: str, deadline_s: float, verify: bool) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=deadline_s)
    context = ssl.create_default_context() if verify else ssl._create_unverified_context()  # noqa: S323 - as asked for
    return http.client.HTTPSConnection(host, parts.port, timeout=deadline_s, context=context)


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


def _describe(error: OSError | ValueError | http.client.HTTPException) -> str:
    text: str
    match error:
        case ssl.SSLError():
            text = _describe_tls(error)
        case ConnectionRefusedError():
            text = "connection refused"
        case TimeoutError():
            text = "timed out"
        case ConnectionError():  # http.client's RemoteDisconnected is one too
            text = "connection closed"
        case OSError():
            text = error.strerror or type(error).__name__
        case http.client.IncompleteRead():
            text = "the connection closed inside the body"
        case http.client.HTTPException() if not isinstance(error, http.client.InvalidURL):
            text = "not HTTP"
        case _:
            text = f"it cannot be sent as HTTP ({error})"
    return text


def _describe_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message}); verify: false accepts any certificate"
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        return "it does not speak TLS; the url may have to begin with http://"
    return f"TLS: {error.reason or error}"
