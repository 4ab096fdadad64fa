"""Put values into lines for people: shortened where they are long, and harmless to a terminal."""

import itertools
import reprlib
from collections.abc import Collection

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
