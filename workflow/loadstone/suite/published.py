"""Figures that somebody else published: a CSV file with one row a test."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadstone.errors import TableError
from loadstone.text import dotted, short

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkTime:
    """Think time in seconds, uniform between two bounds; constant where they are equal."""

    low: float
    high: float

    @property
    def mean(self) -> float:
        """Mean, seconds."""
        return (self.low + self.high) / 2

    @property
    def variance(self) -> float:
        """Variance, seconds²."""
        return (self.high - self.low) ** 2 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table; what it doesn't say is None."""

    label: str
    users: float | None = None
    think: ThinkTime | None = None
    requests: float | None = None
    duration_s: float | None = None
    rps: float | None = None
    rps_rounding: float = 0.0
    """Half a unit of the last digit that `rps` was printed with."""
    mean_s: float | None = None
    factors: dict[str, str] = field(default_factory=dict)
    """Columns that say what was varied: name → value."""

    @property
    def throughput(self) -> float | None:
        """Requests/s as printed, else from requests and duration."""
        if self.rps is not None:
            return self.rps
        return self.requests / self.duration_s if self.requests is not None and self.duration_s else None

    @property
    def implied_s(self) -> float | None:
        """Seconds in which so many requests come at the printed rate."""
        return self.requests / self.rps if self.requests is not None and self.rps else None


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
"""What a column means → names under which it is found, in this order, whatever their case."""

FACTOR_WORDS = ("worker", "thread", "process", "class", "server", "client", "node", "instance", "replica")

MAX_FIGURE = 1e12
"""No figure of a load test is larger, nor smaller than its reciprocal, unless it is 0."""


def parse_think_time(text: str) -> ThinkTime:
    """Read `1,2` (uniform) or `1.5` (constant). Raises `TableError` for anything else."""
    try:
        bounds = [float(part) for part in text.split(",")]
    except ValueError:
        bounds = []
    if len(bounds) not in (1, 2) or not all(0 <= b <= MAX_FIGURE for b in bounds) or bounds[0] > bounds[-1]:
        raise TableError(f"--think-time: {short(text)} is not allowed; allowed: seconds, as 1.5 or as low,high")
    return ThinkTime(low=bounds[0], high=bounds[-1])


def read_table(path: Path, think: ThinkTime | None) -> list[Row]:
    """Read the rows of a table; `think` is the think time of rows that don't state their own.

    Raises `TableError` where the table can't be read or holds what can't be a figure.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = {name.strip().casefold(): name for name in reader.fieldnames or () if name and name.strip()}
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path}: can't be read: {error}") from None
    found = {
        meaning: next(columns[name] for name in names if name in columns)
        for meaning, names in ALIASES.items()
        if any(name in columns for name in names)
    }
    if not rows:
        raise TableError(f"{path}: no rows")
    if "rps" not in found and not {"requests", "duration_s"} <= set(found):
        raise TableError(f"{path}: no throughput; needed: a column rps, or requests and duration_s")
    return [_row(path, number, row, found, think) for number, row in enumerate(rows, start=2)]


def read_rows(path: Path | None) -> list[Row]:
    """Read the rows of a published table; none without a table, or with one that the audit refuses."""
    try:
        return [] if path is None else read_table(path, None)
    except TableError:
        return []


def _row(path: Path, line: int, row: Mapping[str, Any], found: Mapping[str, str], think: ThinkTime | None) -> Row:
    def number(meaning: str) -> float | None:
        text = (row.get(found[meaning]) or "").strip() if meaning in found else ""
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
                f"{path}: line {line}: {dotted(found[meaning])}: {short(text)} is not allowed; "
                f"allowed: a number above 0, at most {MAX_FIGURE:g}"
            )
        return value

    mean_ms = number("mean_ms")
    constant, low, high = number("think_s"), number("think_low_s"), number("think_high_s")
    if constant is not None:
        think = ThinkTime(low=constant, high=constant)
    elif low is not None and high is not None:
        if low > high:
            raise TableError(f"{path}: line {line}: think time from {low:g} to {high:g} s: the wrong way round")
        think = ThinkTime(low=low, high=high)
    return Row(
        label=(row.get(found["label"]) or "").strip() if "label" in found else f"line {line}",
        users=number("users"),
        think=think,
        requests=number("requests"),
        duration_s=number("duration_s"),
        rps=number("rps"),
        rps_rounding=_rounding(row.get(found["rps"]) or "") if "rps" in found else 0.0,
        mean_s=None if mean_ms is None else mean_ms / 1000,
        factors=_factors(row, found),
    )


def _rounding(text: str) -> float:
    """Half a unit of the last digit: 32.7 may be anything from 32.65 to 32.75."""
    _, point, decimals = text.strip().partition(".")
    return 0.5 * 10.0 ** -len(decimals) if point and decimals.isdigit() else 0.5


def _factors(row: Mapping[str, Any], found: Mapping[str, str]) -> dict[str, str]:
    return {
        name.strip().casefold(): str(value).strip()
        for name, value in row.items()
        if name and name not in found.values() and any(word in name.casefold() for word in FACTOR_WORDS)
    }
