"""A CSV file with a row per request, as a listener of Locust's `request` event writes it.

Locust itself writes no such file. The columns are known by their names: when a request ended, or began, in unix seconds
or milliseconds; its name; its response time in milliseconds; whether it succeeded, or which exception it had.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from loadstone.errors import TableError
from loadstone.figures.cells import cell, read_cells
from loadstone.figures.source import Source
from loadstone.imports.log import (
    MAX_MS,
    MAX_RESPONSE_MS,
    BrokenRow,
    Entry,
    LoggedRequest,
    Unreadable,
    name_failure,
    read_number,
    read_status,
)
from loadstone.suite.load_settings import ImportedFrom
from loadstone.text import short

NAMES = {
    "start": ("start_time", "start", "started"),
    "end": ("timestamp", "time", "end_time"),
    "name": ("name", "endpoint", "url", "path"),
    "response": ("response_time", "response_time_ms", "response_ms", "elapsed_ms"),
    "success": ("success", "ok", "succeeded"),
    "error": ("exception", "error", "failure"),
    "method": ("method", "type", "request_type"),
    "user": ("user", "user_id"),
    "status": ("status", "status_code", "response_code"),
}
"""Meaning → the names of its column, in lower case."""
MIN_MS = 1e11
"""From here on, a time is in milliseconds: as seconds, it would be in the year 5138."""
YES, NO = ("true", "1", "yes", "success", "ok"), ("false", "0", "no", "failure", "failed")
NO_ERROR = ("", "none", "null")


@dataclass(frozen=True, slots=True)
class RequestLog:
    """Such a file."""

    source: Source
    places: Mapping[str, int]
    """Meaning → number of its column."""
    separator: str
    kind: ClassVar[str] = "request log"
    tool: ClassVar[ImportedFrom] = "request log"

    @property
    def notes(self) -> tuple[str, ...]:
        """How it is read, a sentence each."""
        moment = "began" if "start" in self.places else "ended"
        return (f"the time of a row is when its request {moment}", "response times are read as milliseconds")

    @classmethod
    def recognise(cls, source: Source) -> "RequestLog | None":
        """Take a file whose head names a time, a name and a response time. Raises `TableError` without a success."""
        head = source.head.split("\n", 1)[0]
        separator = max(",;\t", key=head.count)
        names = [name.strip().strip('"').lower().replace(" ", "_") for name in head.split(separator)]
        places = {
            meaning: names.index(known[0])
            for meaning, columns in NAMES.items()
            if (known := [column for column in columns if column in names])
        }
        if not {"name", "response"} <= places.keys() or not {"start", "end"} & places.keys():
            return None
        if not {"success", "error"} & places.keys():
            raise TableError(
                f"{source.path}: no column states whether a request succeeded; allowed: success or exception"
            )
        return cls(source, places, separator)

    def entries(self) -> Iterator[Entry]:
        """Read it, row by row. Raises `TableError` if it cannot be read."""
        rows = read_cells(self.source, self.separator)
        next(rows, None)
        for line, cells in rows:
            try:
                yield self._entry(cells)
            except BrokenRow as broken:
                yield Unreadable(line, str(broken))

    def _entry(self, cells: list[str]) -> LoggedRequest:
        moment = "start" if "start" in self.places else "end"
        time = read_number("time", cell(self.places, cells, moment), MAX_MS)
        time_s = time / 1000 if time >= MIN_MS else time
        response_ms = read_number("response time", cell(self.places, cells, "response"), MAX_RESPONSE_MS)
        start_s = time_s if moment == "start" else time_s - response_ms / 1000
        if start_s < 0:
            raise BrokenRow("time: before 1970; allowed: unix seconds or milliseconds")
        method, name = (cell(self.places, cells, each) or "" for each in ("method", "name"))
        status = read_status(cell(self.places, cells, "status") or "")
        return LoggedRequest(
            start_s=start_s,
            response_ms=response_ms,
            endpoint=f"{method} {name}".strip(),
            error=self._error(cells, status),
            status=status,
            user=cell(self.places, cells, "user") or None,
        )

    def _error(self, cells: list[str], status: int | None) -> str | None:
        text = (cell(self.places, cells, "error") or "").strip()
        stated = cell(self.places, cells, "success")
        if "success" in self.places:
            word = (stated or "").strip().lower()
            if word not in (*YES, *NO):
                raise BrokenRow(f"success: {short(word)} is not allowed; allowed: true, false")
            return None if word in YES else name_failure(status, text)
        if len(cells) <= self.places["error"]:
            raise BrokenRow("exception: the row ends before it")
        return None if text.lower() in NO_ERROR else name_failure(status, text)
