"""WSGI middleware that reports the application's time in a header and counts requests."""

import itertools
from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

UNCOUNTED_PATH = "/healthz"


class ServerTiming:
    """Adds `Server-Timing: app;dur=<milliseconds>` to each response, and counts all requests but health checks."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._counter = itertools.count()  # next() is atomic under the GIL

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request, timed from here to the first line of the response."""
        began = perf_counter()

        def start_timed(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            headers.append(("Server-Timing", f"app;dur={(perf_counter() - began) * 1000:.3f}"))
            return start_response(status, headers, exc_info)

        if environ["PATH_INFO"] != UNCOUNTED_PATH:
            next(self._counter)
        return self._app(environ, start_timed)

    def answered(self) -> int:
        """Return the number of requests. Call it once, at the end: the call itself adds one."""
        return next(self._counter)
