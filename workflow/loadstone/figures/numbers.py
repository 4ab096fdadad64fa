"""Numbers as people and tools write them: `1,204.5`, `32,7`, `1 204`, `7.12ms`, `1.2k`, `3m 13s`, `31.77 %`.

A body of digits is read in one of two styles: with a decimal point (thousands set apart by commas, spaces or
apostrophes) or with a decimal comma (thousands by points, spaces or apostrophes). Many bodies fit one style only:
`32,7` has a decimal comma, because thousands have three digits. `loadstone.figures.decimals` finds the style of a
column; this module reads one cell.
"""

import re
from dataclasses import dataclass
from typing import Literal

Decimal = Literal["comma", "point"]
Quantity = Literal["count", "rate", "time", "share"]

MAX_CELL = 100
"""Characters of a cell; a longer one is no number."""
UNKNOWN = frozenset({"", "-", "--", "–", "—", "n/a", "na", "nan", "null", "none", "?", "n.a.", "k.a.", "tbd"})
"""What people write where they have no figure."""

_SPACES = " \u00a0\u2007\u2009\u202f"
_BODY = rf"[0-9][0-9.,'’{_SPACES}]*|\.[0-9]+"
_PART = re.compile(rf"([+-]?(?:{_BODY}))((?:[eE][+-]?[0-9]+)?)\s*([^0-9.,+'’\s-]?[^0-9+-]*)")
_DECIMALS = "[0-9]*"
_STYLES: dict[Decimal, re.Pattern[str]] = {
    "point": re.compile(
        rf"[0-9]+(?:\.{_DECIMALS})?|\.[0-9]+|[1-9][0-9]{{0,2}}(?:(?:,[0-9]{{3}})+|(?:[{_SPACES}'’][0-9]{{3}})+)"
        rf"(?:\.{_DECIMALS})?|[1-9][0-9]?(?:,[0-9]{{2}})+,[0-9]{{3}}(?:\.{_DECIMALS})?"
    ),
    "comma": re.compile(
        rf"[0-9]+(?:,[0-9]+)?|[1-9][0-9]{{0,2}}(?:(?:\.[0-9]{{3}})+|(?:[{_SPACES}'’][0-9]{{3}})+)(?:,[0-9]+)?"
    ),
}
_MARKS: dict[Decimal, str] = {"point": ".", "comma": ","}
_BOUND = re.compile(r"^\s*(?:[<>≤≥~≈]|ca\.?\s|about\s|under\s|over\s|up to\s)", re.IGNORECASE)
_RANGE = re.compile(r"^\s*[0-9][0-9.,]*\s*\S{0,4}\s*(?:-|–|—|\.\.\.?|to|bis)\s*[0-9][0-9.,]*\s*[^0-9]*$")
_CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-9]{2}(?:[.,][0-9]+)?)")
_REMARK = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_SHARE_IN_REMARK = re.compile(r"[(\[]\s*([0-9.,]+\s*%)\s*[)\]]")

SECONDS = {
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("us", "usec", "usecs", "microsecond", "microseconds", "mikrosekunden"), 1e-6),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds", "millisekunden"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sek", "sekunden", "secondes", "segundos"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuten", "minutos"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "std", "stunden", "heures", "horas"), 3600.0),
}
"""Unit of time, in lower case → seconds."""
_SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "mio": 1e6, "million": 1e6, "g": 1e9, "b": 1e9}
_PER = {"s": 1.0, "sec": 1.0, "second": 1.0, "min": 1 / 60, "minute": 1 / 60, "h": 1 / 3600, "hour": 1 / 3600}
_THING = (
    r"(?:req|reqs|request|requests|r|hit|hits|trans|transactions|tx|op|ops|call|calls|query|queries|sample|samples|"
    r"it|iters|msg|msgs|anfragen|anfr|requetes|peticiones|#)"
)
_RATE_UNIT = re.compile(
    rf"(k|m|g|mio|million)?(?:{_THING}?(?:/|per)(s|sec|second|min|minute|h|hour)|(rps|qps|tps|rpm))?\.?"
)
_COUNT_UNIT = re.compile(
    rf"(k|m|g|b|mio|million)?(?:{_THING}|users?|vus?|clients?|connections?|conns?|threads?|concurrentusers|"
    r"virtualusers|concurrent|errors?|failures?|failed|benutzer|nutzer|utilisateurs|usuarios|hits?)?"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in its base unit: seconds, requests/s, a share, or a count."""

    value: float
    rounding: float
    """Half a unit of the last digit printed."""


@dataclass(frozen=True, slots=True)
class _Part:
    body: str
    exponent: int
    unit: str


def is_unknown(text: str) -> bool:
    """Whether a cell states that there is no figure: empty, `N/A`, a dash."""
    return text.strip().strip("*`").casefold() in UNKNOWN


def is_inexact(text: str) -> bool:
    """Whether a cell holds a bound, an approximation or a range, such as `<1`, `~30` or `28-30`: no single figure."""
    text = text.strip().strip("*`")
    return len(text) <= MAX_CELL and bool(_BOUND.match(text) or _RANGE.match(text))


def bodies(text: str) -> list[str]:
    """List the bodies of digits in a cell that could be a figure; none if it cannot be one."""
    return [part.body.lstrip("+-") for part in _parts(text)]


def value_of(body: str, decimal: Decimal) -> float | None:
    """Read a body of digits in a style; None if it does not fit the style."""
    if not _STYLES[decimal].fullmatch(body):
        return None
    mark, other = (".", ",") if decimal == "point" else (",", ".")
    plain = re.sub(rf"[{_SPACES}'’]", "", body).replace(other, "").replace(mark, ".")
    return float(plain) if plain != "." else None


def read_figure(text: str, quantity: Quantity, decimal: Decimal = "point", unit: float | None = None) -> Figure | None:
    """Read a cell; None if it is no figure of that quantity.

    `unit` is the size of a number without a unit, in the base unit: 0.001 for milliseconds. A unit in the cell has
    precedence. A whole number of minutes or hours counts as a setting, and is known to half a second.
    """
    if quantity == "share" and (remark := _SHARE_IN_REMARK.search(text)):
        text = remark[1]
    if quantity == "time" and (found := _clock(text)):
        return found
    parts = _parts(text)
    if not parts or (len(parts) > 1 and quantity != "time"):
        return None
    value, rounding, before = 0.0, 0.0, float("inf")
    for part in parts:
        size = _unit_size(part.unit, quantity, unit)
        number = value_of(part.body.lstrip("+"), decimal)
        if size is None or number is None or (len(parts) > 1 and (not part.unit or size >= before)):
            return None
        before, digits = size, _digits(part.body, decimal)
        try:
            scale = size * 10.0**part.exponent
            value += number * scale
            rounding = 0.5 * 10.0**-digits * scale
        except OverflowError:
            return None
        if quantity == "time" and size >= 60 and digits == 0:
            rounding = min(rounding, 0.5)
    return Figure(float(f"{value:.15g}"), float(f"{rounding:.3g}"))  # 0.00442, not 0.0044200000000000003


def _parts(text: str) -> list[_Part]:
    text = text.strip().strip("*`").strip()
    if len(text) > MAX_CELL:
        return []
    text = _REMARK.sub("", text)
    for sign in ("±", "+/-"):
        if sign in text:
            text, _, deviation = text.partition(sign)
            if text.strip()[-1:].isdigit():
                text += re.sub(r"^[\s0-9.,]+", "", deviation)
    found, place = [], 0
    text = text.strip()
    while place < len(text):
        part = _PART.match(text, place)
        if part is None:
            return []
        exponent = part[2][1:]
        if len(exponent) > 5:
            return []
        unit = part[3].strip().rstrip(",;").replace("µ", "u").replace("μ", "u").casefold()
        found.append(_Part(part[1].strip(_SPACES), int(exponent or 0), re.sub(rf"[{_SPACES}]", "", unit)))
        place = part.end()
    return found


def _digits(body: str, decimal: Decimal) -> int:
    _, mark, decimals = body.partition(_MARKS[decimal])
    return len(decimals) if mark else 0


def _unit_size(unit: str, quantity: Quantity, default: float | None) -> float | None:
    """Size of a unit in the base unit of the quantity; None if it is no unit of it."""
    if not unit:
        return 1.0 if default is None else default
    if quantity == "time":
        return SECONDS.get(unit.rstrip("."))
    if quantity == "share":
        return 0.01 if unit in ("%", "pct", "percent") else None
    if quantity == "count":
        count = _COUNT_UNIT.fullmatch(unit)
        return _SCALES[count[1] or ""] if count else None
    rate = _RATE_UNIT.fullmatch(unit)
    if rate is None:
        return None
    per = 1 / 60 if rate[3] == "rpm" else _PER.get(rate[2] or "")
    if per is None:
        per = 1.0 if rate[3] or default is None else default
    return _SCALES[rate[1] or ""] * per


def _clock(text: str) -> Figure | None:
    """Read `1:04:25` as hours, minutes and seconds, and `4:25` as minutes and seconds."""
    clock = _CLOCK.fullmatch(text.strip())
    if clock is None:
        return None
    seconds = float(clock[3].replace(",", "."))
    decimals = len(re.split("[.,]", clock[3])[1]) if len(clock[3]) > 2 else 0
    return Figure(3600 * int(clock[1] or 0) + 60 * int(clock[2]) + seconds, 0.5 * 10.0**-decimals)
