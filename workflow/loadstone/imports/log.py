"""What all logs have in common: a row per request, and perhaps how many users ran."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from loadstone.suite.load_settings import ImportedFrom
from loadstone.text import short

MAX_MS = 10.0**15
"""Milliseconds since 1970: later times are no times."""
MAX_RESPONSE_MS = 1e9
"""Response times from here on are no response times: eleven days."""
MAX_TEXT = 120
"""Characters of a failure's name."""


class BrokenRow(ValueError):
    """A row that cannot be read; its text states why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One request of a log."""

    start_s: float
    """When it was sent, unix seconds."""
    response_ms: float
    endpoint: str
    error: str | None
    """Kind of failure; None for a success."""
    status: int | None = None
    """HTTP status, 0 where no response came; None if the log does not state it."""
    user: str | None = None
    """Which user sent it; None if the log does not state it."""
    users: int | None = None
    """Users that ran when it ended; None if the log does not state it."""

    @property
    def end_s(self) -> float:
        """When its response was complete, unix seconds."""
        return self.start_s + self.response_ms / 1000


@dataclass(frozen=True, slots=True)
class UserChange:
    """A user who starts or ends."""

    time_s: float
    """Unix seconds."""
    starts: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that could not be read."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A row that is no request, such as a sum over others."""

    what: str


Entry = LoggedRequest | UserChange | Unreadable | PassedOver


class Log(Protocol):
    """A log of one kind, which can be read several times."""

    @property
    def kind(self) -> str:
        """What it is, in words: `JMeter log`."""

    @property
    def tool(self) -> ImportedFrom:
        """The tool that wrote it."""

    @property
    def notes(self) -> tuple[str, ...]:
        """How it is read, where that is not obvious; a sentence each."""

    def entries(self) -> Iterator[Entry]:
        """Read it, row by row. Raises `TableError` if it cannot be read."""


def read_number(name: str, text: str | None, most: float) -> float:
    """Read a number from 0 up to below `most`. Raises `BrokenRow`."""
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if text is None or "_" in text or not 0 <= number < most:
        raise BrokenRow(f"{name}: {short(text or '')} is not allowed; allowed: a number from 0")
    return number


def read_status(text: str) -> int | None:
    """Read an HTTP status; None for anything else."""
    return int(text) if len(text) == 3 and text.isascii() and text.isdigit() else None


def name_failure(status: int | None, *texts: str) -> str:
    """Name a failure like Loadstone's own: by its status, or else by the first text."""
    if status is not None and status >= 400:
        return f"HTTP {status}"
    return next((" ".join(text.split())[:MAX_TEXT] for text in texts if text.strip()), "failed")
