"""Fit a scaling law to two columns of a table with one row per run, whoever measured it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from loadstone.analyse.figure_table import (
    FigureTable,
    Where,
    choose_rows,
    decimals_of,
    leave_out_uncounted,
    read_figure_table,
)
from loadstone.errors import TableError
from loadstone.figures.numbers import Decimal, read_figure
from loadstone.results.tables import RunKey
from loadstone.text import short
from loadstone.theory.fitting import LawComparison, fit_best, fit_law
from loadstone.theory.scaling import Fit, LawName, NotIdentifiable, Runs, Weights, serial_fraction

LawChoice = LawName | Literal["best"]
Word = TypeVar("Word", bound=str)

LAWS: tuple[LawChoice, ...] = ("amdahl", "usl", "linear", "capped", "best")
WEIGHTS: tuple[Weights, ...] = ("relative", "equal")
MAX_FIGURE = 1e100
"""No figure of a load test is larger, or smaller than its reciprocal. Its square is still a floating-point number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFit:
    """The law fitted to a table, or the reason why there is none."""

    law: LawChoice
    weights: Weights
    runs: Runs
    where: Where
    """The rows that were chosen: column → value; empty for all rows."""
    rows: int
    """Rows of the whole table."""
    left_out: tuple[RunKey, ...]
    """Runs of a campaign that were chosen but do not count."""
    fit: Fit | None = None
    """None if the runs cannot determine the law."""
    reason: str | None = None
    """Why there is no fit."""
    steps: tuple[LawComparison, ...] = ()
    """How the law was chosen, if `law` is `best`."""
    notes: tuple[str, ...] = ()
    """How numbers were read that can be read in two ways."""

    @property
    def serial_fractions(self) -> dict[float, float]:
        """Level → serial fraction by Karp & Flatt: with X₁ as fitted, or, without a fit, against the first level."""
        if self.fit is not None:
            return self.fit.karp_flatt
        means = {level: float(np.mean(values)) for level, values in self.runs.by_level.items()}
        (first, least), *rest = means.items()
        shares = {level: serial_fraction(first, least, level, mean) for level, mean in rest}
        return {level: share for level, share in shares.items() if share is not None}


def fit_table(
    path: Path,
    x: str,
    y: str,
    law: str,
    weights: str,
    where: Sequence[str] = (),
    decimal: Decimal | None = None,
) -> TableFit:
    """Fit a law to columns `x` (the swept number) and `y` (throughput) of a CSV table with one row per run.

    `where` limits the fit to rows with some values, each as COLUMN=VALUE. `decimal` is the character before the
    decimals, for columns that do not show it. Raises `TableError`, which names file, column
    and row, for a value that cannot be used, and `DamagedError` if a campaign's verdicts are damaged.
    """
    chosen, weighting = _one_of(LAWS, "--law", law), _one_of(WEIGHTS, "--weights", weights)
    table = read_figure_table(path)
    selected, conditions = choose_rows(table, where, (x, y))
    selected, left_out = leave_out_uncounted(selected)
    styles, notes = decimals_of(table, (x, y), decimal)
    table_fit = TableFit(
        law=chosen,
        weights=weighting,
        runs=_runs(selected, x, y, styles),
        where=conditions,
        rows=len(table.rows),
        left_out=left_out,
        notes=notes,
    )
    try:
        if chosen == "best":
            choice = fit_best(table_fit.runs, weighting)
            return replace(table_fit, fit=choice.fit, steps=choice.steps)
        return replace(table_fit, fit=fit_law(chosen, table_fit.runs, weighting))
    except NotIdentifiable as error:
        return replace(table_fit, reason=str(error))


def _runs(table: FigureTable, x: str, y: str, styles: Mapping[str, Decimal]) -> Runs:
    """Take two columns. Raises `TableError` for a value that cannot be used."""
    if not table.rows:
        raise TableError(f"{table.path}: no rows below the header, so columns {short(x)} and {short(y)} are empty")
    n, throughput = (
        [
            _number(
                f"{table.path}: row {row.number} (line {row.line}): column {short(name)}",
                table.cell(row, name),
                styles[name],
            )
            for row in table.rows
        ]
        for name in (x, y)
    )
    for name, values in ((x, n), (y, throughput)):
        if len(values) > 1 and len(set(values)) == 1:
            problem = f"{values[0]:g} in every row; a law needs numbers that differ"
            raise TableError(f"{table.path}: column {short(name)}: {problem}")
    return Runs.of(n, throughput)


def _number(where: str, text: str, style: Decimal) -> float:
    figure = read_figure(text, "rate", style) or read_figure(text, "count", style)
    value = figure.value if figure else math.nan
    if not 1 / MAX_FIGURE < value < MAX_FIGURE:
        raise TableError(f"{where}: {short(text)} is not allowed; allowed: a number above 0")
    return value


def _one_of(allowed: tuple[Word, ...], option: str, text: str) -> Word:
    for word in allowed:
        if word == text:
            return word
    raise TableError(f"{option}: {short(text)} is not allowed; allowed: {', '.join(allowed)}")
