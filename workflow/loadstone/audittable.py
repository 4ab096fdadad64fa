"""Read a published table for `loadstone audit`, whatever its columns are called, and show what the audit found."""

import csv
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from loadstone.analyse.audit import Audit, Row, ThinkTime
from loadstone.errors import TableError
from loadstone.text import dotted, printable, short

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
WIDTH_ELSEWHERE = 140

LARGEST = 1e12
"""No figure of a load test is larger, nor smaller than its reciprocal, unless it is 0."""

MOST_IN_JSON = 2**63
"""Integers from here on are written as floats."""


def parse_think_time(text: str) -> ThinkTime:
    """Read `1,2` (uniform) or `1.5` (constant). Raises `TableError` for anything else."""
    try:
        bounds = [float(part) for part in text.split(",")]
    except ValueError:
        bounds = []
    if len(bounds) not in (1, 2) or not all(0 <= b <= LARGEST for b in bounds) or bounds[0] > bounds[-1]:
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
        if not (value == 0 or 1 / LARGEST <= value <= LARGEST) or (value == 0 and meaning in ("users", "duration_s")):
            raise TableError(
                f"{path}: line {line}: {dotted(found[meaning])}: {short(text)} is not allowed; "
                f"allowed: a number above 0, at most {LARGEST:g}"
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


def as_json(audit: Audit) -> dict[str, Any]:
    """Lay the audit out for machines: every figure of the row, then what follows from it."""
    return {
        "rows": [
            {
                "row": row.row.label,
                "users": row.row.users,
                "requests": row.row.requests,
                "duration_s": row.row.duration_s,
                "rps": row.row.throughput,
                "think_time_s": asdict(row.row.think) if row.row.think else None,
                "mean_response_s": row.row.mean_s,
                "implied_duration_s": row.row.implied_s,
                "active_users": row.active_users,
                "possible_rps": row.possible_rps,
                "think_share": row.think_share,
                "noise_rps": row.noise_rps,
                "bound": row.bound,
                "contradictions": row.contradictions,
            }
            for row in audit.rows
        ],
        "users_to_saturate": {
            str(servers): users if users < MOST_IN_JSON else float(users)
            for servers, users in audit.users_to_saturate.items()
        },
        "findings": audit.findings,
    }


def show_audit(audit: Audit) -> None:
    """Print the table and the findings."""
    console = Console(markup=False, emoji=False)  # nothing that a file holds is taken for markup
    if not console.is_terminal:
        console = Console(markup=False, emoji=False, width=WIDTH_ELSEWHERE)
    table = Table(box=None, header_style="bold")
    table.add_column("row")
    for heading in ("users", "requests/s", "N/(R+Z)", "active users", "waiting", "requests ÷ rps", "stated"):
        table.add_column(heading, justify="right")
    table.add_column("bound by")
    for row in audit.rows:
        table.add_row(
            printable(row.row.label),
            _show(row.row.users, "g"),
            _show(row.row.throughput, ".4g"),
            _show(row.possible_rps, ".1f"),
            _show(row.active_users, ".2f"),
            _show(row.think_share, ".1%"),
            _show(row.row.implied_s, ".0f", " s"),
            _show(row.row.duration_s, "g", " s"),
            row.bound,
        )
    console.print(table)
    console.print()
    for finding in audit.findings:
        console.print(f"• {printable(finding)}", highlight=False)


def _show(value: float | None, form: str, unit: str = "") -> str:
    return "–" if value is None else f"{value:{form}}{unit}"
