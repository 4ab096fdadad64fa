"""Units of a table's columns: from the heads, from the cells, or assumed and stated."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loadstone.figures.numbers import Decimal, Quantity, is_unknown, read_figure
from loadstone.figures.sheet import Sheet
from loadstone.figures.words import IN_WORDS, Meaning
from loadstone.text import dotted, listed

QUANTITIES: dict[str, Quantity] = {
    **dict.fromkeys(("users", "requests", "successes", "failures"), "count"),
    **dict.fromkeys(("rps", "failures_per_s", "spawn_rate"), "rate"),
    **dict.fromkeys(("failed_share", "success_share"), "share"),
    **dict.fromkeys(("mean", "quantile", "max"), "time"),
    **dict.fromkeys(("duration", "think", "think_low", "think_high", "ramp"), "time"),
}
"""Meaning → what kind of number it is."""
RESPONSES = ("mean", "quantile", "max")
SHARES = ("failed_share", "success_share")
MILLISECONDS = 0.001

_NAMES = {1e-9: "ns", 1e-6: "µs", 1e-3: "ms", 60.0: "min", 3600.0: "h"}


@dataclass(frozen=True, slots=True)
class Units:
    """The size of a number without a unit, by the place of its column."""

    sizes: Mapping[int, float | None]
    open: tuple[int, ...] = ()
    """Columns that cannot be used, because their unit is not known."""
    notes: tuple[str, ...] = field(default=())


def find_units(
    sheet: Sheet, meanings: Mapping[int, Meaning], decimals: Mapping[int, Decimal], times: float | None = None
) -> Units:
    """Find the units of columns; `times` is the unit of response times, in seconds, where the tool has one.

    Response times without any unit are milliseconds, as load tools print them, unless those of a column are all below
    1: then they could as well be seconds, and none of them is used.
    """
    sizes = {place: meaning.unit for place, meaning in meanings.items()}
    bare = {place: _bare(sheet.column(place), decimals.get(place, "point")) for place in meanings}
    unstated = [place for place, meaning in meanings.items() if meaning.unit is None and any(bare[place])]
    responses = [place for place in unstated if meanings[place].name in RESPONSES]
    sizes |= dict.fromkeys(responses, times or MILLISECONDS)
    left_open, notes = [], []
    if responses and not times:
        names = [sheet.header[place] for place in responses]
        if any(max(bare[place]) < 1 for place in responses):
            left_open += responses
            wishes = " or ".join(f'--map {_plain(meanings[responses[0]])}_{unit}="{names[0]}"' for unit in ("s", "ms"))
            notes.append(f"{listed(names)} left out: seconds or milliseconds? State it, column by column: {wishes}")
        else:
            notes.append(f"no unit in {listed(names)}: read as milliseconds")
    for place in unstated:
        name = dotted(sheet.header[place])
        if meanings[place].name in SHARES and max(bare[place]) > 1:
            sizes[place] = 0.01
            notes.append(f"{name} read as per cent")
        elif meanings[place].name in SHARES:
            left_open.append(place)
            wish = f'--map "{_plain(meanings[place])} %={name}"'
            notes.append(f"{name} left out: a share or per cent? If it is per cent, state it: {wish}")
    return Units(sizes, tuple(left_open), tuple(notes))


def in_words(meaning: Meaning, size: float | None) -> str:
    """Write what a column states, with its unit."""
    words = IN_WORDS[meaning.name]
    if meaning.name == "quantile" and meaning.quantile is not None:
        words = "median response time" if meaning.quantile == 0.5 else f"{100 * meaning.quantile:g} % of response times"
    if QUANTITIES.get(meaning.name) == "time" and size:
        return f"{words}, {_NAMES.get(size, 's')}"
    if meaning.name == "rps" and size and size < 1:
        return "requests per minute" if size > 1 / 3600 else "requests per hour"
    return words


def _bare(cells: tuple[str, ...], decimal: Decimal) -> list[float]:
    """Read the cells that are numbers without a unit."""
    stated = [cell for cell in cells if not is_unknown(cell) and cell.strip().strip("*`")[-1:].isdigit()]
    return [figure.value for cell in stated if (figure := read_figure(cell, "count", decimal)) is not None]


def _plain(meaning: Meaning) -> str:
    """Name a meaning as `--map` takes it."""
    if meaning.quantile is not None:
        return f"p{100 * meaning.quantile:g}"
    return {"failed_share": "error", "success_share": "success"}.get(meaning.name, meaning.name)
