"""JMeter's aggregate report, in any of its languages, and the lines `summary =` that it prints while it runs."""

import re
from dataclasses import replace

from loadstone.figures.options import ReadOptions
from loadstone.figures.readers.run import NO_USERS, ToolRun, table_of, with_labels
from loadstone.figures.rows import read_rows
from loadstone.figures.sheet import read_sheet
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable
from loadstone.figures.words import understand

_SUMMARY = re.compile(
    r"summary =\s+([0-9]+) in\s+([0-9:.]+s?) =\s+([0-9.]+)/s Avg:\s+([0-9]+) Min:\s+([0-9]+) Max:\s+([0-9]+) "
    r"Err:\s+([0-9]+) \(([0-9.]+)%\)"
)
_MILLISECONDS = 0.001


def recognises_report(source: Source) -> bool:
    """Whether the file is an aggregate or summary report: samples, mean, errors and rate, and JMeter's data rates."""
    first = source.head.lstrip("\ufeff").split("\n", 1)[0]
    cells = re.split(r'[,;\t](?=(?:[^"]*"[^"]*")*[^"]*$)', first[:2000])
    names = {found.name for cell in cells if (found := understand(cell.strip().strip('"')))}
    return {"requests", "mean", "max", "failed_share", "rps"} <= names and bool(re.search(r"(?i:k[bo])/s", first))


def read_report(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the row of all samples; without one, each row is a sampler of the one test."""
    table = read_rows(source.path, read_sheet(source.path, source.text()), options, window=True, times=_MILLISECONDS)
    if len(table.rows) > 1:
        notes = (
            *table.notes,
            "rows are samplers of one test, and the row of all of them (TOTAL) is missing: users not applied to each",
        )
        rows = [replace(row, users=None, think=None) for row in table.rows]
        return replace(table, rows=rows, kind="JMeter's aggregate report", notes=notes)
    notes = table.notes
    if table.rows[0].users is None:
        notes = (*notes, NO_USERS)
    return with_labels(replace(table, kind="JMeter's aggregate report", notes=notes), [source.name])


def recognises_summary(source: Source) -> bool:
    """Whether the file has lines `summary =` of JMeter."""
    return bool(_SUMMARY.search(source.head))


def read_summary(source: Source, options: ReadOptions) -> LoadTestTable:
    """Read the last line `summary =`: the ones before it are from the middle of the run."""
    text = source.text()
    found = list(_SUMMARY.finditer(text))[-1]
    run = ToolRun(source)
    run.take("requests", "summary =", found[1])
    run.take("duration", "in", found[2])
    run.take("rps", "/s", found[3])
    run.take("mean", "Avg", found[4], _MILLISECONDS)
    run.take("max", "Max", found[6], _MILLISECONDS)
    run.take("failures", "Err", found[7])
    if started := re.findall(r"Active: ([0-9]+) Started: ([0-9]+) Finished", text):
        run.take("users", "Active", max((active for active, _ in started), key=int))
    return table_of("JMeter's output", [run], options)
