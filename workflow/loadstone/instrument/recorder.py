"""Record every request of a Locust process, with bounded memory and at little cost.

A request is one tuple, appended to a list. Once per second the list is written as one msgpack array, without buffering,
so a killed worker loses at most its last second. An array is a list of rows; a row holds, as far as the client reports
it in these types,

    time         s, unix: when the request was sent
    response_ms  ms, from sending to the last byte
    type         type of the request, such as GET
    name         Locust's name of the request, such as /albums
    user         number of the user, unique in the run; null if the request belongs to no user
    status       HTTP status; 0 if no complete response came, or if there is none
    bytes        length of the body
    timing       the response's Server-Timing header, or null
    error        name of the failure (see `failures`), or null
    intended     s, unix: when the request was due; null if no time was fixed beforehand

Next to it are three files:

    <file>.totals   requests, failures, ignored events, exceptions of tasks, and events without a usable time so
                    far
    <file>.users    one line per change of the number of users that run: unix seconds and the number
    <file>.recent   the newest requests of the last second as JSON, for a live view: a list of [end in unix seconds,
                    response time in ms, whether it failed]

If one cannot be written, the process ends: a row lost in silence would be missing from a result.
"""

import json
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import gevent
import msgpack  # type: ignore[import-untyped]
from gevent import getcurrent
from locust.runners import MasterRunner, WorkerRunner

from .failures import CANNOT_RECORD, end_process, name_failure
from .options import own_options
from .users import find_user

FLUSH_INTERVAL_S = 1.0
COUNT_INTERVAL_S = 0.25
MAX_ROWS_HELD = 50_000
MAX_AGE_S = 86_400.0
"""Seconds before or after now that a request can have begun, and that it can have taken."""
MAX_RECENT = 500
"""Requests that the file for the live view holds."""

Row = tuple[float, float, str, str, int | None, int, int, str | None, str | None, float | None]

ERROR = 8
"""Index of the error in a row."""


class Recorder:
    """Writes requests to `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb", buffering=0)
        self._totals = path.with_name(path.name + ".totals")
        self._recent = path.with_name(path.name + ".recent")
        self._users = path.with_name(path.name + ".users")
        self._rows: list[Row] = []
        self._requests = 0
        self._failures = 0
        self._ignored = 0
        self._exceptions = 0
        self._untimed = 0
        self._count = 0

    def listener(self, ignored: Collection[str], *, scheduled: bool) -> Callable[..., None]:
        """Make the listener for Locust's `request` event: a closure, for speed, since it runs for every request.

        `ignored` are types or names of events that are not requests; `scheduled` says that requests can have a time at
        which they are due. Only the type, the name and the response time of an event are certain to be there.
        """
        rows = self._rows
        append = rows.append
        now = time.time

        def on_request(
            request_type: str,
            name: str,
            response_time: Any = None,
            response_length: int = 0,
            response: Any = None,
            exception: Any = None,
            start_time: Any = None,
            **_: Any,
        ) -> None:
            if ignored and (request_type in ignored or name in ignored):
                self._ignored += 1
                return
            greenlet: Any = getcurrent()
            try:
                user = greenlet.args[0]
                number = user.loadstone_number
            except (AttributeError, IndexError):
                user = find_user(greenlet)
                number = getattr(user, "loadstone_number", None)
            intended = None
            if scheduled and number is not None:
                intended, user.loadstone_intended = user.loadstone_intended, None
            status, timing, error = 0, None, None
            if response is not None:
                try:
                    status = response.status_code or 0
                    headers = response.headers
                    timing = headers.get("server-timing") if headers else None
                except Exception:
                    timing = None
            if exception:
                error, complete = name_failure(exception, status if isinstance(status, int) else 0)
                if not complete:
                    status = 0
            if type(response_time) is not float or not 0.0 <= response_time < MAX_AGE_S * 1000:
                response_time = self._as_ms(response_time)
            moment = now()
            if type(start_time) is not float or not -MAX_AGE_S < moment - start_time < MAX_AGE_S:
                start_time = self._as_start(start_time, moment, moment - response_time / 1000)
            append(
                (
                    start_time,
                    response_time,
                    request_type,
                    name,
                    number,
                    status,
                    response_length,
                    timing,
                    error,
                    intended,
                )
            )
            if len(rows) >= MAX_ROWS_HELD:
                self.flush()

        return on_request

    def _as_ms(self, value: Any) -> float:
        """Convert a response time of another type; one that is missing or impossible is counted, and taken for 0."""
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = -1.0
        if 0 <= number < MAX_AGE_S * 1000:
            return number
        self._untimed += 1
        return 0.0

    def _as_start(self, value: Any, moment: float, otherwise: float) -> float:
        """Convert a start of another type; one of another clock is counted, and `otherwise` taken for it."""
        if value is None:
            return otherwise
        try:
            start = float(value)
        except (TypeError, ValueError, OverflowError):
            start = 0.0
        if -MAX_AGE_S < moment - start < MAX_AGE_S:
            return start
        self._untimed += 1
        return otherwise

    def note_exception(self, **_: Any) -> None:
        """Count an exception of a task or of a user's `on_start`: a listener of Locust's event `user_error`."""
        self._exceptions += 1

    def flush(self) -> None:
        """Write the held rows as one array, and drop them; and the totals."""
        rows = self._rows
        if not rows and not self._ignored and not self._exceptions:
            return
        self._requests += len(rows)
        self._failures += sum(row[ERROR] is not None for row in rows)
        try:
            packed = msgpack.packb(rows, default=repr)
        except (OverflowError, ValueError):  # a number of more than 64 bits, or a text that is not Unicode
            packed = msgpack.packb([[_packable(value) for value in row] for row in rows])
        recent = [_shorten(row) for row in rows[-MAX_RECENT:]]
        rows.clear()
        self._write(packed, json.dumps(recent))

    def _write(self, packed: bytes, recent: str) -> None:
        try:
            remaining = memoryview(packed)
            while remaining:
                remaining = remaining[self._file.write(remaining) :]
            numbers = (self._requests, self._failures, self._ignored, self._exceptions, self._untimed)
            self._totals.write_text(f"{' '.join(map(str, numbers))}\n", encoding="ascii")
            new = self._recent.with_name(f"{self._recent.name}.new")
            new.write_text(recent, encoding="ascii")
            new.replace(self._recent)
        except OSError as error:
            end_process(f"{self._path}: cannot be written: {error.strerror}", CANNOT_RECORD)

    def flush_forever(self) -> None:
        """Flush once per second; runs as a greenlet."""
        while True:
            gevent.sleep(FLUSH_INTERVAL_S)
            self.flush()

    def count_forever(self, runner: WorkerRunner) -> None:
        """Note each change of the number of users; runs as a greenlet."""
        while True:
            count = runner.user_count
            if count != self._count:
                self._count = count
                try:
                    with self._users.open("a", encoding="ascii") as file:
                        file.write(f"{time.time():.3f} {count}\n")
                except OSError as error:
                    end_process(f"{self._users}: cannot be written: {error.strerror}", CANNOT_RECORD)
            gevent.sleep(COUNT_INTERVAL_S)


def _packable(value: Any) -> Any:
    """Convert a value that msgpack refuses; all others stay."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else float(value) if abs(value) < 2**1000 else 0
    return value if value is None or isinstance(value, float | bytes) else repr(value)


def _shorten(row: Row) -> tuple[float, float, bool]:
    """Reduce a row to when it ended, its response time from when it was due, and whether it failed."""
    sent, service_ms, *_, intended = row
    late_ms = 0.0 if intended is None else 1000 * (sent - intended)
    return sent + service_ms / 1000, service_ms + late_ms, row[ERROR] is not None


def record(environment: Any, runner: WorkerRunner | MasterRunner, *, scheduled: bool) -> None:
    """Record every request of a process, in the file of the option `--loadstone-records`.

    The master sends requests too, where a locustfile does so when the test starts.

    The listener comes right after the one by which Locust counts requests. A listener of the users' that ends a task or
    a user keeps both from seeing a request, or neither.
    """
    options = own_options(environment)
    recorder = Recorder(Path(options.records))
    event = environment.events.request
    event.add_listener(recorder.listener(frozenset(options.ignore), scheduled=scheduled))
    handlers = event._handlers
    counting = next((k for k, handler in enumerate(handlers) if handler.__module__ == "locust.runners"), len(handlers))
    handlers.insert(counting + 1, handlers.pop())
    environment.events.user_error.add_listener(recorder.note_exception)
    for ending in (environment.events.quitting, environment.events.quit):
        ending.add_listener(lambda **_: recorder.flush())
    gevent.spawn(recorder.flush_forever)
    if isinstance(runner, WorkerRunner):
        gevent.spawn(recorder.count_forever, runner)
