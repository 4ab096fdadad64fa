"""Which column of a table states what: by its head, by the option `--map`, or by the units in its cells."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from loadstone.errors import TableError
from loadstone.figures.numbers import bodies, is_inexact, is_unknown
from loadstone.figures.options import ReadOptions
from loadstone.figures.sheet import Sheet, SheetRow
from loadstone.figures.words import IN_WORDS, KNOWN, Meaning, understand
from loadstone.text import dotted, listed, short

FACTOR_WORDS = ("worker", "thread", "process", "class", "server", "client", "node", "instance", "replica")
"""A column whose name contains one of these states what was varied, unless it has another meaning."""

_USERS_IN_CELL = re.compile(
    r"\s*[0-9][0-9.,' ]*k?\s*(?:concurrent |virtual |parallel |simultaneous )?"
    r"(?:users?|vus?|clients?|connections?|conns?|benutzer|nutzer|utilisateurs|usuarios)\s*",
    re.IGNORECASE,
)


_SHARE = re.compile(r"\s*[0-9.,]+\s*%\s*")
_BYTES = re.compile(r"[0-9]\s*[kmgt]?i?(?:b|bytes?|bits?)(?:ps)?\s*(?:/|per)?\s*(?:s|sec|second)?\s*$", re.IGNORECASE)


@dataclass(slots=True)
class Columns:
    """The meanings of a table's columns."""

    meanings: dict[int, Meaning]
    """Place of a column → what it states."""
    factors: list[int]
    """Places of the columns that state what was varied."""
    labels: int | None = None
    """Place of the column that names the rows, where no column is called so."""
    notes: list[str] = field(default_factory=list)

    def label_of(self, row: SheetRow) -> str:
        """Name a row by the column that tells rows apart; empty without one."""
        return row.cells[self.labels].strip() if self.labels is not None else ""

    def drop(self, places: Iterable[int]) -> None:
        """Set columns aside that cannot be used."""
        for place in places:
            del self.meanings[place]

    def has(self, *names: str) -> bool:
        """Whether the table has columns of all these meanings."""
        return set(names) <= {meaning.name for meaning in self.meanings.values()}


def understand_columns(path: Path, sheet: Sheet, options: ReadOptions) -> Columns:
    """Find the meaning of each column. Raises `TableError` if the table states no throughput."""
    columns = Columns({}, [])
    mapped = _mapped(path, sheet, options)
    wanted: dict[tuple[str, float | None], list[int]] = {}
    heads = {place: understand(name) for place, name in enumerate(sheet.header)}
    for place, said in {**heads, **mapped}.items():
        meaning = said if said is None or place in mapped else _by_cells(said, sheet.column(place))
        if meaning is not None:
            wanted.setdefault((meaning.name, meaning.quantile), []).append(place)
            columns.meanings[place] = meaning
    for places in wanted.values():
        first = min(places, key=lambda place: (place not in mapped, columns.meanings[place].weak, place))
        columns.drop(place for place in places if place != first)
    _settle_threads(sheet, columns, mapped)
    if not columns.has("users"):
        for place in range(len(sheet.header)):
            stated = [cell for cell in sheet.column(place) if not is_unknown(cell)]
            if place not in columns.meanings and stated and all(_USERS_IN_CELL.fullmatch(cell) for cell in stated):
                columns.meanings[place] = Meaning("users")
                columns.labels = place
                break
    columns.factors = [
        place
        for place, name in enumerate(sheet.header)
        if place not in columns.meanings and any(word in name.casefold() for word in FACTOR_WORDS)
    ]
    if not columns.has("label") and columns.labels is None:
        columns.labels = next((place for place in range(len(sheet.header)) if _is_label(sheet, columns, place)), None)
    _check(path, sheet, columns, options)
    columns.notes += _assumptions(sheet, columns, mapped)
    return columns


def _mapped(path: Path, sheet: Sheet, options: ReadOptions) -> dict[int, Meaning]:
    """Find the columns that the option `--map` names."""
    found: dict[int, Meaning] = {}
    for key, column in options.mapping.items():
        meaning = understand(key)
        if meaning is None:
            raise TableError(f"--map: {short(key)} is not known; allowed: a name such as {', '.join(KNOWN)}")
        places = [place for place, name in enumerate(sheet.header) if name.strip() == column.strip()] or [
            place for place, name in enumerate(sheet.header) if name.strip().casefold() == column.strip().casefold()
        ]
        if len(places) != 1:
            problem = "more than one column" if places else "no column"
            raise TableError(f"{path}: --map: {problem} {short(column)}; columns: {listed(sheet.header)}")
        if places[0] in found:
            raise TableError(f"--map: column {short(column)} is given twice; allowed: one meaning per column")
        found[places[0]] = meaning
    return found


def _by_cells(meaning: Meaning, cells: tuple[str, ...]) -> Meaning | None:
    """Check the meaning of a head by the cells below it.

    Text below `client` names a client and counts no clients, `3.4MB/s` below `throughput` counts no requests, and
    `0.2 %` below `failed` is a share.
    """
    stated = [cell for cell in cells if not is_unknown(cell)]
    if meaning.name == "label" or not stated:
        return meaning
    if meaning.name in ("failures", "successes") and all(_SHARE.fullmatch(cell) for cell in stated):
        return Meaning("failed_share" if meaning.name == "failures" else "success_share", 0.01)
    if meaning.name == "rps" and all(_BYTES.search(cell) for cell in stated):
        return None
    if meaning.name in ("users", "successes", "failures", "mean") or meaning.weak:
        return meaning if any(bodies(cell) or is_inexact(cell) for cell in stated) else None
    return meaning


def _settle_threads(sheet: Sheet, columns: Columns, mapped: dict[int, Meaning]) -> None:
    """Take threads for users only where no other column speaks of the server's workers, processes or cores."""
    for place, meaning in list(columns.meanings.items()):
        if meaning.name == "users" and "thread" in sheet.header[place].casefold() and place not in mapped:
            others = [name for at, name in enumerate(sheet.header) if at not in columns.meanings]
            if any(word in name.casefold() for name in others for word in ("worker", "process", "class", "core")):
                columns.drop([place])
            else:
                columns.notes.append(f"column {dotted(sheet.header[place])} read as users")


def _is_label(sheet: Sheet, columns: Columns, place: int) -> bool:
    """Whether a column of words can name the rows."""
    cells = sheet.column(place)
    return place not in columns.meanings and any(cell.strip() for cell in cells) and not any(map(bodies, cells))


def _check(path: Path, sheet: Sheet, columns: Columns, options: ReadOptions) -> None:
    figures = [meaning.name for meaning in columns.meanings.values() if meaning.name != "label"]
    if not figures:
        names = f"columns: {listed(sheet.header)}" if sheet.named else f"{len(sheet.header)} columns without names"
        known = f'known names: {", ".join(KNOWN)} and others; or name it: --map rps="COLUMN"'
        raise TableError(f"{path}: no column is understood; {names}; {known}")
    counted = columns.has("requests") or columns.has("successes")
    if not columns.has("rps") and not (counted and (columns.has("duration") or options.duration_s)):
        lack = "; state the duration with --duration 60s" if counted else ""
        raise TableError(
            f"{path}: no throughput; needed: a column rps, or requests and duration_s; "
            f'columns: {listed(sheet.header)}{lack}; or name it: --map rps="COLUMN"'
        )


def _assumptions(sheet: Sheet, columns: Columns, mapped: dict[int, Meaning]) -> list[str]:
    """State what a weak name was taken for."""
    notes = []
    for place, meaning in columns.meanings.items():
        name = dotted(sheet.header[place])
        if place in mapped or not meaning.weak:
            continue
        if len(name) == 1:
            notes.append(f"{name} read as {IN_WORDS[meaning.name]}")
        elif meaning.name == "rps":
            notes.append(f"{name} read as the rate: a peak can be above the mean")
        elif meaning.name == "mean":
            notes.append(f"{name} read as the mean response time")
    if columns.has("successes") and not columns.has("requests") and not columns.has("failures"):
        notes.append("failed requests are not stated: the successful ones count as all")
    return notes
