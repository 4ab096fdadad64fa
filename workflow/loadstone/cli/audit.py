"""`loadstone audit`: what a published table of load-test results shows, by arithmetic alone."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadstone.cli.console import make_console, make_table, print_json
from loadstone.cli.options import (
    ColumnMap,
    DecimalMark,
    Json,
    StatedDuration,
    StatedRamp,
    StatedUsers,
    ThinkTime,
    read_figure_options,
)
from loadstone.text import listed, printable

if TYPE_CHECKING:
    from loadstone.analyse.audit import Audit
    from loadstone.figures.table import LoadTestTable

WIDTH = 140
"""Columns of the output where it is not a terminal."""

MAX_JSON_INTEGER = 2**63
"""Integers from this one on are written as floating-point numbers."""


def audit(
    table: Annotated[
        Path,
        typer.Argument(
            help="CSV file with one row per test. It needs the column rps (requests/s), or requests and duration_s. "
            "Further columns are users, mean_ms and think_time (seconds). Other common names are recognised, too."
        ),
    ],
    think_time: ThinkTime = None,
    users: StatedUsers = None,
    duration: StatedDuration = None,
    ramp: StatedRamp = None,
    columns: ColumnMap = None,
    decimal: DecimalMark = None,
    json: Json = False,
) -> None:
    """Check a published table of load-test results by arithmetic: contradictions, active users, what limited each row.

    Example: loadstone audit published.csv --think-time 1,2

    Nothing is measured, and the table may come from any tool.

    Exit code: 2 if the table or an option cannot be used.
    """
    from loadstone.analyse.audit import audit as audit_rows
    from loadstone.figures.read import read_load_tests

    options = read_figure_options(think_time, decimal, columns, users, duration, ramp)
    tests = read_load_tests(table, options)
    audited = audit_rows(tests.rows)
    if json:
        print_json(audit_json(audited) | {"read": asdict(tests) | {"rows": len(tests.rows)}})
    else:
        show_audit(audited)
        print("\n".join(reading_lines(tests)))


def reading_lines(table: "LoadTestTable") -> list[str]:
    """State what a file is, which of its columns were understood and left out, and what was assumed."""
    lines = [f"Read as {table.kind}: " + "; ".join(f"{name}: {words}" for name, words in table.understood.items())]
    lines += [f"Left out: {listed(table.left_out)}"] if table.left_out else []
    return [printable(line) for line in lines + [f"Note: {note}" for note in table.notes]]


def audit_json(audit: "Audit") -> dict[str, Any]:
    """Lay out an audit: of each row every figure, then what follows from it."""
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
            str(servers): users if users < MAX_JSON_INTEGER else float(users)
            for servers, users in audit.users_to_saturate.items()
        },
        "findings": audit.findings,
    }


def show_audit(audit: "Audit") -> None:
    """Print the table and the findings."""
    console = make_console(WIDTH)
    figures = ("users", "requests/s", "N/(R+Z)", "active users", "waiting", "requests ÷ rps", "stated")
    table = make_table("row", *figures, "bound by", right=figures)
    for row in audit.rows:
        table.add_row(
            printable(row.row.label),
            _cell(row.row.users, "g"),
            _cell(row.row.throughput, ".4g"),
            _cell(row.possible_rps, ".1f"),
            _cell(row.active_users, ".2f"),
            "all" if row.think_share is not None and row.think_share >= 1 else _cell(row.think_share, ".1%"),
            _cell(row.row.implied_s, ".0f", " s"),
            _cell(row.row.duration_s, "g", " s"),
            row.bound,
        )
    console.print(table)
    console.print()
    for finding in audit.findings:
        console.print(f"• {printable(finding)}")


def _cell(value: float | None, form: str, unit: str = "") -> str:
    return "–" if value is None else f"{value:{form}}{unit}"
