"""Whether the numbers of a column have decimal points or decimal commas, by evidence; never guessed in silence.

`1,376` can be 1376 or 1.376. These decide, in this order:

1. other cells of the column: `32,7` has a decimal comma, `1,204.5` a decimal point;
2. a column of whole things, such as requests: a reading that gives a fraction of a request is wrong;
3. the file's other columns, if all that decide agree;
4. semicolons between the columns: programs write them where commas are decimal;
5. the option `--decimal`, which rules whatever the column itself does not show.

A point with three decimals in a file separated by commas or spaces is a decimal point, and a note says so. Every other
column that is left open is an error, which shows both readings and names the option.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loadstone.errors import TableError
from loadstone.figures.numbers import Decimal, bodies, value_of
from loadstone.text import dotted, listed, short


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberColumn:
    """Cells of one column that are to be read as numbers."""

    name: str
    cells: tuple[str, ...]
    whole: bool = False
    """Whether the column counts whole things, such as requests."""
    used: bool = True
    """Whether its numbers are needed; those of other columns are evidence for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decimals:
    """The character before the decimals of each column, in the order of the columns, and what was assumed."""

    by_column: tuple[Decimal, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Evidence:
    column: NumberColumn
    sure: dict[Decimal, str]
    """Style → the first cell that fits it alone."""
    open: list[str]
    """Bodies that can be read in both styles, with different values."""


def find_decimals(
    path: object, columns: Iterable[NumberColumn], *, stated: Decimal | None = None, separator: str = ","
) -> Decimals:
    """Find the style of each column. Raises `TableError` for a column that can be read in two ways, or in none.

    `stated` is the option `--decimal`; `separator` is the character between the columns of the file.
    """
    evidence = [_weigh(column) for column in columns]
    own = [_own(path, each) for each in evidence]
    shown = {style for style in own if style}
    notes = list(_shown_notes(evidence, own, stated))
    found: list[Decimal] = []
    for each, shows in zip(evidence, own, strict=True):
        style = shows
        if style is None and each.open and each.column.used:
            style, why = _borrowed(each, shown, stated, separator)
            if style is None:
                raise TableError(f"{path}: column {dotted(each.column.name)}: {_question(each.open[0])}")
            if "." in each.open[0] and style == "point" and shown == {"point"}:
                found.append(style)
                continue  # as everywhere in the table
            read = _written(each.open[0], style)
            notes.append(f"{short(each.open[0])} in column {dotted(each.column.name)} read as {read}, {why}")
        found.append(style or "point")
    return Decimals(by_column=tuple(found), notes=tuple(notes))


def _shown_notes(evidence: list[_Evidence], own: list[Decimal | None], stated: Decimal | None) -> Iterator[str]:
    """State decimal commas that columns show, and where columns show something else than the option."""
    styles = [
        (each.column.name, style) for each, style in zip(evidence, own, strict=True) if each.column.used and style
    ]
    if commas := [name for name, style in styles if style == "comma"]:
        yield f"decimal commas, by {_columns(commas)}"
    if stated and (others := [name for name, style in styles if style != stated]):
        yield f"{_columns(others)} read with decimal {_other(stated)}s all the same: no other reading fits"


def _weigh(column: NumberColumn) -> _Evidence:
    sure: dict[Decimal, str] = {}
    unclear = []
    for cell in column.cells:
        for body in bodies(cell):
            point, comma = value_of(body, "point"), value_of(body, "comma")
            if point is not None and comma is None:
                sure.setdefault("point", cell)
            elif comma is not None and point is None:
                sure.setdefault("comma", cell)
            elif point != comma:
                unclear.append(body)
    return _Evidence(column, sure, unclear)


def _own(path: object, evidence: _Evidence) -> Decimal | None:
    """Find the style that the column itself shows. Raises `TableError` if it shows both."""
    if len(evidence.sure) == 2 and evidence.column.used:
        raise TableError(
            f"{path}: column {dotted(evidence.column.name)}: {short(evidence.sure['point'])} has a decimal point, "
            f"{short(evidence.sure['comma'])} a decimal comma; write the numbers of a column in one way"
        )
    if evidence.sure:
        return next(iter(evidence.sure)) if len(evidence.sure) == 1 else None
    if not evidence.column.whole or not evidence.open:
        return None
    possible = [style for style in _styles() if all((value_of(body, style) or 0) % 1 == 0 for body in evidence.open)]
    return possible[0] if len(possible) == 1 else None


def _styles() -> tuple[Decimal, Decimal]:
    return "point", "comma"


def _other(style: Decimal) -> Decimal:
    return "comma" if style == "point" else "point"


def _borrowed(
    evidence: _Evidence, styles: set[Decimal], stated: Decimal | None, separator: str
) -> tuple[Decimal | None, str]:
    """Find the style of a column that does not show it, and why."""
    unclear = evidence.open
    machine = separator in (",", " ") and all("." in body for body in unclear)
    possible: list[tuple[bool, Decimal | None, str]] = [
        (stated is not None, stated, f"by --decimal {stated}"),
        (len(styles) == 1, next(iter(styles), None), "as in other columns"),
        (bool(styles), None, ""),
        (separator == ";", "comma", "by the semicolons between the columns"),
        (evidence.column.whole and all("," in body for body in unclear), "point", "because it counts whole things"),
        (machine, "point", "with a decimal point; if it is not one, use --decimal comma"),
    ]
    return next(((style, why) for applies, style, why in possible if applies), (None, ""))


def _question(body: str) -> str:
    readings = ", ".join(f"--decimal {style} for {_written(body, style)}" for style in _styles())
    return f"{short(body)} can be read in two ways; state which: {readings}"


def _written(body: str, style: Decimal) -> str:
    return f"{value_of(body, style):.15g}"


def _columns(names: list[str]) -> str:
    return f"column {listed(names)}" if len(names) == 1 else f"columns {listed(names)}"
