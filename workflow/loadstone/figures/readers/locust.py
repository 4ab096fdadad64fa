"""Locust's statistics: `…_stats.csv`, and the table that it prints: <https://docs.locust.io/>."""

import re
from dataclasses import replace

from loadstone.errors import TableError
from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import NO_USERS, ToolRun, table_of, with_labels
from loadstone.figures.rows import read_rows
from loadstone.figures.sheet import read_sheet
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable

_HEAD = re.compile(r'\s*"?Type"?,"?Name"?,"?(?:Request Count|# requests)"?,', re.IGNORECASE)
_TOTAL = re.compile(
    r"^[ \t]+Aggregated\s+([0-9]+)\s+([0-9]+)\([0-9.]+%\)\s*\|\s*([0-9]+)\s+([0-9]+)\s+([0-9]+)\s+([0-9]+)\s*\|"
    r"\s*([0-9.]+)\s+([0-9.]+)[ \t]*$",
    re.MULTILINE,
)
_QUANTILES = re.compile(r"^[ \t]+Aggregated((?:\s+[0-9]+){12})[ \t]*$", re.MULTILINE)
_SHARES = (0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0)
_MILLISECONDS = 0.001


def recognises_table(source: Source) -> bool:
    """Whether the file is what Locust writes as `…_stats.csv`."""
    return bool(_HEAD.match(source.head))


def read_table(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the row of all requests; the others are its endpoints."""
    table = read_rows(source.path, read_sheet(source.path, source.text()), options, window=True, times=_MILLISECONDS)
    totals = [row for row in table.rows if row.label in ("Aggregated", "Total")]
    if not totals:
        raise TableError(
            f"{source.path}: Locust's statistics without the row Aggregated: its rows are endpoints of one test; "
            "add the row that Locust writes last"
        )
    notes = list(table.notes)
    if ends := len(table.rows) - 1:
        notes.append(f"rows of endpoints left out: {ends}; Aggregated is the whole test")
    if totals[-1].users is None:
        notes.append(f"{NO_USERS}, or read the …_stats_history.csv next to it")
    table = replace(table, rows=totals[-1:], kind="Locust's statistics", notes=tuple(notes))
    return with_labels(table, [source.name])


def recognises_print(source: Source) -> bool:
    """Whether the file is what Locust prints."""
    return (
        bool(re.search(r"^Type\s+Name\s+# reqs\s+# fails", source.text(), re.MULTILINE)) if _prints(source) else False
    )


def _prints(source: Source) -> bool:
    return "# reqs" in source.head or "locust.main" in source.head or "locust.runners" in source.head


def read_print(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the last table that Locust printed: those before it are from the middle of the run."""
    text = source.text()
    run = ToolRun(source)
    totals = list(_TOTAL.finditer(text))
    if totals:
        columns = ("requests", "failures", "mean", None, "max", None, "rps", None)
        names = ("# reqs", "# fails", "Avg", "", "Max", "", "req/s", "")
        for meaning, name, value in zip(columns, names, totals[-1].groups(), strict=True):
            if meaning:
                run.take(meaning, name, value, _MILLISECONDS if meaning in ("mean", "max") else None)
        run.take_quantile(0.5, "Med", totals[-1][6], _MILLISECONDS)
    if printed := list(_QUANTILES.finditer(text)):
        for share, value in zip(_SHARES, printed[-1][1].split(), strict=False):
            run.take_quantile(share, "Response time percentiles", value, _MILLISECONDS)
    if spawned := re.findall(r"All users spawned:.*\(([0-9]+) total users\)", text):
        run.take("users", "All users spawned", spawned[-1])
    return table_of("Locust's output", [run], options)
