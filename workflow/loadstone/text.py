"""How what somebody else wrote is put into a line for people: cut off where it is long, and harmless to a terminal."""

import itertools
import reprlib
from collections.abc import Collection

MAX_LENGTH = 60
"""Characters of a value."""
MAX_LISTED = 40

_SOME_OF = reprlib.Repr()
_SOME_OF.maxlevel, _SOME_OF.maxdict, _SOME_OF.maxlist, _SOME_OF.maxstring = 4, 16, 32, MAX_LENGTH


def printable(text: str) -> str:
    """Escape what a terminal would obey instead of showing it, or show as something else than it is."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def short(value: object) -> str:
    """Write a value in a line, cut off where it is long; a text in quotes."""
    if isinstance(value, str):
        text = repr(value[:MAX_LENGTH])  # quotes make it longer, so that it is seen to be cut off
    else:
        text = _SOME_OF.repr(value) if isinstance(value, Collection) else str(value)
    return _cut(" ".join(text.split()))


def dotted(*parts: object) -> str:
    """Write a key, as its parts from the outermost on, in a line."""
    return ".".join(_cut(printable(str(part))) for part in parts)


def listed(names: Collection[str]) -> str:
    """Name what is allowed, or the first of it."""
    some = ", ".join(dotted(name) for name in itertools.islice(names, MAX_LISTED))
    more = len(names) - MAX_LISTED
    return f"{some} and {more:,} more" if more > 0 else some


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 3] + "..."
