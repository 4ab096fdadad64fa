"""Replaces `server/__init__.py` in a copy of the project: the album API, misbehaving in one way after the other.

A request is answered correctly or in one of the ways listed for its endpoint. Health checks misbehave at first, other
requests after the preflight. The server counts the requests that reached the application.
"""

import gzip
import itertools
import os
import socket
import threading
import time
from typing import Any

import brotli

from server.app import create_app as create_sound_app
from server.constant import create_constant

PREFLIGHT = 4
"""Requests that the preflight makes."""
SLOW_START_S = float(os.environ.get("SLOW_START", "0.5"))
CHUNK = b"[" + b" " * (2**20 - 1)
GIGABYTE = [CHUNK] * 1024
HTML = b"<!doctype html><title>Sorry</title>"
BOMB = gzip.compress(b" " * 2**26)

Respond = Any


def html(_: dict[str, Any], respond: Respond) -> Any:
    respond("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(HTML)))])
    return [HTML]


def other_json(_: dict[str, Any], respond: Respond) -> Any:
    respond("200 OK", [("Content-Type", "application/json"), ("Content-Length", "11")])
    return [b'{"id":"?!"}']


def close(environ: dict[str, Any], respond: Respond) -> Any:
    environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
    respond("200 OK", [("Content-Length", "0")])
    return [b""]


def half_a_body(environ: dict[str, Any], respond: Respond) -> Any:
    respond("200 OK", [("Content-Type", "application/json"), ("Content-Length", "1000")])
    yield b"[" + b" " * 499
    environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)


def half_a_chunked_body(environ: dict[str, Any], respond: Respond) -> Any:
    respond("200 OK", [("Content-Type", "application/json")])
    yield b"[" + b" " * 9999
    environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)


def gigabyte(_: dict[str, Any], respond: Respond) -> Any:
    respond("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(2**30))])
    yield from GIGABYTE


def gigabyte_in_chunks(_: dict[str, Any], respond: Respond) -> Any:
    respond("200 OK", [("Content-Type", "application/json")])
    yield from GIGABYTE


def bomb(_: dict[str, Any], respond: Respond) -> Any:
    respond("200 OK", [("Content-Encoding", "gzip"), ("Content-Length", str(len(BOMB)))])
    return [BOMB]


def compressed(environ: dict[str, Any], respond: Respond) -> Any:
    """Answer correctly, but compressed: this is no misbehaviour."""
    album = b'{"id":"%s"}' % environ["PATH_INFO"].rpartition("/")[2].encode()
    body = brotli.compress(album)
    respond("200 OK", [("Content-Encoding", "br"), ("Content-Length", str(len(body)))])
    return [body]


def not_compressed(_: dict[str, Any], respond: Respond) -> Any:
    respond("200 OK", [("Content-Encoding", "gzip"), ("Content-Length", "2")])
    return [b"[]"]


def not_http(environ: dict[str, Any], respond: Respond) -> Any:
    environ["gunicorn.socket"].sendall(b"220 mail.example ESMTP\r\n")
    return close(environ, respond)


def elsewhere(_: dict[str, Any], respond: Respond) -> Any:
    respond("302 Found", [("Location", "http://192.0.2.1/albums"), ("Content-Length", "0")])
    return [b""]


def broken(_: dict[str, Any], respond: Respond) -> Any:
    respond("500 Internal Server Error", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"\xff\xfe\x00"]


def deep(_: dict[str, Any], respond: Respond) -> Any:
    respond("201 Created", [("Content-Type", "application/json"), ("Content-Length", "100000")])
    return [b"[" * 100_000]


def dribble(environ: dict[str, Any], respond: Respond) -> Any:
    respond("200 OK", [("Content-Length", "1000")])
    for _ in range(1000):
        yield b" "
        time.sleep(0.05)


WAYS = {
    "GET /albums": [None, html, half_a_body, half_a_chunked_body, not_compressed, gigabyte],
    "GET /albums/": [compressed, other_json, close, bomb, elsewhere, gigabyte_in_chunks],
    "POST /albums": [None, broken, deep, not_http],
}
HEALTH = [close, html, broken, other_json]


class Misbehaving:
    """WSGI middleware."""

    def __init__(self, app: Any, everywhere: str | None) -> None:
        self._app = app
        self._everywhere = everywhere
        self._lock = threading.Lock()
        self._preflight = PREFLIGHT
        self._health = list(HEALTH)
        self._turns = {name: itertools.cycle(ways) for name, ways in WAYS.items()}

    def __call__(self, environ: dict[str, Any], respond: Respond) -> Any:
        with self._lock:
            way = self._way(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if way is None:
            return self._app(environ, respond)
        if environ["REQUEST_METHOD"] == "POST":
            environ["wsgi.input"].read()  # an unread body would be taken for the next request
        return way(environ, respond)

    def _way(self, method: str, path: str) -> Any:
        if path == "/healthz":
            always = os.environ.get("UNHEALTHY")
            return globals()[always] if always else self._health.pop(0) if self._health else None
        if self._everywhere:
            return globals()[self._everywhere]
        if self._preflight:
            self._preflight -= 1
            return None
        return next(self._turns[f"{method} {path.rstrip('0123456789')}"])


def create_app(**arguments: Any) -> Any:
    """Make the application, slowly."""
    time.sleep(SLOW_START_S)
    app = create_sound_app(**arguments)
    timing = app.extensions["timing"]
    timing._app = Misbehaving(timing._app, os.environ.get("MISBEHAVIOUR"))
    return app


__all__ = ["create_app", "create_constant"]
