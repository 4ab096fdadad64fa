"""Read anybody's table for `loadstone fit`, fit a scaling law to two of its columns, and show what came out."""

import csv
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from loadstone.errors import TableError
from loadstone.text import listed, short
from loadstone.theory.fitting import LawComparison, fit_best, fit_law
from loadstone.theory.scaling import Fit, LawName, NotIdentifiable, Runs, USLFit, Weights

Wanted = LawName | Literal["best"]
Word = TypeVar("Word", bound=str)

LAWS: tuple[Wanted, ...] = ("amdahl", "usl", "linear", "best")
WEIGHTS: tuple[Weights, ...] = ("relative", "equal")
FORMULAS: dict[LawName, str] = {
    "linear": "X(n) = x1·n",
    "amdahl": "X(n) = x1·n / (1 + sigma·(n - 1))",
    "usl": "X(n) = gamma·n / (1 + alpha·(n - 1) + beta·n·(n - 1))",
}
MAX_FIGURE = 1e100
"""No figure of a load test is larger, nor smaller than its reciprocal; the square of this one still is a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the command found."""

    wanted: Wanted
    weights: Weights
    runs: Runs
    fit: Fit | None = None
    """None where the runs can't determine the law."""
    reason: str | None = None
    """Why there is no fit."""
    steps: tuple[LawComparison, ...] = ()
    """How the law was chosen, where `best` was asked for."""


def fit_table(path: Path, x: str, y: str, law: str, weights: str) -> Answer:
    """Fit a law to columns `x` (swept number) and `y` (throughput) of a CSV table with a row a run.

    Raises `TableError`, naming file, column and row, for whatever can't be used.
    """
    wanted, weighting = _one_of(LAWS, "--law", law), _one_of(WEIGHTS, "--weights", weights)
    runs = read_runs(path, x, y)
    answer = Answer(wanted=wanted, weights=weighting, runs=runs)
    try:
        if wanted == "best":
            choice = fit_best(runs, weighting)
            return replace(answer, fit=choice.fit, steps=choice.steps)
        return replace(answer, fit=fit_law(wanted, runs, weighting))
    except NotIdentifiable as error:
        return replace(answer, reason=str(error))


def read_runs(path: Path, x: str, y: str) -> Runs:
    """Read two columns of a CSV table. Raises `TableError` for whatever can't be used."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path}: can't be read: {getattr(error, 'strerror', None) or error}") from None
    if not any(header):
        raise TableError(f"{path}: no header; a CSV table begins with the names of its columns")
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


def as_json(answer: Answer) -> dict[str, Any]:
    """Lay the answer out for machines; infinite figures are left to become null, as JSON has no other way."""
    fit = answer.fit
    if fit is None:
        unknown = dict.fromkeys(("peak", "max_speedup", "lack_of_fit_p", "aicc"))
        found: dict[str, Any] = {"law": answer.wanted, "parameters": {}, **unknown}
    else:
        found = {
            "law": fit.law,
            "parameters": {name: asdict(estimate) for name, estimate in fit.parameters.items()},
            "peak": fit.peak,
            "max_speedup": fit.max_speedup,
            "lack_of_fit_p": fit.lack_of_fit_p,
            "aicc": fit.aicc,
        }
    found |= {
        "n": len(answer.runs.n),
        "weights": answer.weights,
        "warnings": list(fit.warnings) if fit is not None else [],
        "identifiable": fit is not None,
    }
    if fit is None:
        found["reason"] = answer.reason
    if answer.wanted == "best":
        found["steps"] = [asdict(step) for step in answer.steps]
    return found


def as_text(answer: Answer) -> str:
    """Write the answer for people."""
    return "\n".join(_lines(answer))


def _lines(answer: Answer) -> Iterator[str]:
    fit, runs = answer.fit, answer.runs
    if fit is None:
        yield f"No fit: {answer.reason}."
        return
    yield f"{fit.law}: {FORMULAS[fit.law]}, fitted to {len(runs.n)} runs at {len(runs.levels)} levels of n"
    yield ""
    yield f"  {'':8}{'value':>12}{'95 % from':>12}{'to':>12}{'stderr':>12}"
    for name, found in fit.parameters.items():
        yield f"  {name:8}" + "".join(_cell(figure) for figure in (found.value, found.low, found.high, found.stderr))
    yield ""
    yield f"  greatest speedup {_figure(fit.max_speedup)}" + (f", at n = {_figure(fit.peak)}" if fit.peak else "")
    if isinstance(fit, USLFit):
        yield f"  greatest throughput {_figure(fit.max_throughput)}"
    yield f"  lack of fit p = {_figure(fit.lack_of_fit_p)}, AICc = {_figure(fit.aicc)}"
    for step in answer.steps:
        verdict = "taken" if step.taken else "not needed"
        gain = "" if step.aicc_gain is None else f", AICc {'lower' if step.aicc_gain > 0 else 'higher'} by "
        gain += _figure(abs(step.aicc_gain)) if step.aicc_gain is not None else ""
        yield f"  {step.larger} against {step.smaller}: {verdict} (nested F p = {_figure(step.p)}{gain})"
    yield ""
    yield f"  {'n':>8}{'measured':>12}{'fitted':>12}{'efficiency':>12}{'Karp-Flatt':>12}"
    serial = fit.karp_flatt
    for n, values in runs.by_level.items():
        cells = (sum(values) / len(values), fit.throughput(n), fit.efficiency(n), serial.get(n))
        yield f"  {n:8g}" + "".join(_cell(figure) for figure in cells)
    if fit.warnings:
        yield ""
    yield from (f"• {warning}" for warning in fit.warnings)


def _cell(value: float | None) -> str:
    return f"{_figure(value):>12}"


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return "unlimited" if value == math.inf else f"{value:.4g}"
