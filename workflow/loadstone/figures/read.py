"""Read load tests from a file, whoever measured them: what it is, is found by its content."""

from collections.abc import Callable
from pathlib import Path

from loadstone.errors import TableError
from loadstone.figures.jtl import recognises as recognises_jtl
from loadstone.figures.options import ReadOptions
from loadstone.figures.readers import (
    ab,
    artillery,
    autocannon,
    gatling,
    hey,
    jmeter,
    jtl,
    k6,
    locust,
    locust_history,
    siege,
    vegeta,
    wrk,
)
from loadstone.figures.readers.run import read_json
from loadstone.figures.row import LoadTestRow
from loadstone.figures.rows import read_rows
from loadstone.figures.sheet import Sheet, SheetRow, read_sheet, sheet_of_json
from loadstone.figures.source import Source, open_source
from loadstone.figures.table import LoadTestTable
from loadstone.figures.words import states_throughput

Recognise = Callable[[Source], bool]
Read = Callable[[Source, ReadOptions], LoadTestTable]

READERS: tuple[tuple[Recognise, Read], ...] = (
    (locust_history.recognises, locust_history.read),
    (locust.recognises_table, locust.read_table),
    (recognises_jtl, jtl.read),
    (jmeter.recognises_report, jmeter.read_report),
    (k6.recognises, k6.read),
    (autocannon.recognises, autocannon.read),
    (wrk.recognises, wrk.read),
    (hey.recognises, hey.read),
    (vegeta.recognises, vegeta.read),
    (siege.recognises, siege.read),
    (ab.recognises, ab.read),
    (gatling.recognises, gatling.read),
    (artillery.recognises, artillery.read),
    (locust.recognises_print, locust.read_print),
    (jmeter.recognises_summary, jmeter.read_summary),
)
"""Tools whose files are known. A file that none of them knows is read as a table."""


def read_load_tests(path: Path, options: ReadOptions | None = None) -> LoadTestTable:
    """Read the tests of a file; `options` holds figures for rows that do not state their own.

    Raises `TableError`, in one line, if the file cannot be read, states no throughput, or holds a value that is not a
    possible figure.
    """
    options = options or ReadOptions()
    source = open_source(path)
    if read := find_reader(source):
        return read(source, options)
    sheet = sheet_of_json(read_json(source))
    if sheet is None and source.head.lstrip().startswith(("{", "[", "<")):
        raise TableError(f"{path}: not the summary of a tool that is known, and no table; known: {', '.join(TOOLS)}")
    sheet = sheet or read_sheet(path, source.text())
    return read_rows(path, _turned(sheet) or sheet, options)


def find_reader(source: Source) -> Read | None:
    """Find the reader of the tool that wrote a file, by its first part, else by all of it; None for a table."""
    return _recognise(source) or (None if source.whole else _recognise(source.read_whole()))


def _recognise(source: Source) -> Read | None:
    return next((read for recognises, read in READERS if recognises(source)), None)


TOOLS = (
    "Locust",
    "JMeter",
    "k6",
    "wrk",
    "wrk2",
    "hey",
    "oha",
    "vegeta",
    "siege",
    "ab",
    "Gatling",
    "Artillery",
    "autocannon",
    "ghz",
)
"""Tools whose files are read."""


def read_rows_if_valid(path: Path | None) -> list[LoadTestRow]:
    """Read the rows of a table; none without a table, or from one that `read_load_tests` refuses."""
    try:
        return [] if path is None else read_load_tests(path).rows
    except TableError:
        return []


def _turned(sheet: Sheet) -> Sheet | None:
    """Turn a table that has its figures in rows and its tests in columns; None if it is not one."""
    names = sheet.column(0)
    if states_throughput(sheet.header) or not states_throughput(names) or len(names) > 200:
        return None
    tests = range(1, len(sheet.header))
    rows = tuple(
        SheetRow(row.line, (sheet.header[place], *(other.cells[place] for other in sheet.rows)))
        for place, row in zip(tests, [sheet.rows[0]] * len(tests), strict=True)
    )
    notes = (*sheet.notes, "figures are in rows, tests in columns")
    return Sheet(header=("name", *names), rows=rows, separator=sheet.separator, notes=notes)
