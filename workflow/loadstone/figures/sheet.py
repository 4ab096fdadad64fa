"""A table as text: its head and rows, whichever characters separate the columns."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadstone.errors import TableError
from loadstone.figures.numbers import bodies, is_unknown
from loadstone.figures.words import states_throughput

MAX_ROWS = 100_000
MAX_COLUMNS = 1000

_RULE = frozenset(" \t|+:=-─━┼├┤│┌┐└┘┬┴╞╡╪═")
"""Characters of a line between the head and the rows of a drawn table."""
_SEPARATORS = (",", ";", "\t")
_KINDS = {
    ",": "CSV",
    ";": "CSV separated by ;",
    "\t": "table separated by tabs",
    "|": "Markdown table",
    " ": "columns",
    "{": "JSON",
}


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row with its place in the file."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table as text. Each row has as many cells as the head."""

    header: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    separator: str
    """The character between columns; `|` for Markdown, a space for columns set apart by spaces."""
    named: bool = True
    """Whether the file names its columns; otherwise they are `column 1`, `column 2` …"""
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What the file is, in words."""
        return _KINDS[self.separator]

    def column(self, place: int) -> tuple[str, ...]:
        """Take the cells of a column."""
        return tuple(row.cells[place] for row in self.rows)


def read_sheet(path: Path, text: str) -> Sheet:
    """Split a text into head and rows. Raises `TableError` for a table that is too large or malformed."""
    text = text.replace("\r", "\n")
    lines = text.rstrip("\n").split("\n")
    if len(lines) > MAX_ROWS:
        raise TableError(f"{path}: {len(lines):,} lines; allowed in a table: at most {MAX_ROWS:,}")
    if _has_bars(lines):
        return _of_bars(path, lines)
    stated = re.fullmatch(r"\s*sep=(.)\s*", lines[0]) if lines else None
    separator = stated[1] if stated and stated[1] in _SEPARATORS else _find_separator(lines)
    if separator == " ":
        split = [(number, tuple(_by_spaces(line))) for number, line in enumerate(lines, 1) if line.strip()]
    else:
        split = list(_by_csv(path, text, separator, skip=1 if stated else 0))
    return _assemble(path, split, separator)


def sheet_of_json(tree: Any) -> Sheet | None:
    """Take a list of flat objects as a table; None if the tree is something else."""
    rows = tree if isinstance(tree, list) and 0 < len(tree) <= MAX_ROWS else []
    scalars = str | int | float | None
    if not rows or not all(isinstance(row, dict) and all(isinstance(v, scalars) for v in row.values()) for row in rows):
        return None
    header = tuple(dict.fromkeys(str(name) for row in rows for name in row))[:MAX_COLUMNS]
    cells = (tuple("" if row.get(name) is None else str(row[name]) for name in header) for row in rows)
    return Sheet(
        header=header,
        rows=tuple(SheetRow(number, row) for number, row in enumerate(cells, 1)),
        separator="{",
        named=True,
    )


def _assemble(path: Path, split: list[tuple[int, tuple[str, ...]]], separator: str, *, extra: int = 0) -> Sheet:
    split, comments = _without_comments(split, separator)
    split = _without_title(split)
    if not split:
        raise TableError(f"{path}: no rows")
    first = split[0][1]
    width = max(len(cells) for _, cells in split)
    if width > MAX_COLUMNS:
        raise TableError(f"{path}: {width:,} columns; allowed: at most {MAX_COLUMNS:,}")
    notes = [f"{extra} further tables of the file left out"] if extra else []
    comment = next((cells for cells in reversed(comments) if len(cells) == len(first)), None)
    named = comment is not None or not all(_is_figure(cell) for cell in first)
    if comment and any(bodies(cell) for cell in first):  # else the comment is above a head of its own
        header, rows = comment, split
    elif not named:
        header, rows = tuple(f"column {number}" for number in range(1, width + 1)), split
    else:
        header, rows = first, split[1:]
        if separator == " " and rows and all(len(cells) == len(header) + 1 for _, cells in rows):
            header = ("row", *header)  # R writes the names of rows without a head
    header = header[: _last(header)]
    fitted = tuple(SheetRow(line, (*cells, *[""] * (len(header) - len(cells)))[: len(header)]) for line, cells in rows)
    if longer := sum(any(cell.strip() for cell in cells[len(header) :]) for _, cells in rows):
        notes.append(f"{longer} rows have more cells than the head: the further ones left out")
    return Sheet(header=header, rows=fitted, separator=separator, named=named, notes=tuple(notes))


def _last(header: tuple[str, ...]) -> int:
    """Place after the last column with a name."""
    return max((place for place, name in enumerate(header, 1) if name.strip()), default=len(header))


def _is_figure(cell: str) -> bool:
    return (bool(bodies(cell)) and cell.strip()[:1].isdigit()) or is_unknown(cell)


def _has_bars(lines: list[str]) -> bool:
    """Whether the text has a Markdown table, or one that is drawn with lines."""
    return any(map(_is_rule, lines)) and any(("|" in line or "│" in line) and not _is_rule(line) for line in lines)


def _is_rule(line: str) -> bool:
    """Whether a line only separates rows: `|---|`, `+----+`, `├────┤`."""
    return (
        set(line) <= _RULE
        and bool({"-", "─", "━", "═"} & set(line))
        and bool({"|", "+", "│", "├", "┌", "└"} & set(line))
    )


def _of_bars(path: Path, lines: list[str]) -> Sheet:
    """Take the first table of a text that states a rate; blocks of lines with bars are tables."""
    tables: list[list[tuple[int, tuple[str, ...]]]] = [[]]
    for number, raw in enumerate(lines, 1):
        line = raw.strip().replace("│", "|")
        if _is_rule(line):
            continue
        if "|" not in line:
            if tables[-1]:
                tables.append([])
            continue
        cells = re.split(r"(?<!\\)\|", line.strip("|") if line.startswith("|") else line.rstrip("|"))
        tables[-1].append((number, tuple(cell.replace("\\|", "|").strip().strip("*`").strip() for cell in cells)))
    found = [table for table in tables if len(table) > 1]
    if not found:
        raise TableError(f"{path}: no rows")
    named = [
        table for table in found if states_throughput(table[0][1]) or states_throughput(row[1][0] for row in table)
    ]
    return _assemble(path, (named or found)[0], "|", extra=len(found) - 1)


def _find_separator(lines: list[str]) -> str:
    """Find the character that splits most lines into the same number of columns, of at least two."""
    some = [line for line in lines[:60] if line.strip() and not line.startswith("# ")] or lines[:1]
    best, best_score = " ", 0.0
    for separator in _SEPARATORS:
        try:
            counts = Counter(len(cells) for cells in csv.reader(some, delimiter=separator))
        except csv.Error:
            continue
        width, lines_of_width = max(counts.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        score = lines_of_width * (1 + min(width, 50) / 100) if width > 1 else 0.0
        if score > best_score:
            best, best_score = separator, score
    if best_score:
        return best
    spaced = [len(_by_spaces(line)) for line in some]
    return " " if max(spaced, default=0) > 1 and len(set(spaced)) <= 2 else ","


def _by_spaces(line: str) -> list[str]:
    """Split a line at runs of spaces, quoted texts kept whole."""
    if re.search(r"\S {2,}\S", line) and '"' not in line and len(re.split(r"\s{2,}", line.strip())) > 1:
        wide = re.split(r" {2,}|\t", line.strip())
        if not all(len(cell.split()) == 1 for cell in wide):
            return wide
    return [a or b for a, b in re.findall(r'"([^"]*)"|(\S+)', line)]


def _by_csv(path: Path, text: str, separator: str, *, skip: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    reader = csv.reader([f"{line}\n" for line in text.split("\n")[skip:]], delimiter=separator, skipinitialspace=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num + skip, tuple(cell.strip() for cell in row)
    except csv.Error as error:
        raise TableError(f"{path}: cannot be read: {error}") from None


def _without_comments(
    split: Iterable[tuple[int, tuple[str, ...]]], separator: str
) -> tuple[list[tuple[int, tuple[str, ...]]], list[tuple[str, ...]]]:
    """Set lines above the table that begin with `# ` apart: they may name the columns."""
    kept: list[tuple[int, tuple[str, ...]]] = []
    comments: list[tuple[str, ...]] = []
    for line, cells in split:
        if not kept and re.match("#+( |$)", cells[0]) and (cells[0].strip("#") or separator == " "):
            start = cells[0].lstrip("# ")
            comments.append((start, *cells[1:]) if start else cells[1:])
        else:
            kept.append((line, cells))
    return kept, comments


def _without_title(split: list[tuple[int, tuple[str, ...]]]) -> list[tuple[int, tuple[str, ...]]]:
    """Leave out lines above the head that have one cell only, such as a title."""
    widths = Counter(sum(bool(cell) for cell in cells) for _, cells in split)
    if len(split) > 1 and max(widths, default=1) > 1:
        while split and sum(bool(cell) for cell in split[0][1]) == 1 and widths[1] * 2 < len(split):
            split = split[1:]
    return split
