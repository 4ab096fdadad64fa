"""The rows of JMeter's log of single requests (`.jtl`) as CSV: <https://jmeter.apache.org/usermanual/listeners.html>."""

import re
from collections.abc import Iterator, Mapping

from loadstone.errors import TableError
from loadstone.figures.cells import cell, read_cells
from loadstone.figures.source import Source

MILLISECONDS = "save it as milliseconds: jmeter -Jjmeter.save.saveservice.timestamp_format=ms"
"""What to do about a log whose times are dates."""

_FIELDS = (
    *("timeStamp", "elapsed", "label", "responseCode", "responseMessage", "threadName", "dataType", "success"),
    *("failureMessage", "bytes", "sentBytes", "grpThreads", "allThreads", "URL", "Latency", "IdleTime", "Connect"),
)
"""Columns of a log without a head: JMeter's default."""
_HEAD = re.compile(r"(?:\w+[,;\t])*\"?timeStamp\"?[,;\t](?:\w+[,;\t])*\"?elapsed\"?\b")
_BARE = re.compile(r"1[0-9]{12}[,;\t][0-9]+[,;\t]")


def recognises(source: Source) -> bool:
    """Whether the file is a log of single requests of JMeter."""
    return bool(_HEAD.match(source.head) or _BARE.match(source.head) or _is_xml(source))


def read_columns(source: Source) -> Mapping[str, int]:
    """Return column → its place. Raises `TableError` for a log as XML, or one that cannot be read."""
    if _is_xml(source):
        raise TableError(
            f"{source.path}: a JMeter log as XML; save it as CSV: jmeter -Jjmeter.save.saveservice.output_format=csv"
        )
    names = _FIELDS if _BARE.match(source.head) else next((cells for _, cells in _read(source)), [])
    return {name.strip(): place for place, name in enumerate(names)}


def read_rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Read the rows below the head, each with its line. Raises `TableError` if the log cannot be read."""
    rows = _read(source)
    if not _BARE.match(source.head):
        next(rows, None)
    return rows


def is_sum(places: Mapping[str, int], cells: list[str]) -> bool:
    """Whether a row is that of a transaction controller, which only sums up requests."""
    return (cell(places, cells, "responseMessage") or "").startswith("Number of samples in transaction")


def read_threads(places: Mapping[str, int], cells: list[str]) -> int | None:
    """Return the threads that ran when the request ended; None if the row has no such number."""
    text = cell(places, cells, "allThreads") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def _read(source: Source) -> Iterator[tuple[int, list[str]]]:
    found = re.search(r"[,;\t]", source.head)
    return read_cells(source, found[0] if found else ",")


def _is_xml(source: Source) -> bool:
    return source.head.lstrip().startswith("<") and "<testResults" in source.head
