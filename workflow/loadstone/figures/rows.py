"""From a table's columns to load tests: each column by its meaning, each number by the evidence of its column."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loadstone.errors import TableError
from loadstone.figures.decimals import NumberColumn, find_decimals
from loadstone.figures.numbers import Decimal, Figure, bodies, is_inexact, is_unknown, read_figure
from loadstone.figures.options import MAX_FIGURE, ReadOptions
from loadstone.figures.row import LoadTestRow, ThinkTimeRange
from loadstone.figures.series import told_apart, without_parts
from loadstone.figures.sheet import Sheet, SheetRow
from loadstone.figures.table import LoadTestTable
from loadstone.figures.understand import Columns, understand_columns
from loadstone.figures.units import QUANTITIES, find_units, in_words
from loadstone.figures.words import IN_WORDS
from loadstone.text import dotted, listed, short

WHOLE = ("users", "requests", "successes", "failures")
NOT_ZERO = ("users", "duration")


@dataclass(slots=True)
class _Reading:
    """A table that is being read."""

    path: Path
    sheet: Sheet
    columns: Columns
    decimals: Mapping[int, Decimal]
    """Place of a column → the character before its decimals."""
    units: Mapping[int, float | None]
    """Place of a column → size of a number without a unit."""
    unknown: dict[str, int] = field(default_factory=dict)
    """Column → cells that hold a bound or a range."""

    def figure(self, row: SheetRow, place: int) -> Figure | None:
        """Read a cell; None if it states no figure. Raises `TableError` for a cell that is not possible."""
        text, name, meaning = row.cells[place], self.sheet.header[place], self.columns.meanings[place].name
        if is_unknown(text):
            return None
        figure = read_figure(text, QUANTITIES[meaning], self.decimals.get(place, "point"), self.units.get(place))
        if figure is None and is_inexact(text):
            self.unknown[name] = self.unknown.get(name, 0) + 1
            return None
        value = figure.value if figure else -1.0
        if (
            figure is None
            or not (value == 0 or 1 / MAX_FIGURE <= value <= MAX_FIGURE)
            or (value == 0 and meaning in NOT_ZERO)
        ):
            raise TableError(
                f"{self.path}: line {row.line}: {dotted(name)}: {short(text)} is not allowed; "
                f"allowed: a number above 0, at most {MAX_FIGURE:g}"
            )
        return figure


def read_rows(
    path: Path, sheet: Sheet, options: ReadOptions, *, window: bool = False, times: float | None = None
) -> LoadTestTable:
    """Read a table with one row per test. Raises `TableError`, in one line, for a table that cannot be used.

    `window` is for a tool's own summary. `times` is the unit of response times, in seconds, where the tool has one.
    """
    if not sheet.rows:
        raise TableError(f"{path}: no rows")
    columns = understand_columns(path, sheet, options)
    notes = [*sheet.notes, *columns.notes]
    numbers = {
        place: NumberColumn(
            name=name,
            cells=tuple(cell for cell in sheet.column(place) if not is_inexact(cell)),
            whole=place in columns.meanings and columns.meanings[place].name in WHOLE,
            used=place in columns.meanings,
        )
        for place, name in enumerate(sheet.header)
        if (
            columns.meanings[place].name in QUANTITIES
            if place in columns.meanings
            else _all_numbers(sheet.column(place))
        )
    }
    decimals = find_decimals(path, numbers.values(), stated=options.decimal, separator=sheet.separator)
    notes += decimals.notes
    reading = _Reading(path, sheet, columns, dict(zip(numbers, decimals.by_column, strict=True)), {})
    units = find_units(sheet, columns.meanings, reading.decimals, times=times, users=options.users)
    reading.units = units.sizes
    columns.drop(units.open)
    notes += units.notes
    rows = [_read_row(reading, row, options, window) for row in sheet.rows]
    notes += [
        f"{count} cells of column {dotted(name)} that state a bound or a range, not a figure, left out"
        for name, count in reading.unknown.items()
    ]
    kept = [row for row in rows if row.throughput is not None or row.mean_s is not None or row.quantiles_s]
    if len(kept) < len(rows):
        notes.append(f"rows without figures left out: {len(rows) - len(kept)}")
    if not any(row.throughput is not None for row in kept):
        bounds = f": {listed(reading.unknown)} state bounds or ranges, not figures" if reading.unknown else ""
        raise TableError(f"{path}: no row has a rate{bounds}")
    kept = kept if columns.has("label") else told_apart(kept)
    if parts := len(kept) - len(kept := without_parts(kept)):
        notes.append(f"rows that are parts of «{kept[0].label}» left out: {parts}")
    notes += _stated(options, columns)
    understood = {
        sheet.header[place]: in_words(meaning, reading.units.get(place))
        for place, meaning in sorted(columns.meanings.items())
    } | {sheet.header[place]: "what was varied" for place in columns.factors}
    if columns.labels is not None and columns.labels not in columns.meanings:
        understood[sheet.header[columns.labels]] = IN_WORDS["label"]
    used = {*columns.meanings, *columns.factors, columns.labels}
    return LoadTestTable(
        rows=kept,
        kind=sheet.kind,
        understood=understood,
        left_out=tuple(name or "(no name)" for place, name in enumerate(sheet.header) if place not in used),
        notes=tuple(notes),
    )


def _all_numbers(cells: tuple[str, ...]) -> bool:
    """Whether each cell with a figure holds one number."""
    stated = [cell for cell in cells if not is_unknown(cell)]
    return bool(stated) and all(len(bodies(cell)) == 1 for cell in stated)


def _read_row(reading: _Reading, row: SheetRow, options: ReadOptions, window: bool) -> LoadTestRow:
    figures: dict[str, Figure] = {}
    quantiles: dict[float, float] = {}
    label = ""
    for place, meaning in reading.columns.meanings.items():
        if meaning.name == "label":
            label = row.cells[place]
        elif (figure := reading.figure(row, place)) is None:
            continue
        elif meaning.name == "quantile" and meaning.quantile is not None:
            quantiles[meaning.quantile] = figure.value
        else:
            figures[meaning.name] = figure
    value = {name: figure.value for name, figure in figures.items()}
    rounding = {name: figure.rounding for name, figure in figures.items()}
    users = value.get("users", options.users)
    requests, failures = _counts(value)
    ramp = value.get("ramp", options.ramp_s)
    if ramp is None and users and value.get("spawn_rate"):
        ramp = users / value["spawn_rate"]
    return LoadTestRow(
        label=label or reading.columns.label_of(row) or f"line {row.line}",
        users=users,
        think=_think(reading, row, value) or options.think,
        ramp_s=ramp,
        requests=requests,
        requests_rounding=rounding.get("requests", rounding.get("successes", 0.0)),
        failures=failures,
        stated_failed_share=_failed_share(reading, row, value),
        duration_s=value.get("duration", options.duration_s),
        duration_rounding_s=rounding.get("duration", 0.0),
        rps=value.get("rps"),
        rps_rounding=rounding.get("rps", 0.0),
        mean_s=value.get("mean"),
        mean_rounding_s=rounding.get("mean", 0.0),
        quantiles_s=quantiles,
        max_s=value.get("max"),
        factors={
            reading.sheet.header[place].strip().casefold(): row.cells[place].strip()
            for place in reading.columns.factors
        },
        window=window,
        source=f"line {row.line}",
    )


def _counts(value: Mapping[str, float]) -> tuple[float | None, float | None]:
    """Find the number of requests and of failures from what the row states of both."""
    requests, failures, successes = value.get("requests"), value.get("failures"), value.get("successes")
    if requests is None and successes is not None:
        requests = successes + (failures or 0)
    if failures is None and requests is not None and successes is not None and successes < requests:
        failures = requests - successes
    return requests, failures


def _failed_share(reading: _Reading, row: SheetRow, value: Mapping[str, float]) -> float | None:
    for name, share in (("failed_share", value.get("failed_share")), ("success_share", value.get("success_share"))):
        if share is not None:
            if share > 1:
                place = next(p for p, m in reading.columns.meanings.items() if m.name == name)
                where = f"{reading.path}: line {row.line}: {dotted(reading.sheet.header[place])}"
                raise TableError(f"{where}: {short(row.cells[place])} is not allowed; allowed: at most 100 %")
            return share if name == "failed_share" else 1 - share
    if value.get("failures_per_s") is not None and value.get("rps"):
        return min(1.0, value["failures_per_s"] / value["rps"])
    return None


def _think(reading: _Reading, row: SheetRow, value: Mapping[str, float]) -> ThinkTimeRange | None:
    constant, low, high = value.get("think"), value.get("think_low"), value.get("think_high")
    if constant is not None:
        return ThinkTimeRange(low=constant, high=constant)
    if low is None or high is None:
        return None
    if low > high:
        message = f"think time from {low:g} to {high:g} s is not allowed; allowed: bounds in ascending order"
        raise TableError(f"{reading.path}: line {row.line}: {message}")
    return ThinkTimeRange(low=low, high=high)


def _stated(options: ReadOptions, columns: Columns) -> Iterator[str]:
    """Name the figures that come from the command line."""
    known = {meaning.name for meaning in columns.meanings.values()}
    for name, option, figure in (
        ("users", "--users", options.users),
        ("duration", "--duration", options.duration_s),
        ("ramp", "--ramp", options.ramp_s),
    ):
        if figure is not None:
            where = "rows that state none" if name in known else "each row"
            yield f"{IN_WORDS[name]} of {where}, by {option}: {figure:g}{'' if name == 'users' else ' s'}"
