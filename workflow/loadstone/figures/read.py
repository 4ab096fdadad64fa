"""Read load tests from a file of figures, whoever measured them."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadstone.errors import TableError
from loadstone.figures.options import MAX_FIGURE, ReadOptions
from loadstone.figures.row import LoadTestRow, ThinkTimeRange
from loadstone.figures.table import LoadTestTable
from loadstone.text import dotted, short

ALIASES = {
    "label": ("row", "name", "label", "test", "experiment", "scenario"),
    "users": ("users", "concurrency", "concurrent_users", "clients", "n"),
    "requests": ("requests", "request_count", "total_requests", "count"),
    "duration_s": ("duration_s", "duration", "seconds", "run_time_s", "time_s"),
    "rps": ("rps", "requests_per_second", "requests/s", "throughput", "throughput_rps", "x"),
    "mean_ms": ("aggregated_avg_ms", "mean_ms", "avg_ms", "mean_latency_ms", "latency_ms", "response_ms"),
    "think_s": ("think_time", "think_s", "think_time_s", "z"),
    "think_low_s": ("think_low_s", "think_min_s", "min_wait_s"),
    "think_high_s": ("think_high_s", "think_max_s", "max_wait_s"),
}
"""Meaning of a column → names by which it is recognised, in order of preference; upper and lower case are the same."""

FACTOR_WORDS = ("worker", "thread", "process", "class", "server", "client", "node", "instance", "replica")
"""A column whose name contains one of these states what was varied."""


def read_load_tests(path: Path, options: ReadOptions | None = None) -> LoadTestTable:
    """Read the tests of a file; `options` holds figures for rows that do not state their own.

    Raises `TableError` if the file cannot be read, or holds a value that is not a possible figure.
    """
    options = options or ReadOptions()
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            names = {name.strip().casefold(): name for name in reader.fieldnames or () if name and name.strip()}
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path}: cannot be read: {error}") from None
    columns = {
        meaning: next(names[alias] for alias in aliases if alias in names)
        for meaning, aliases in ALIASES.items()
        if any(alias in names for alias in aliases)
    }
    if not rows:
        raise TableError(f"{path}: no rows")
    if "rps" not in columns and not {"requests", "duration_s"} <= set(columns):
        raise TableError(f"{path}: no throughput; needed: a column rps, or requests and duration_s")
    tests = [_parse_row(path, number, row, columns, options.think) for number, row in enumerate(rows, start=2)]
    return LoadTestTable(rows=tests, kind="CSV", understood={name: meaning for meaning, name in columns.items()})


def read_rows_if_valid(path: Path | None) -> list[LoadTestRow]:
    """Read the rows of a table; none without a table, or from one that `read_load_tests` refuses."""
    try:
        return [] if path is None else read_load_tests(path).rows
    except TableError:
        return []


def _parse_row(
    path: Path, line: int, row: Mapping[str, Any], columns: Mapping[str, str], think: ThinkTimeRange | None
) -> LoadTestRow:
    def number(meaning: str) -> float | None:
        text = (row.get(columns[meaning]) or "").strip() if meaning in columns else ""
        if not text:
            return None
        try:
            value = float(text.replace(",", ""))
        except ValueError:
            value = math.nan
        if not (value == 0 or 1 / MAX_FIGURE <= value <= MAX_FIGURE) or (
            value == 0 and meaning in ("users", "duration_s")
        ):
            raise TableError(
                f"{path}: line {line}: {dotted(columns[meaning])}: {short(text)} is not allowed; "
                f"allowed: a number above 0, at most {MAX_FIGURE:g}"
            )
        return value

    mean_ms = number("mean_ms")
    constant, low, high = number("think_s"), number("think_low_s"), number("think_high_s")
    if constant is not None:
        think = ThinkTimeRange(low=constant, high=constant)
    elif low is not None and high is not None:
        if low > high:
            message = f"think time from {low:g} to {high:g} s is not allowed; allowed: bounds in ascending order"
            raise TableError(f"{path}: line {line}: {message}")
        think = ThinkTimeRange(low=low, high=high)
    return LoadTestRow(
        label=(row.get(columns["label"]) or "").strip() if "label" in columns else f"line {line}",
        users=number("users"),
        think=think,
        requests=number("requests"),
        duration_s=number("duration_s"),
        rps=number("rps"),
        rps_rounding=_rounding(row.get(columns["rps"]) or "") if "rps" in columns else 0.0,
        mean_s=None if mean_ms is None else mean_ms / 1000,
        factors=_factors(row, columns),
    )


def _rounding(text: str) -> float:
    """Half a unit of the last digit: a printed 32.7 may be any value from 32.65 to 32.75."""
    _, point, decimals = text.strip().partition(".")
    return 0.5 * 10.0 ** -len(decimals) if point and decimals.isdigit() else 0.5


def _factors(row: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, str]:
    return {
        name.strip().casefold(): str(value).strip()
        for name, value in row.items()
        if name and name not in columns.values() and any(word in name.casefold() for word in FACTOR_WORDS)
    }
