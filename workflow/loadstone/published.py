"""Figures that somebody else published: a CSV file with one row a test."""

import csv
import math
from pathlib import Path

from loadstone.errors import TableError
from loadstone.text import short

FIGURES = ("rps", "get_albums_avg_ms", "post_albums_avg_ms", "aggregated_avg_ms")
"""Columns that are compared with ours: requests/s, and mean response times in ms."""


def read_published(path: Path) -> dict[str, dict[str, float]]:
    """Read a table: row → column → figure, `users` among them where the table has it.

    Raises `TableError`, naming file, line and column, where something is missing or no number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            lines = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path}: can't be read: {error}") from None
    if missing := [column for column in ("row", *FIGURES) if column not in columns]:
        raise TableError(f"{path}: no column {missing[0]}; needed: row, {', '.join(FIGURES)}")
    wanted = [*FIGURES, *(["users"] if "users" in columns else [])]
    return {
        line["row"]: {column: _number(path, number, column, line[column]) for column in wanted}
        for number, line in enumerate(lines, start=2)
    }


def _number(path: Path, line: int, column: str, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise TableError(f"{path}: line {line}: {column}: {short(text)} is not allowed; allowed: a number from 0")
    return value
