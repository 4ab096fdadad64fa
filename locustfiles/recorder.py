"""Keep every request of a Locust worker process, with bounded memory and at little cost.

A request is one tuple appended to a list. Once a second the list is written as one line of JSON, straight to the
operating system, so a worker that is killed loses its last second at most. A line is a list of rows; a row holds

    time         s, unix: when the request was sent
    response_ms  ms, from sending to the last byte
    endpoint     Locust's name of the request, such as `GET /albums`
    user         number of the user, unique in the run
    status       HTTP status; 0 where no response came
    bytes        length of the body
    timing       the response's Server-Timing header, or null
    error        kind of failure, or null
    intended     s, unix: when the request was to be sent; null where that is not set beforehand

Beside it, `<file>.totals` always holds two numbers: requests and failures so far.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import orjson
from locust import events
from locust.exception import CatchResponseError
from locust.runners import WorkerRunner

from locustfiles import options

FLUSH_INTERVAL_S = 1.0
MOST_ROWS_HELD = 50_000

Row = tuple[float, float, str, int, int, int, str | None, str | None, float | None]

ERROR = 7
"""Place of the error in a row."""


class Recorder:
    """Writes what it is told of to `path`."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._totals = path.with_name(path.name + ".totals")
        self._rows: list[Row] = []
        self._requests = 0
        self._failures = 0

    def listener(self) -> Callable[..., None]:
        """Make the listener for Locust's `request` event: a closure, since it runs for every request."""
        rows = self._rows
        append = rows.append
        flush = self.flush

        def on_request(
            name: str,
            response_time: float,
            response_length: int,
            response: Any,
            context: dict[str, Any],
            exception: BaseException | None,
            start_time: float,
            **_: Any,
        ) -> None:
            headers = response.headers
            append(
                (
                    start_time,
                    response_time,
                    name,
                    context["user"],
                    response.status_code or 0,
                    response_length,
                    headers.get("server-timing") if headers else None,
                    None if exception is None else kind_of(exception),
                    context["intended"],
                )
            )
            if len(rows) >= MOST_ROWS_HELD:
                flush()

        return on_request

    def flush(self) -> None:
        """Write the rows held so far as one line, and forget them."""
        if self._rows:
            self._requests += len(self._rows)
            self._failures += sum(row[ERROR] is not None for row in self._rows)
            line = orjson.dumps(self._rows, option=orjson.OPT_APPEND_NEWLINE)
            self._rows.clear()
            self._write_all(line)
            self._totals.write_text(f"{self._requests} {self._failures}\n", encoding="ascii")

    def _write_all(self, line: bytes) -> None:
        remaining = memoryview(line)
        while remaining:
            remaining = remaining[self._file.write(remaining) :]

    def flush_forever(self) -> None:
        """Flush every second, as a greenlet."""
        while True:
            gevent.sleep(FLUSH_INTERVAL_S)
            self.flush()


def kind_of(exception: BaseException) -> str:
    """Name a failure so that equal failures have equal names: a check's own words, else the exception's class."""
    return str(exception)[:120] if isinstance(exception, CatchResponseError) else type(exception).__name__


@events.init.add_listener
def record(environment: Any, runner: Any, **_: Any) -> None:
    """In a worker process that was given `--records`, keep every request."""
    path = options.of(environment).records
    if not isinstance(runner, WorkerRunner) or not path:
        return
    recorder = Recorder(Path(path))
    environment.events.request.add_listener(recorder.listener())
    environment.events.quitting.add_listener(lambda **_: recorder.flush())
    gevent.spawn(recorder.flush_forever)
