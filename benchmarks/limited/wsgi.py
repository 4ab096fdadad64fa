"""The same limits inside gunicorn: gunicorn "benchmarks.limited.wsgi:make_app('lock', ms=5)"."""

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.limited.amounts import Amounts
from benchmarks.limited.limits import LIMITS

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
REASONS = {200: "200 OK", 429: "429 Too Many Requests", 500: "500 Internal Server Error"}


def make_app(limit: str, **amounts: Any) -> App:
    """Make an application with a limit."""
    work = LIMITS[limit](Amounts(**amounts))
    body = b"done\n"

    def app(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(REASONS[work(0)], [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return app
