"""Show a campaign's progress on standard error: one line that changes at a terminal, plain lines elsewhere."""

import contextlib
import os
import shutil
import sys
from typing import Protocol

from loadstone.text import printable

PLAIN_INTERVAL_S = 30.0
"""Seconds after which a plain line states what still goes on."""
CLEAR = "\r\x1b[2K"
DEFAULT_COLUMNS = 80


class Display(Protocol):
    """What the loop needs of it."""

    def show_state(self, line: str, now: float) -> None:
        """Show what happens now; `now` is in seconds of any clock."""

    def report_finished(self, line: str, now: float) -> None:
        """Report that a run is measured."""

    def report(self, line: str) -> None:
        """Print a line that stays."""

    def close(self) -> None:
        """Remove what does not stay."""


def open_display() -> Display:
    """Choose a display that suits standard error."""
    lives = sys.stderr.isatty() and os.environ.get("TERM") not in (None, "", "dumb")
    return LiveLine() if lives else PlainLines()


class LiveLine:
    """One line that is written again and again."""

    def __init__(self) -> None:
        self._shown = ""

    def show_state(self, line: str, now: float) -> None:  # noqa: ARG002 - every state is shown at once
        """Show what happens now."""
        columns = _columns()
        self._shown = printable(line)[: columns - 1]
        _write(CLEAR + self._shown)

    def report_finished(self, line: str, now: float) -> None:
        """Leave it to the line, whose first number grows."""

    def report(self, line: str) -> None:
        """Print a line above."""
        _write(f"{CLEAR if self._shown else ''}{printable(line)}\n{self._shown}")

    def close(self) -> None:
        """Clear the line."""
        _write(CLEAR if self._shown else "")
        self._shown = ""


class PlainLines:
    """A line per run, and one now and then while a run goes on."""

    def __init__(self) -> None:
        self._last: float | None = None

    def show_state(self, line: str, now: float) -> None:
        """Show what happens now, unless a line was printed not long ago."""
        if self._last is None:
            self._last = now
        if now - self._last >= PLAIN_INTERVAL_S:
            self.report_finished(line, now)

    def report_finished(self, line: str, now: float) -> None:
        """Report that a run is measured."""
        self._last = now
        self.report(line)

    def report(self, line: str) -> None:
        """Print a line."""
        _write(f"{printable(line)}\n")

    def close(self) -> None:
        """Leave everything as it is."""


def _columns() -> int:
    with contextlib.suppress(OSError, ValueError):
        if columns := os.get_terminal_size(sys.stderr.fileno()).columns:
            return columns
    return shutil.get_terminal_size((DEFAULT_COLUMNS, 24)).columns


def _write(text: str) -> None:
    """Write; a terminal that is gone stops nothing."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()
