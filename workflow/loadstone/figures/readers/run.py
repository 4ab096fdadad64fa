"""What all readers share: a run that is put together line by line, and the table that several make."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from loadstone.errors import TableError
from loadstone.figures.numbers import Figure, read_figure
from loadstone.figures.options import MAX_FIGURE, ReadOptions
from loadstone.figures.row import LoadTestRow, ThinkTimeRange
from loadstone.figures.source import Source
from loadstone.figures.table import LoadTestTable
from loadstone.figures.units import QUANTITIES
from loadstone.figures.words import IN_WORDS
from loadstone.text import dotted, short

NO_USERS = "the users are not stated: add them with --users"
MAX_RUNS = 10_000
"""Runs in one file."""


class ToolRun:
    """One run as its tool states it."""

    def __init__(self, source: Source, label: str | None = None) -> None:
        self.source = source
        self.label = label
        self.scheduled = False
        """Whether the tool sends at a rate, so that no number of users follows from its connections."""
        self.figures: dict[str, Figure] = {}
        self.quantiles: dict[float, float] = {}
        self.think: ThinkTimeRange | None = None
        self.understood: dict[str, str] = {}
        self.notes: list[str] = []

    def take(self, meaning: str, name: str, text: object, unit: float | None = None) -> None:
        """Take a figure from the line `name`; a meaning that is taken again is replaced.

        `unit` is the size of a number without a unit. Raises `TableError` for what is no possible figure.
        """
        figure = self.read(meaning, name, text, unit)
        self.figures[meaning] = figure
        self.understood.setdefault(name, IN_WORDS[meaning])

    def take_quantile(self, share: float, name: str, text: object, unit: float | None = None) -> None:
        """Take a quantile of response times; the one of all requests is the longest response time."""
        if share >= 1:
            self.take("max", f"{name}, 100 %", text, unit)
        elif share > 0:
            self.quantiles[round(share, 8)] = self.read("quantile", name, text, unit).value
            self.understood.setdefault("quantiles", "response times that so many requests did not exceed")

    def read(self, meaning: str, name: str, text: object, unit: float | None = None) -> Figure:
        """Read a figure. Raises `TableError` for what is no possible figure."""
        written = repr(text) if isinstance(text, float) else str(text)
        figure = read_figure(written, QUANTITIES[meaning], "point", unit) if not isinstance(text, bool) else None
        if figure is None or not (figure.value == 0 or 1 / MAX_FIGURE <= figure.value <= MAX_FIGURE):
            raise TableError(f"{self.source.path}: {dotted(name)}: {short(written)} is not allowed; allowed: a figure")
        return figure

    def value(self, meaning: str) -> float | None:
        """Return a figure that was taken; None without one, and for 0 users or 0 seconds."""
        figure = self.figures.get(meaning)
        return None if figure is None or (figure.value == 0 and meaning in ("users", "duration")) else figure.value

    def row(self, options: ReadOptions, label: str) -> LoadTestRow:
        """Make the row of the run."""

        def rounding(meaning: str) -> float:
            return self.figures[meaning].rounding if meaning in self.figures else 0.0

        def first(meaning: str, otherwise: float | None) -> float | None:
            value = self.value(meaning)
            return otherwise if value is None else value

        return LoadTestRow(
            label=label,
            users=None if self.scheduled else first("users", options.users),
            think=options.think or self.think,
            ramp_s=first("ramp", options.ramp_s),
            requests=self.value("requests"),
            requests_rounding=rounding("requests"),
            failures=self.value("failures"),
            stated_failed_share=self.value("failed_share"),
            duration_s=first("duration", options.duration_s),
            duration_rounding_s=rounding("duration"),
            rps=self.value("rps"),
            rps_rounding=rounding("rps"),
            mean_s=self.value("mean"),
            mean_rounding_s=rounding("mean"),
            quantiles_s=dict(sorted(self.quantiles.items())),
            max_s=self.value("max"),
            window=True,
            source=self.source.path.name,
        )


def table_of(kind: str, runs: Sequence[ToolRun], options: ReadOptions) -> LoadTestTable:
    """Make a table of the runs of one file. Raises `TableError` if none of them states a throughput."""
    source = runs[0].source if runs else None
    rows: list[LoadTestRow] = []
    understood: dict[str, str] = {}
    notes: dict[str, None] = {}
    for number, run in enumerate(runs[:MAX_RUNS], 1):
        name = run.source.name if len(runs) == 1 else f"{run.source.name}, run {number}"
        row = run.row(options, run.label or name)
        if row.throughput is not None:
            rows.append(row)
        understood |= run.understood
        notes |= dict.fromkeys(run.notes)
    if source is None or not rows:
        where = f"{source.path}: " if source else ""
        raise TableError(f"{where}{kind} without a rate: the run may have ended before its summary")
    if options.mapping:
        notes["--map is for tables: not used"] = None
    if all(row.users is None for row in rows) and not any(run.scheduled for run in runs):
        notes[NO_USERS] = None
    return LoadTestTable(rows=rows, kind=kind, understood=understood, notes=tuple(notes))


def split_runs(source: Source, text: str, start: re.Pattern[str]) -> list[str]:
    """Split a text where runs start. Raises `TableError` if none does, as in a damaged file."""
    starts = [found.start() for found in start.finditer(text)]
    if not starts:
        raise TableError(f"{source.path}: damaged: the figures of a load tool, without their beginning")
    return [text[first:end] for first, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def with_labels(table: LoadTestTable, labels: Sequence[str]) -> LoadTestTable:
    """Rename the rows of a table."""
    rows = [replace(row, label=label) for row, label in zip(table.rows, labels, strict=True)]
    return replace(table, rows=rows)


def is_object(source: Source) -> bool:
    """Whether a file looks like a JSON object."""
    return source.head.lstrip("\ufeff \t\r\n").startswith("{")


def read_json(source: Source) -> Any:
    """Read a file as JSON; None if it is not JSON. Raises `TableError` if it is too large."""
    if not source.head.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return None
    try:
        return json.loads(source.text().lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None


def at(tree: Any, *keys: str) -> Any:
    """Follow keys into nested mappings; None where one is missing."""
    for key in keys:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def figure_at(tree: Any, *keys: str) -> float | str | None:
    """Take a number, or a number as text, out of nested mappings; None where there is none."""
    value = at(tree, *keys)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        return value.strip() if value.strip() not in ("", "-") else None
    return value
