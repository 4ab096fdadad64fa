"""JMeter's log of single requests (`.jtl`) as CSV: <https://jmeter.apache.org/usermanual/listeners.html>."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from loadstone.errors import TableError
from loadstone.figures.readers import jtl
from loadstone.figures.source import Source
from loadstone.imports.log import (
    MAX_MS,
    MAX_RESPONSE_MS,
    BrokenRow,
    Entry,
    LoggedRequest,
    PassedOver,
    Unreadable,
    cell,
    name_failure,
    read_cells,
    read_number,
    read_status,
)
from loadstone.suite.load_settings import ImportedFrom

NEEDED = ("timeStamp", "elapsed", "label", "success")
"""Columns without which a log cannot be imported."""
MS = "save it as milliseconds: jmeter -Jjmeter.save.saveservice.timestamp_format=ms"


@dataclass(frozen=True, slots=True)
class JMeterLog:
    """A `.jtl` file."""

    source: Source
    kind: ClassVar[str] = "JMeter log"
    tool: ClassVar[ImportedFrom] = "JMeter"
    notes: ClassVar[tuple[str, ...]] = ("users are threads", "response times are whole milliseconds")

    @classmethod
    def recognise(cls, source: Source) -> "JMeterLog | None":
        """Take a file that is such a log. Raises `TableError` if it lacks a column that is needed, or is XML."""
        if not jtl.recognises(source):
            return None
        if source.head.lstrip().startswith("<"):
            raise TableError(
                f"{source.path}: a JMeter log as XML; save it as CSV: "
                "jmeter -Jjmeter.save.saveservice.output_format=csv"
            )
        log = cls(source)
        if missing := [name for name in NEEDED if name not in log._places()]:
            raise TableError(
                f"{source.path}: no column {', '.join(missing)}; save it with JMeter's default columns to import it"
            )
        return log

    @property
    def _separator(self) -> str:
        found = re.search(r"[,;\t]", self.source.head)
        return found[0] if found else ","

    @property
    def _has_head(self) -> bool:
        return not self.source.head[:1].isdigit()

    def _places(self) -> Mapping[str, int]:
        first = self.source.head.split("\n", 1)[0].split(self._separator)
        names = [name.strip().strip('"') for name in first] if self._has_head else jtl.FIELDS
        return {name: place for place, name in enumerate(names)}

    def entries(self) -> Iterator[Entry]:
        """Read it, row by row. Raises `TableError` if it cannot be read."""
        places, rows = self._places(), read_cells(self.source, self._separator)
        if self._has_head:
            next(rows, None)
        for line, cells in rows:
            try:
                yield _entry(cells, places)
            except BrokenRow as broken:
                yield Unreadable(line, str(broken))


def _entry(cells: list[str], places: Mapping[str, int]) -> Entry:
    message = cell(places, cells, "responseMessage") or ""
    if message.startswith("Number of samples in transaction"):
        return PassedOver("transaction controllers, whose requests count")
    stamp = cell(places, cells, "timeStamp")
    try:
        start_ms = read_number("timeStamp", stamp, MAX_MS)
    except BrokenRow as broken:
        raise BrokenRow(f"{broken}; {MS}" if stamp else str(broken)) from None
    elapsed = read_number("elapsed", cell(places, cells, "elapsed"), MAX_RESPONSE_MS)
    success = (cell(places, cells, "success") or "").strip().lower()
    if success not in ("true", "false"):
        raise BrokenRow(f"success: {success or 'nothing'} is not allowed; allowed: true, false")
    code = cell(places, cells, "responseCode") or ""
    status = read_status(code)
    threads = cell(places, cells, "allThreads") or ""
    if threads and not (threads.isascii() and threads.isdigit() and len(threads) < 7):
        raise BrokenRow(f"allThreads: {threads[:20]} is not allowed; allowed: a whole number")
    failure = cell(places, cells, "failureMessage") or ""
    return LoggedRequest(
        start_s=start_ms / 1000,
        response_ms=elapsed,
        endpoint=cell(places, cells, "label") or "",
        error=None if success == "true" else name_failure(status, failure, code, message),
        status=status if status is not None or not code else 0,
        user=cell(places, cells, "threadName") or None,
        users=int(threads) if threads else None,
    )


def injectors(log: JMeterLog) -> bool:
    """Whether threads of several machines wrote the log: JMeter counts only those of one machine."""
    places = log._places()
    if "Hostname" not in places:
        return False
    rows = read_cells(log.source, log._separator)
    if log._has_head:
        next(rows, None)
    found = {cell(places, cells, "Hostname") for _, cells in rows} - {None, ""}
    return len(found) > 1
