"""Record every request of a Locust worker process, with bounded memory and at little cost.

A request is one tuple, appended to a list. Once per second the list is written as one line of JSON, without buffering,
so a killed worker loses at most its last second. A line is a list of rows; a row holds

    time         s, unix: when the request was sent
    response_ms  ms, from sending to the last byte
    endpoint     Locust's name of the request, such as `GET /albums`
    user         number of the user, unique in the run
    status       HTTP status; 0 if no complete response came
    bytes        length of the body
    timing       the response's Server-Timing header, or null
    error        name of the failure (see `locustfiles.failures`), or null
    intended     s, unix: when the request was due; null if no time was fixed beforehand

Next to it, `<file>.totals` always holds two numbers: requests and failures so far. If either file cannot be written,
the process ends: a row lost in silence would be missing from a result.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import orjson
from locust import events
from locust.exception import CatchResponseError
from locust.runners import WorkerRunner

from locustfiles.failures import CANNOT_RECORD, end_process, name_failure
from locustfiles.options import parsed_options

FLUSH_INTERVAL_S = 1.0
MAX_ROWS_HELD = 50_000

Row = tuple[float, float, str, int, int, int, str | None, str | None, float | None]

ERROR = 7
"""Index of the error in a row."""


class Recorder:
    """Writes requests to `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb", buffering=0)
        self._totals = path.with_name(path.name + ".totals")
        self._rows: list[Row] = []
        self._requests = 0
        self._failures = 0

    def listener(self) -> Callable[..., None]:
        """Make the listener for Locust's `request` event: a closure, for speed, since it runs for every request."""
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
            status = response.status_code or 0
            error = None
            if exception is not None:
                error = name_failure(exception)
                if not isinstance(exception, CatchResponseError):
                    status = 0
            append(
                (
                    start_time,
                    response_time,
                    name,
                    context["user"],
                    status,
                    response_length,
                    headers.get("server-timing") if headers else None,
                    error,
                    context["intended"],
                )
            )
            if len(rows) >= MAX_ROWS_HELD:
                flush()

        return on_request

    def flush(self) -> None:
        """Write the held rows as one line, and drop them."""
        if self._rows:
            self._requests += len(self._rows)
            self._failures += sum(row[ERROR] is not None for row in self._rows)
            line = orjson.dumps(self._rows, option=orjson.OPT_APPEND_NEWLINE)
            self._rows.clear()
            try:
                self._write_all(line)
                self._totals.write_text(f"{self._requests} {self._failures}\n", encoding="ascii")
            except OSError as error:
                end_process(f"{self._path}: cannot be written: {error.strerror}", CANNOT_RECORD)

    def _write_all(self, line: bytes) -> None:
        remaining = memoryview(line)
        while remaining:
            remaining = remaining[self._file.write(remaining) :]

    def flush_forever(self) -> None:
        """Flush once per second; runs as a greenlet."""
        while True:
            gevent.sleep(FLUSH_INTERVAL_S)
            self.flush()


@events.init.add_listener
def record(environment: Any, runner: Any, **_: Any) -> None:
    """Record every request, in a worker process with the option `--records`."""
    path = parsed_options(environment).records
    if not isinstance(runner, WorkerRunner) or not path:
        return
    recorder = Recorder(Path(path))
    environment.events.request.add_listener(recorder.listener())
    environment.events.quitting.add_listener(lambda **_: recorder.flush())
    gevent.spawn(recorder.flush_forever)
