"""Keep secrets out of what is written down of a command line.

What is taken for one is told by the name that it goes by: the value of an option, a variable, a header, a key of JSON
or of a URL's query. So is the password in a URL.
"""

import re
from collections.abc import Sequence

HIDDEN = "***"

SPEAKING = ("password", "passwd", "passphrase", "secret", "token", "credential", "authorization", "apikey")
"""What a secret's name holds somewhere."""
SPEAKING_WORDS = frozenset({"key", "keys", "pass", "pwd", "cookie"})
"""What it holds as a word of its own."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_NAMED = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]+)["']?(?P<separator>\s*[:=]\s*)""", re.ASCII)
_VALUE = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s&;,}\])]+""")
_URL_PASSWORD = re.compile(r"(?<=://)([^/?#@\s:]*):[^/?#\s]*@")


def redacted(argv: Sequence[str]) -> list[str]:
    """Write a command line with `***` in place of each value whose name says that it is a secret."""
    shown: list[str] = []
    hide_next = False
    for argument in argv:
        shown.append(HIDDEN if hide_next and not argument.startswith("-") else _redacted(argument))
        hide_next = argument.startswith("-") and "=" not in argument and _speaks(argument)
    return shown


def _speaks(name: str) -> bool:
    """Whether a name is that of a secret."""
    words = {word.lower() for word in _WORD.findall(name)}
    return any(part in name.lower() for part in SPEAKING) or not words.isdisjoint(SPEAKING_WORDS)


def _redacted(text: str) -> str:
    text = _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)
    parts: list[str] = []
    at = 0
    for found in _NAMED.finditer(text):
        if found.start() < at or not _speaks(found["name"]):
            continue
        end = _end_of_value(text, found)
        parts += [text[at : found.end()], HIDDEN if end > found.end() else ""]
        at = end
    return "".join([*parts, text[at:]])


def _end_of_value(text: str, found: re.Match[str]) -> int:
    if found.start() == 0:  # --password=…, PASSWORD=…, Authorization: …
        return len(text)
    value = _VALUE.match(text, found.end())
    return value.end() if value else found.end()
