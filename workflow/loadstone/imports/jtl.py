"""JMeter's log of single requests (`.jtl`) as CSV: <https://jmeter.apache.org/usermanual/listeners.html>."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from loadstone.errors import TableError
from loadstone.figures import jtl
from loadstone.figures.cells import cell
from loadstone.figures.source import Source
from loadstone.imports.log import (
    MAX_MS,
    MAX_RESPONSE_MS,
    BrokenRow,
    Entry,
    LoggedRequest,
    PassedOver,
    Unreadable,
    name_failure,
    read_number,
    read_status,
)
from loadstone.suite.load_settings import ImportedFrom

NEEDED = ("timeStamp", "elapsed", "label", "success")
"""Columns without which a log cannot be imported."""


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
        places = jtl.read_columns(source)
        if missing := [name for name in NEEDED if name not in places]:
            raise TableError(
                f"{source.path}: no column {', '.join(missing)}; save it with JMeter's default columns to import it"
            )
        return cls(source)

    def entries(self) -> Iterator[Entry]:
        """Read it, row by row. Raises `TableError` if it cannot be read."""
        places = jtl.read_columns(self.source)
        for line, cells in jtl.read_rows(self.source):
            try:
                yield _entry(cells, places)
            except BrokenRow as broken:
                yield Unreadable(line, str(broken))


def _entry(cells: list[str], places: Mapping[str, int]) -> Entry:
    if jtl.is_sum(places, cells):
        return PassedOver("transaction controllers, whose requests count")
    stamp = cell(places, cells, "timeStamp")
    try:
        start_ms = read_number("timeStamp", stamp, MAX_MS)
    except BrokenRow as broken:
        raise BrokenRow(f"{broken}; {jtl.MILLISECONDS}" if stamp else str(broken)) from None
    elapsed = read_number("elapsed", cell(places, cells, "elapsed"), MAX_RESPONSE_MS)
    success = (cell(places, cells, "success") or "").strip().lower()
    if success not in ("true", "false"):
        raise BrokenRow(f"success: {success or 'nothing'} is not allowed; allowed: true, false")
    code = cell(places, cells, "responseCode") or ""
    status = read_status(code)
    threads, users = cell(places, cells, "allThreads") or "", jtl.read_threads(places, cells)
    if threads and users is None:
        raise BrokenRow(f"allThreads: {threads[:20]} is not allowed; allowed: a whole number")
    failure, message = (cell(places, cells, name) or "" for name in ("failureMessage", "responseMessage"))
    return LoggedRequest(
        start_s=start_ms / 1000,
        response_ms=elapsed,
        endpoint=cell(places, cells, "label") or "",
        error=None if success == "true" else name_failure(status, failure, code, message),
        status=status if status is not None or not code else 0,
        user=cell(places, cells, "threadName") or None,
        users=users,
    )


def injectors(log: JMeterLog) -> bool:
    """Whether threads of several machines wrote the log: JMeter counts only those of one machine."""
    places = jtl.read_columns(log.source)
    if "Hostname" not in places:
        return False
    found = {cell(places, cells, "Hostname") for _, cells in jtl.read_rows(log.source)} - {None, ""}
    return len(found) > 1
