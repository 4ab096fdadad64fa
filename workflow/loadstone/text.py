"""How numbers and names are written, everywhere: figures, counts, shares, lists, and text from outside.

Figures have three significant digits, and all of those before the point; thousands are set apart. Text that a file or
a person supplied is cut off where it is long, and made harmless to a terminal.
"""

import itertools
import math
import reprlib
from collections.abc import Collection, Sequence

MAX_LENGTH = 60
"""Characters of a value."""
MAX_LISTED = 40
"""Names in a list."""

_SOME_OF = reprlib.Repr()
_SOME_OF.maxlevel, _SOME_OF.maxdict, _SOME_OF.maxlist, _SOME_OF.maxstring = 4, 16, 32, MAX_LENGTH


def printable(text: str) -> str:
    """Escape characters that a terminal would obey, or show as something other than they are."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def short(value: object) -> str:
    """Write a value in one line, shortened where it is long; text is put in quotes."""
    if isinstance(value, str):
        text = repr(value[:MAX_LENGTH])  # longer than MAX_LENGTH with its quotes, so that `_cut` marks the cut
    else:
        text = _SOME_OF.repr(value) if isinstance(value, Collection) else str(value)
    return _cut(" ".join(text.split()))


def dotted(*parts: object) -> str:
    """Write a key in one line, its parts joined by dots from the outermost on."""
    return ".".join(_cut(printable(str(part))) for part in parts)


def listed(names: Collection[str]) -> str:
    """Join names with commas; of a long list, write the first ones and count the rest."""
    some = ", ".join(dotted(name) for name in itertools.islice(names, MAX_LISTED))
    more = len(names) - MAX_LISTED
    return f"{some} and {more:,} more" if more > 0 else some


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 3] + "..."


def shortened(name: str, most: int = MAX_LENGTH) -> str:
    """Shorten a long name in its middle: names of endpoints often begin alike, and end alike."""
    kept = most // 2
    return name if len(name) <= most else f"{name[: kept - 1]}…{name[-kept:]}"


def figure(value: float | None) -> str:
    """Write a number with three significant digits: 0.00123, 1.23, 12.3, 123, 1,234."""
    if value is None or math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    rounded = float(f"{value:.3g}") if abs(value) < 1000 else value  # 99.99 has its digits before the point, as 100
    digits = 2 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, digits)}f}"


def four_digits(value: float | None) -> str:
    """Write a number with four significant digits, for a reader who computes on: 0.00123, 1234, 1.235e+04."""
    if value is None:
        return "–"
    return "unlimited" if value == math.inf else f"{value:.4g}"


def signed(value: float | None) -> str:
    """Write a change: +0.412, -3.20."""
    return f"+{figure(value)}" if value is not None and value > 0 else figure(value)


def percent(share: float | None) -> str:
    """Write a share: 2.5 %."""
    return "–" if share is None or math.isnan(share) else f"{figure(100 * share)} %"


def whole_percent(share: float | None) -> str:
    """Write a share without decimals: 88 %, < 1 %."""
    if share is None or math.isnan(share):
        return "–"
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.005 else "< 1 %"


def tenths(value: float | None) -> str:
    """Write a mean number of things: 0.03, 1.1, 34, 1,234."""
    if value is None or math.isnan(value):
        return "–"
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value == 0 or value >= 0.1 else f"{value:.2g}"


def limit(share: float) -> str:
    """Write a share that a person chose, as it was chosen: 2 %, 0.5 %."""
    return f"{100 * share:g} %"


def confidence(level: float) -> str:
    """Write the confidence of an interval, with two digits of what it lacks to certainty: 95 %, 99.58 %, 99.948 %."""
    error = 100 * (1 - level)
    digits = max(0, 1 - math.floor(math.log10(error))) if error > 0 else 0
    text = f"{100 - error:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def utilisation(share: float | None) -> str:
    """Write a utilisation, small ones with two decimals at most: < 0.01, 0.04, 0.898."""
    if share is None or math.isnan(share) or share >= 0.1 or share == 0:
        return figure(share)
    return f"{share:.2f}" if share >= 0.005 else "< 0.01"


def decimal(value: float | None) -> str:
    """Write a number around 0 or 1 with two decimals: 0.93, -0.01."""
    return "–" if value is None or math.isnan(value) else f"{round(value, 2) + 0.0:.2f}"


def ratio(value: float | None) -> str:
    """Write a ratio: 0.98×."""
    return "–" if value is None or math.isnan(value) else f"{figure(value)}×"


def quantity(value: float | None, unit: str, *, sign: bool = False) -> str:
    """Write a figure with the unit in which the analysis has it: 12.3 ms, 4.56 %, 1.02×, +3.20 ms."""
    if value is None or math.isnan(value):
        return "–"
    scaled = 100 * value if unit == "share" else value
    text = signed(scaled) if sign else figure(scaled)
    return ratio(value) if unit == "ratio" else f"{text} {'%' if unit == 'share' else unit}".rstrip()


def interval(low: float | None, high: float | None) -> str:
    """Write an interval: 32.1 – 33.0; nothing where there is none."""
    return "" if low is None or high is None else f"{figure(low)} – {figure(high)}"


MAX_EACH = 3
"""Runs whose figures are written one by one; of more, the range is."""


def each_run(values: Sequence[float]) -> str:
    """Write the figures of a few runs one by one, in their order: 33.0, 33.2, 33.4; nothing for a single run."""
    if len(values) < 2:
        return ""
    if len(values) > MAX_EACH:
        return f"runs from {figure(min(values))} to {figure(max(values))}"
    return ", ".join(figure(value) for value in values)


def p_value(p: float | None) -> str:
    """Write how likely something is by chance: p = 0.02."""
    if p is None or math.isnan(p):
        return "p unknown"
    return f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"


def count(number: float) -> str:
    """Write a number of things: 12,345."""
    return f"{number:,.0f}"


def clock(seconds: float) -> str:
    """Write a length of time: 12 min 3 s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def lasting(seconds: float | None) -> str:
    """Write a time with three significant digits, below a second in milliseconds: 4.45 ms, 1.26 s, 805 s."""
    if seconds is None or math.isnan(seconds):
        return "–"
    return f"{figure(seconds)} s" if seconds >= 1 or seconds == 0 else f"{figure(1000 * seconds)} ms"


def plain(value: object) -> str:
    """Write what a suite says as it says it: 4, 0.5, list, 1 – 2."""
    if isinstance(value, list | tuple):
        return " – ".join(plain(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,g}" if isinstance(value, int | float) and abs(value) < 1e6 else str(value)


PLURALS = {"hypothesis": "hypotheses", "capacity search": "capacity searches", "pair of runs": "pairs of runs"}
"""What does not take a plain s."""


def several(number: int, thing: str) -> str:
    """Write a number with what it counts: 1 run, 3 runs."""
    return f"{count(number)} {thing if number == 1 else PLURALS.get(thing, thing + 's')}"


def runs(used: int, of: int) -> str:
    """Count the runs behind a mean: one run, 3 runs, 2 of 3 runs."""
    if used == of:
        return "one run" if of == 1 else several(of, "run")
    return f"{count(used)} of {several(of, 'run')}"


def named(names: Sequence[str], most: int = 3) -> str:
    """Name the first of some, and how many more there are: a, b, c and 4 more."""
    if len(names) == most + 1:
        most += 1  # "and 1 more" is no shorter than a name
    rest = len(names) - most
    return ", ".join(names[:most]) + f" and {count(rest)} more" * (rest > 0)


def sentence(clauses: Sequence[str]) -> str:
    """Join clauses into one sentence, with a capital and a full stop; nothing where there are none."""
    joined = "; ".join(clauses)
    return f"{joined[:1].upper()}{joined[1:]}." if joined else ""
