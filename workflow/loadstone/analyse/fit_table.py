"""Fit a scaling law to two columns of a CSV table with one row per run, whoever measured it."""

import csv
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from loadstone.errors import TableError
from loadstone.text import listed, short
from loadstone.theory.fitting import LawComparison, fit_best, fit_law
from loadstone.theory.scaling import Fit, LawName, NotIdentifiable, Runs, Weights

LawChoice = LawName | Literal["best"]
Word = TypeVar("Word", bound=str)

LAWS: tuple[LawChoice, ...] = ("amdahl", "usl", "linear", "best")
WEIGHTS: tuple[Weights, ...] = ("relative", "equal")
MAX_FIGURE = 1e100
"""No figure of a load test is larger, or smaller than its reciprocal. Its square is still a floating-point number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFit:
    """The law fitted to a table, or the reason why there is none."""

    law: LawChoice
    weights: Weights
    runs: Runs
    fit: Fit | None = None
    """None if the runs cannot determine the law."""
    reason: str | None = None
    """Why there is no fit."""
    steps: tuple[LawComparison, ...] = ()
    """How the law was chosen, if `law` is `best`."""


def fit_table(path: Path, x: str, y: str, law: str, weights: str) -> TableFit:
    """Fit a law to columns `x` (the swept number) and `y` (throughput) of a CSV table with one row per run.

    Raises `TableError`, which names file, column and row, for a value that cannot be used.
    """
    chosen, weighting = _one_of(LAWS, "--law", law), _one_of(WEIGHTS, "--weights", weights)
    runs = read_runs(path, x, y)
    table_fit = TableFit(law=chosen, weights=weighting, runs=runs)
    try:
        if chosen == "best":
            choice = fit_best(runs, weighting)
            return replace(table_fit, fit=choice.fit, steps=choice.steps)
        return replace(table_fit, fit=fit_law(chosen, runs, weighting))
    except NotIdentifiable as error:
        return replace(table_fit, reason=str(error))


def read_runs(path: Path, x: str, y: str) -> Runs:
    """Read two columns of a CSV table. Raises `TableError` for a value that cannot be used."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not any(header):
        raise TableError(f"{path}: no header; the first line must name the columns")
    places = [_place(path, header, name) for name in (x, y)]
    if not rows:
        raise TableError(f"{path}: no rows below the header, so columns {short(x)} and {short(y)} are empty")
    n, throughput = (
        [
            _number(f"{path}: row {i} (line {line}): column {short(name)}", row, place)
            for i, (line, row) in enumerate(rows, 1)
        ]
        for name, place in zip((x, y), places, strict=True)
    )
    for name, values in ((x, n), (y, throughput)):
        if len(values) > 1 and len(set(values)) == 1:
            raise TableError(
                f"{path}: column {short(name)}: {values[0]:g} in every row; a law needs numbers that differ"
            )
    return Runs.of(n, throughput)


def _place(path: Path, header: list[str], name: str) -> int:
    if header.count(name) != 1:
        problem = "no column" if name not in header else "more than one column"
        raise TableError(f"{path}: {problem} {short(name)}; columns: {listed(header)}")
    return header.index(name)


def _number(where: str, row: list[str], place: int) -> float:
    text = row[place].strip() if place < len(row) else ""
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        value = math.nan
    if not 1 / MAX_FIGURE < value < MAX_FIGURE:
        raise TableError(f"{where}: {short(text)} is not allowed; allowed: a number above 0")
    return value


def _one_of(allowed: tuple[Word, ...], option: str, text: str) -> Word:
    for word in allowed:
        if word == text:
            return word
    raise TableError(f"{option}: {short(text)} is not allowed; allowed: {', '.join(allowed)}")
