"""Serve the live view: one page and a stream of events, to browsers on this machine, for reading only.

A thin shell round `loadstone.live.snapshot`. Nothing is read while nobody watches, and once a second however many do.
"""

import hashlib
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response, abort, request
from jinja2 import Environment, PackageLoader, StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from loadstone.errors import LoadstoneError, ResultError, SuiteError
from loadstone.live.plans import known_plan
from loadstone.live.snapshot import Snapshot, take_snapshot

HOST = "127.0.0.1"
INTERVAL_S = 1.0
MAX_VIEWERS = 24
MAX_CONNECTIONS = 64
PATIENCE_S = 20.0
"""Seconds that a connection may stand still."""

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
NOTHING_ELSE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Frame:
    """A snapshot as it is sent: what changes every second, and the list of runs, which seldom does."""

    now: bytes
    runs: bytes
    whole: bytes


class Feed:
    """Takes snapshots, one a second at most, for all who ask."""

    def __init__(self, take: Callable[[], Snapshot]) -> None:
        self._take = take
        self._lock = threading.Lock()
        self._taken = 0.0
        self._frame: Frame | None = None

    def latest(self) -> Frame:
        """Return the snapshot of this second."""
        with self._lock:
            if self._frame is None or time.monotonic() - self._taken >= INTERVAL_S - 0.05:
                self._taken = time.monotonic()
                self._frame = _frame(self._take())
            return self._frame

    def wait(self) -> None:
        """Wait for the next second."""
        time.sleep(max(0.05, self._taken + INTERVAL_S - time.monotonic()))


def _frame(snapshot: Snapshot) -> Frame:
    whole = orjson.dumps(snapshot)
    fields: dict[str, Any] = orjson.loads(whole)
    runs = orjson.dumps(fields.pop("items"))
    return Frame(orjson.dumps(fields), runs, whole)


def create_app(feed: Feed, port: int) -> Flask:
    """Make the application that answers on `port`."""
    app = Flask("loadstone.live", static_folder=None)
    page, policy = _page()
    viewers = threading.BoundedSemaphore(MAX_VIEWERS)
    allowed = {f"{name}:{port}" for name in (HOST, "localhost")} | ({HOST, "localhost"} if port == 80 else set())

    @app.before_request
    def refuse() -> Response | None:
        # a page elsewhere can make its own name point here (DNS rebinding): then it is in Host
        if request.environ.get("HTTP_HOST", "").lower() not in allowed:
            abort(403, f"ask for http://{HOST}:{port}/")
        if request.method != "GET":
            return Response("read only\n", 405, {"Allow": "GET"}, mimetype="text/plain")
        if request.path != "/" and request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            abort(403, "for this page only")
        return None

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(HEADERS)
        response.headers.setdefault("Content-Security-Policy", NOTHING_ELSE)
        return response

    @app.errorhandler(HTTPException)
    def explain(error: HTTPException) -> Response:
        return Response(f"{error.description}\n", error.code, mimetype="text/plain")

    @app.get("/")
    def index() -> Response:
        return Response(page, headers={"Content-Security-Policy": policy}, mimetype="text/html")

    @app.get("/snapshot.json")
    def snapshot() -> Response:
        return Response(feed.latest().whole, mimetype="application/json")

    @app.get("/events")
    def events() -> Response:
        if not viewers.acquire(blocking=False):
            return Response(f"{MAX_VIEWERS} are watching already\n", 503, {"Retry-After": "10"}, mimetype="text/plain")
        response = Response(_events(feed), mimetype="text/event-stream")
        response.call_on_close(viewers.release)
        return response

    return app


def _events(feed: Feed) -> Iterator[bytes]:
    """Write a snapshot each second as server-sent events; the runs only where they have changed."""
    yield b"retry: 2000\n\n"
    sent = b""
    while True:
        frame = feed.latest()
        runs = b"event: runs\ndata: " + frame.runs + b"\n\n" if frame.runs != sent else b""
        sent = frame.runs
        yield runs + b"event: now\ndata: " + frame.now + b"\n\n"
        feed.wait()


def _page() -> tuple[str, str]:
    """Put the page together, and the policy that allows its own style and script and nothing else."""
    environment = Environment(loader=PackageLoader("loadstone.live"), autoescape=False, undefined=StrictUndefined)  # noqa: S701 - these are our own files, and no values
    style, script = (environment.get_template(name).render() for name in ("live.css", "live.js"))
    policy = f"{NOTHING_ELSE}; connect-src 'self'; img-src data:"
    policy += f"; style-src {_digest(style)}; script-src {_digest(script)}"
    return environment.get_template("live.html").render(style=style, script=script), policy


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE_S
    server_version = "loadstone"
    sys_version = ""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing: what is asked for is always the same."""


class _Server(ThreadedWSGIServer):
    """A thread for each connection, up to a bound; more are closed at once."""

    def __init__(self, app: Flask, taken: socket.socket) -> None:
        host, port = taken.getsockname()
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(host, port, app, _Handler, fd=taken.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, in the thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over what a connection's end does to its thread."""


def serve(suite: Path | None, settings: Mapping[str, object], results: Path, port: int) -> None:
    """Serve the view of `results` until Ctrl-C; `suite` and `settings` are as for `known_plan`.

    Raises `LoadstoneError` where the suite is wrong or the port taken.
    """
    known = known_plan(suite, settings, results)
    if known.problems:
        raise (SuiteError if known.suite else ResultError)("\n".join(known.problems))
    feed = Feed(lambda: take_snapshot(results, known_plan(suite, settings, results), time.time()))
    try:
        taken = socket.create_server((HOST, port))
    except OSError as error:
        raise LoadstoneError(
            f"port {port} on {HOST} can't be had: {error.strerror}; allowed: --port N, a free one"
        ) from None
    with taken:
        port = taken.getsockname()[1]
        server = _Server(create_app(feed, port), taken)
        print(f"Watching {results} at http://{HOST}:{port}/ (Ctrl-C ends it)", flush=True)
        server.serve_forever(poll_interval=1.0)
