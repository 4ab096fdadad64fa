"""Read the published figures that a suite compares with its own: a CSV file with one row per test."""

import csv
import math
from pathlib import Path

from loadstone.errors import TableError
from loadstone.text import short

FIGURES = ("rps", "get_albums_avg_ms", "post_albums_avg_ms", "aggregated_avg_ms")
"""Columns that are compared with measured figures: requests/s, and mean response times in ms."""


def read_published(path: Path) -> dict[str, dict[str, float]]:
    """Read a table: row → column → figure. The column `users` is included if the table has it.

    Raises `TableError`, which names the file, the line and the column, if a figure is missing or is not a number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            lines = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path}: cannot be read: {error}") from None
    if missing := [column for column in ("row", *FIGURES) if column not in columns]:
        raise TableError(f"{path}: no column {missing[0]}; needed: row, {', '.join(FIGURES)}")
    wanted = [*FIGURES, *(["users"] if "users" in columns else [])]
    return {
        line["row"]: {column: _parse_figure(path, number, column, line[column]) for column in wanted}
        for number, line in enumerate(lines, start=2)
    }


def _parse_figure(path: Path, line: int, column: str, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise TableError(
            f"{path}: line {line}: {column}: {short(text)} is not allowed; allowed: a number of at least 0"
        )
    return value
