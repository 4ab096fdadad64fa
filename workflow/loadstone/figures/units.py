"""Units of a table's columns: from the heads, from the cells, or assumed and stated."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loadstone.figures.numbers import Decimal, Quantity, is_unknown, read_figure
from loadstone.figures.sheet import Sheet, SheetRow
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
LONGEST_S = 60.0
"""Bare response times from this figure on are milliseconds: few clients wait longer than a minute."""
WAITING_AT_MOST = 1.1
"""Requests in progress over users, beyond which response times are not in seconds: above 1 for rounded figures."""

_NAMES = {1e-9: "ns", 1e-6: "µs", 1e-3: "ms", 60.0: "min", 3600.0: "h"}


@dataclass(frozen=True, slots=True)
class Units:
    """The size of a number without a unit, by the place of its column."""

    sizes: Mapping[int, float | None]
    open: tuple[int, ...] = ()
    """Columns that cannot be used, because their unit is not known."""
    notes: tuple[str, ...] = field(default=())


def find_units(
    sheet: Sheet,
    meanings: Mapping[int, Meaning],
    decimals: Mapping[int, Decimal],
    *,
    times: float | None = None,
    users: float | None = None,
) -> Units:
    """Find the units of columns; `times` is the unit of response times, in seconds, where the tool has one.

    Response times without any unit are milliseconds, as load tools print them, unless they can as well be seconds: then
    none of them is used. `users` is the number of users of rows that state none.
    """
    sizes = {place: meaning.unit for place, meaning in meanings.items()}
    bare = {place: _bare(sheet.column(place), decimals.get(place, "point")) for place in meanings}
    unstated = [place for place, meaning in meanings.items() if meaning.unit is None and any(bare[place])]
    responses = [place for place in unstated if meanings[place].name in RESPONSES]
    sizes |= dict.fromkeys(responses, times or MILLISECONDS)
    left_open, notes = [], []
    if responses and not times:
        names = [sheet.header[place] for place in responses]
        if _can_be_seconds(sheet, meanings, decimals, responses, users):
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


def _can_be_seconds(
    sheet: Sheet,
    meanings: Mapping[int, Meaning],
    decimals: Mapping[int, Decimal],
    responses: list[int],
    stated_users: float | None,
) -> bool:
    """Whether bare response times could be seconds, by their size and by Little's law.

    The users of a test cannot wait for more requests than there are users: X·R is at most N. The mean R is at least
    1 - p of the p quantile, because so many requests took that long (Markov's inequality). Where the table states no
    users or no rate, only times below 1 are taken for possible seconds.
    """
    places = {meaning.name: place for place, meaning in meanings.items()}

    def cell(row: SheetRow, place: int | None, quantity: Quantity, unit: float | None = None) -> float | None:
        figure = None if place is None else read_figure(row.cells[place], quantity, decimals.get(place, "point"), unit)
        return figure.value if figure else None

    largest = dict.fromkeys(responses, 0.0)
    decided = False
    for row in sheet.rows:
        rps = places.get("rps")
        rate = cell(row, rps, "rate", meanings[rps].unit if rps is not None else None)
        count = cell(row, places.get("users"), "count") or stated_users
        for place in responses:
            value = cell(row, place, "count") or 0.0
            largest[place] = max(largest[place], value)
            weight = {"mean": 1.0, "max": 0.0}.get(meanings[place].name, 1 - (meanings[place].quantile or 0.0))
            if rate and count and weight:
                decided = True
                if rate * value * weight > WAITING_AT_MOST * count:
                    return False
    if max(largest.values()) >= LONGEST_S:
        return False
    return decided or any(most < 1 for most in largest.values())


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
