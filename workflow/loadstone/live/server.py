"""Serve the live view: one page and a stream of events, read only, to browsers on this machine.

It reads the campaign's files only while a browser is connected, and then once per second for all browsers together.
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
from loadstone.live.plan_source import GrantedRuns, find_plan
from loadstone.live.results_so_far import ResultsSoFar
from loadstone.live.snapshot import REPORT, Snapshot, take_snapshot

HOST = "127.0.0.1"
INTERVAL_S = 1.0
MAX_VIEWERS = 24
MAX_CONNECTIONS = 64
MAX_IDLE_S = 20.0
"""Seconds without traffic after which a connection is closed."""

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
OF_REPORT = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Added to the policy that the report itself contains."""
NOTHING_ELSE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Frame:
    """A snapshot as JSON."""

    now: bytes
    """What changes every second."""
    lists: Mapping[str, bytes]
    """Event → a list that changes seldom: `runs`, and the `results` so far."""
    whole: bytes
    """All together."""


class Feed:
    """Takes snapshots for all browsers, at most one per second."""

    def __init__(self, take: Callable[[], Snapshot]) -> None:
        self._take = take
        self._lock = threading.Lock()
        self._taken = 0.0
        self._frame: Frame | None = None

    def latest(self) -> Frame:
        """Return the snapshot of this second, and take it if it is due."""
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
    lists = {event: orjson.dumps(fields.pop(key)) for event, key in (("runs", "items"), ("results", "results"))}
    return Frame(orjson.dumps(fields), lists, whole)


def create_app(feed: Feed, port: int, report: Path) -> Flask:
    """Make the application that listens on `port`. `report` is the path of the campaign's page."""
    app = Flask("loadstone.live", static_folder=None)
    page, policy = _page()
    viewers = threading.BoundedSemaphore(MAX_VIEWERS)
    allowed = {f"{name}:{port}" for name in (HOST, "localhost")} | ({HOST, "localhost"} if port == 80 else set())

    @app.before_request
    def refuse() -> Response | None:
        # a page elsewhere can make its own name resolve to this address (DNS rebinding): Host then holds that name
        if request.environ.get("HTTP_HOST", "").lower() not in allowed:
            abort(403, f"use http://{HOST}:{port}/")
        if request.method != "GET":
            return Response("read only\n", 405, {"Allow": "GET"}, mimetype="text/plain")
        if request.path != "/" and request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            abort(403, "only the live page itself may read this")
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

    @app.get("/report")
    def show_report() -> Response:
        try:
            content = report.read_bytes()
        except OSError:
            abort(404, "there is no report yet: the campaign writes it when all runs are measured")
        return Response(content, headers={"Content-Security-Policy": OF_REPORT}, mimetype="text/html")

    @app.get("/events")
    def events() -> Response:
        if not viewers.acquire(blocking=False):
            return Response(
                f"{MAX_VIEWERS} browsers are connected already; try again later\n",
                503,
                {"Retry-After": "10"},
                mimetype="text/plain",
            )
        response = Response(_events(feed), mimetype="text/event-stream")
        response.call_on_close(viewers.release)
        return response

    return app


def _events(feed: Feed) -> Iterator[bytes]:
    """Yield a snapshot per second as server-sent events. Lists are sent only when they have changed."""
    yield b"retry: 2000\n\n"
    sent: dict[str, bytes] = {}
    while True:
        frame = feed.latest()
        changed = {event: data for event, data in frame.lists.items() if sent.get(event) != data}
        sent |= changed
        events = {**changed, "now": frame.now}
        yield b"".join(f"event: {event}\ndata: ".encode() + data + b"\n\n" for event, data in events.items())
        feed.wait()


def _page() -> tuple[str, str]:
    """Assemble the page, and the policy that allows its own style and script and nothing else."""
    environment = Environment(loader=PackageLoader("loadstone.live"), autoescape=False, undefined=StrictUndefined)  # noqa: S701 - the templates are part of this package and hold no values
    style, script = (environment.get_template(name).render() for name in ("live.css", "live.js"))
    policy = f"{NOTHING_ELSE}; connect-src 'self'; img-src data:"
    policy += f"; style-src {_digest(style)}; script-src {_digest(script)}"
    return environment.get_template("live.html").render(style=style, script=script), policy


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class _Handler(WSGIRequestHandler):
    timeout = MAX_IDLE_S
    server_version = "loadstone"
    sys_version = ""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Log nothing: all requests are alike."""


class _Server(ThreadedWSGIServer):
    """One thread per connection, up to a bound; further connections are closed at once."""

    def __init__(self, app: Flask, listener: socket.socket) -> None:
        host, port = listener.getsockname()
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(host, port, app, _Handler, fd=listener.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread, if one is free."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, in the thread; then free it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore the error that a closed connection causes in its thread."""


def serve(suite: Path | None, settings: Mapping[str, object], results: Path, port: int) -> None:
    """Serve the view of `results` until Ctrl-C. `suite` and `settings` are as for `find_plan`.

    Raises `LoadstoneError` if the suite has a mistake or the port is taken.
    """
    shown = find_plan(suite, settings, results)
    if shown.problems:
        raise (SuiteError if shown.suite else ResultError)("\n".join(shown.problems))
    granted = GrantedRuns(results)
    so_far = ResultsSoFar(results)

    def take() -> Snapshot:
        plan = granted.add_to(find_plan(suite, settings, results))
        return take_snapshot(results, plan, time.time(), results_so_far=so_far)

    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        raise LoadstoneError(
            f"cannot listen on port {port} of {HOST}: {error.strerror}; choose a free port with --port"
        ) from None
    with listener:
        port = listener.getsockname()[1]
        report = results.resolve().parent / REPORT
        server = _Server(create_app(Feed(take), port, report), listener)
        print(f"Watching {results} at http://{HOST}:{port}/ (press Ctrl-C to stop)", flush=True)
        server.serve_forever(poll_interval=1.0)
