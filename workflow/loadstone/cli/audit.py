"""Read a published table for `loadstone audit`, whatever its columns are called, and show what the audit found."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from loadstone.analyse.audit import Audit
from loadstone.text import printable

WIDTH_ELSEWHERE = 140


MAX_JSON_INTEGER = 2**63
"""Integers from here on are written as floats."""


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
            str(servers): users if users < MAX_JSON_INTEGER else float(users)
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
