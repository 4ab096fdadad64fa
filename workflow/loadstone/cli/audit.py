"""`loadstone audit`: what load-test results that others published show, by arithmetic alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadstone.cli.console import make_console, make_table, print_json
from loadstone.cli.options import (
    ColumnMap,
    DecimalMark,
    Json,
    Markdown,
    StatedDuration,
    StatedRamp,
    StatedUsers,
    ThinkTime,
    read_figure_options,
    write_output,
)
from loadstone.text import printable

if TYPE_CHECKING:
    from loadstone.audits.collect import AuditedFiles

WIDTH = 140
"""Columns of the output where it is not a terminal."""


def audit(
    table: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES",
            help="A table with one row per test (CSV, tabs, Markdown), or what a load tool printed or saved. All files "
            "of a folder are read together.",
            show_default=False,
        ),
    ],
    think_time: ThinkTime = None,
    users: StatedUsers = None,
    duration: StatedDuration = None,
    ramp: StatedRamp = None,
    columns: ColumnMap = None,
    decimal: DecimalMark = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the audit as an HTML page that works offline.")
    ] = None,
    markdown: Markdown = None,
    json: Json = False,
) -> None:
    """Check load-test results by arithmetic: contradictions, active users, what limited each row, which rows compare.

    Example: loadstone audit published.csv --think-time 1,2
             loadstone audit wrk-64.txt wrk-128.txt --html audit.html

    Nothing is measured, and the figures may come from any tool. How the columns
    were read is printed below the table. A figure that is not stated is unknown:
    the more of users, requests, failures, duration, rate, mean response time and
    think time a row states, the more follows from it.

    A row can be limited by users' pauses, by too few users, or by a capacity. A
    row with too many failures, or with invalid figures, should not be used.

    Exit code: 2 if a file or an option cannot be used.
    """
    from loadstone.audits.collect import audit_files
    from loadstone.audits.layout import audit_json

    options = read_figure_options(think_time, decimal, columns, users, duration, ramp)
    audited = audit_files(table, options)
    _write_files(audited, html, markdown)
    if json:
        print_json(audit_json(audited))
    else:
        show_audit(audited)


def _write_files(audited: "AuditedFiles", html: Path | None, markdown: Path | None) -> None:
    if html is not None:
        from loadstone.audits.page import audit_page

        write_output("--html", html, audit_page(audited))
    if markdown is not None:
        from loadstone.audits.markdown import audit_markdown

        write_output("--markdown", markdown, audit_markdown(audited))


def show_audit(audited: "AuditedFiles") -> None:
    """Print the table, how it was read, and the findings."""
    from loadstone.audits.layout import audit_cells, reading_lines

    console = make_console(WIDTH)
    cells = audit_cells(audited)
    table = make_table(*cells.headings, right=cells.right)
    for row in cells.rows:
        table.add_row(*map(printable, row))
    console.print(table)
    console.print()
    if cells.legend:
        console.print(cells.legend)
    for line in reading_lines(audited):
        console.print(printable(line))
    console.print()
    for finding in audited.audit.findings:
        console.print(f"• {printable(finding)}")
    if not audited.audit.findings:
        console.print("Nothing follows from the figures beyond what they state.")
