"""A table of figures from any tool, and the choice of some of its rows.

Loadstone's own `summary.csv` is recognised by its columns. It has one row per run and endpoint, and may hold several
sweeps, so that the fit of one sweep needs some of its rows only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loadstone.errors import TableError
from loadstone.figures.decimals import NumberColumn, find_decimals
from loadstone.figures.numbers import Decimal, bodies
from loadstone.figures.read import find_reader
from loadstone.figures.sheet import read_sheet
from loadstone.figures.source import open_source
from loadstone.results.summary import LEVEL_COLUMNS, RUN_COLUMNS
from loadstone.results.tables import RunKey
from loadstone.results.verdicts import read_verdicts
from loadstone.suite.hypotheses import ALL
from loadstone.text import listed, short

Where = dict[str, str]
"""Column → the value that a row must have in it."""

ENDPOINT, SWEEP = "endpoint", "sweep"
OURS = frozenset({*RUN_COLUMNS, ENDPOINT, "throughput_rps"})
"""Columns by which `summary.csv` is recognised."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its place in the file."""

    number: int
    """Place among the rows, from 1."""
    line: int
    """Last line of the row in the file."""
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FigureTable:
    """A table as text."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    separator: str = ","
    """The character between columns."""

    def place(self, column: str) -> int:
        """Find a column. Raises `TableError` if there is no such column, or more than one."""
        if self.header.count(column) != 1:
            problem = "no column" if column not in self.header else "more than one column"
            older = column in LEVEL_COLUMNS and set(self.header) >= OURS
            advice = "; an earlier version of Loadstone wrote the table: run snakemake to analyse it again" * older
            raise TableError(f"{self.path}: {problem} {short(column)}; columns: {listed(self.header)}{advice}")
        return self.header.index(column)

    def cell(self, row: Row, column: str) -> str:
        """Take a row's value without the spaces around it; empty if the row is too short."""
        place = self.place(column)
        return row.cells[place].strip() if place < len(row.cells) else ""

    def values(self, column: str) -> list[str]:
        """List the different values of a column in the order of the table, without empty ones."""
        return [value for value in dict.fromkeys(self.cell(row, column) for row in self.rows) if value]


def read_figure_table(path: Path) -> FigureTable:
    """Read a table whose first line names the columns, however they are separated.

    Raises `TableError` if it cannot be read.
    """
    source = open_source(path)
    if find_reader(source):
        raise TableError(
            f"{path}: what a load tool wrote of one run, not a table with one row per run; read it with loadstone audit"
        )
    sheet = read_sheet(path, source.text())
    if not any(sheet.header):
        raise TableError(f"{path}: no header; the first line must name the columns")
    rows = tuple(Row(number, row.line, row.cells) for number, row in enumerate(sheet.rows, 1))
    return FigureTable(path, sheet.header, rows, sheet.separator)


def decimals_of(
    table: FigureTable, columns: Sequence[str], stated: Decimal | None
) -> tuple[dict[str, Decimal], tuple[str, ...]]:
    """Find the character before the decimals in some columns, and what was assumed; other columns are evidence.

    Raises `TableError` for a column that can be read in two ways.
    """
    names = [*dict.fromkeys(columns), *(name for name in table.header if name not in columns)]
    unique = [name for name in names if table.header.count(name) == 1]
    cells = {name: tuple(table.cell(row, name) for row in table.rows) for name in unique}
    found = find_decimals(
        table.path,
        [
            NumberColumn(name=name, cells=cells[name], used=name in columns)
            for name in unique
            if name in columns or all(len(bodies(cell)) == 1 for cell in cells[name] if cell)
        ],
        stated=stated,
        separator=table.separator,
    )
    return dict(zip(columns, found.by_column, strict=False)), found.notes


def choose_rows(table: FigureTable, where: Sequence[str], needed: Sequence[str]) -> tuple[FigureTable, Where]:
    """Choose the rows that have the values in `where`, each given as COLUMN=VALUE; return them with those values.

    Of a `summary.csv`, the rows for all endpoints together and those of its only sweep are chosen, unless `where`
    chooses others. Raises `TableError` if a column in `where` or `needed` does not exist, if no row has a value, or if
    rows of several sweeps are left.
    """
    conditions: Where = {}
    for text in where:
        column, separator, value = (part.strip() for part in text.partition("="))
        if not separator or not column:
            raise TableError(f"--where: {short(text)} is not allowed; allowed: COLUMN=VALUE")
        if column in conditions:
            raise TableError(f"--where: column {short(column)} is given twice; allowed: one value per column")
        conditions[column] = value
    for column in (*needed, *conditions):
        table.place(column)
    for column, value in conditions.items():
        table = _having(table, column, value)
    if set(table.header) >= OURS:
        for column, value in _defaults(table, conditions, needed):
            table = _having(table, column, value)
            conditions[column] = value
    return table, conditions


def leave_out_uncounted(table: FigureTable) -> tuple[FigureTable, tuple[RunKey, ...]]:
    """Leave out the runs of a `summary.csv` that do not count, by the `verdicts.json` next to it; return them as well.

    Any other table is returned as it is. Raises `DamagedError` if `verdicts.json` is damaged.
    """
    verdicts = table.path.with_name("verdicts.json")
    if not set(table.header) >= OURS or not verdicts.exists():
        return table, ()
    uncounted = {(run.experiment, str(run.repeat)): run.run for run in read_verdicts(verdicts).runs if not run.counts}
    keys = {row: (table.cell(row, "experiment"), table.cell(row, "repeat")) for row in table.rows}
    kept = tuple(row for row in table.rows if keys[row] not in uncounted)
    left_out = dict.fromkeys(uncounted[key] for key in keys.values() if key in uncounted)
    return replace(table, rows=kept), tuple(left_out)


def _defaults(table: FigureTable, given: Where, needed: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Choose rows of `summary.csv` where the command line does not."""
    if ENDPOINT not in given and ALL in table.values(ENDPOINT):
        yield ENDPOINT, ALL
    if SWEEP in given or SWEEP not in table.header:
        return
    sweeps = table.values(SWEEP)
    if len(sweeps) > 1:
        raise TableError(
            f"{table.path}: rows of {len(sweeps)} sweeps: {listed(sweeps)}; choose one: --where {SWEEP}={sweeps[0]}"
        )
    if sweeps:
        yield SWEEP, sweeps[0]
    elif "level" in needed:
        raise TableError(f"{table.path}: no row belongs to a sweep, so column 'level' is empty")


def _having(table: FigureTable, column: str, value: str) -> FigureTable:
    """Keep the rows with a value in a column. Raises `TableError` if there are none."""
    rows = tuple(row for row in table.rows if _same(table.cell(row, column), value))
    if not rows:
        allowed = listed(table.values(column)) or "none"
        raise TableError(f"{table.path}: no row has {short(value)} in column {short(column)}; its values: {allowed}")
    return replace(table, rows=rows)


def _same(one: str, other: str) -> bool:
    """Whether two values are the same text or the same number."""
    try:
        return one == other or float(one) == float(other)
    except ValueError:
        return False
