"""Gatling's `simulation.log` as text: <https://docs.gatling.io>. Gatling 3.11 and later write a binary file.

A line is separated by tabs, and its first word is its kind. Up to Gatling 3.3, USER and REQUEST have the user's number;
since 3.4 they have none, so that it is not known which request is whose.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from loadstone.errors import TableError
from loadstone.figures.source import Source, explain
from loadstone.imports.log import (
    MAX_MS,
    MAX_RESPONSE_MS,
    BrokenRow,
    Entry,
    LoggedRequest,
    PassedOver,
    Unreadable,
    UserChange,
    name_failure,
    read_number,
)
from loadstone.suite.load_settings import ImportedFrom
from loadstone.text import short

KINDS = ("RUN", "ASSERTION", "GROUP", "ERROR")
"""Lines that are neither users nor requests."""
RESULTS = ("OK", "KO")
MAX_LINE = 2**20
"""Characters of a line."""


def refuse_binary(path: Path) -> None:
    """Raise `TableError` if the file is the binary log that Gatling 3.11 and later write."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        return  # who reads it next explains that
    if head[:1] == b"\0" and path.suffix == ".log":
        raise TableError(
            f"{path}: a binary log, as Gatling 3.11 and later write it; Gatling 3.10 writes text that can be imported, "
            "and loadstone audit reads js/stats.json of any report"
        )


@dataclass(frozen=True, slots=True)
class GatlingLog:
    """A `simulation.log`."""

    source: Source
    kind: ClassVar[str] = "Gatling log"
    tool: ClassVar[ImportedFrom] = "Gatling"
    notes: ClassVar[tuple[str, ...]] = ("users are virtual users that have started and not ended",)

    @classmethod
    def recognise(cls, source: Source) -> "GatlingLog | None":
        """Take a file that is such a log."""
        kinds = {line.split("\t", 1)[0] for line in source.head.split("\n", 50)[:50] if "\t" in line}
        return cls(source) if "RUN" in kinds and kinds <= {*KINDS, "USER", "REQUEST"} else None

    def entries(self) -> Iterator[Entry]:
        """Read it, line by line. Raises `TableError` if it cannot be read."""
        try:
            with self.source.path.open(encoding=self.source.encoding, errors="replace", newline="\n") as file:
                number = 0
                while text := file.readline(MAX_LINE):
                    number += 1
                    if text.strip():
                        yield _entry(number, text.rstrip("\r\n").split("\t"))
        except (OSError, UnicodeError) as error:
            raise TableError(f"{self.source.path}: cannot be read: {explain(error)}") from None


def _entry(line: int, cells: Sequence[str]) -> Entry:
    try:
        if cells[0] == "REQUEST":
            return _request(cells)
        if cells[0] == "USER":
            return _user(cells)
    except BrokenRow as broken:
        return Unreadable(line, str(broken))
    if cells[0] in KINDS:
        return PassedOver("")
    return Unreadable(line, f"{short(cells[0])} is not allowed; allowed: {', '.join((*KINDS, 'USER', 'REQUEST'))}")


def _request(cells: Sequence[str]) -> LoggedRequest:
    """Read a request: with its user's number, as up to 3.3, or without."""
    place = next((place for place in (5, 6) if len(cells) > place and cells[place] in RESULTS), None)
    if place is None:
        raise BrokenRow("REQUEST: no OK or KO where it is expected")
    groups, name, start, end = cells[place - 4 : place]
    start_ms, end_ms = read_number("start", start, MAX_MS), read_number("end", end, MAX_MS)
    if not 0 <= end_ms - start_ms < MAX_RESPONSE_MS:
        raise BrokenRow(f"end: {short(end)} is not allowed; allowed: the start or later")
    message = cells[place + 1] if len(cells) > place + 1 else ""
    return LoggedRequest(
        start_s=start_ms / 1000,
        response_ms=end_ms - start_ms,
        endpoint=" / ".join([*filter(None, groups.split(",")), name]),
        error=None if cells[place] == "OK" else name_failure(None, message),
        user=cells[1] or None if place == 6 else None,
    )


def _user(cells: Sequence[str]) -> UserChange:
    """Read the start or the end of a user: USER, scenario, START, time, or with a number before START and an end."""
    place = next((place for place in (2, 3) if len(cells) > place and cells[place] in ("START", "END")), None)
    if place is None:
        raise BrokenRow("USER: no START or END where it is expected")
    starts = cells[place] == "START"
    times = cells[place + 1 :]
    time = times[-1 if not starts and place == 3 else 0] if times else None
    return UserChange(read_number("time", time, MAX_MS) / 1000, starts)
