"""Keep secrets out of command lines that are written down.

A secret is recognised by its name: the name of an option, a variable, a header, or a key in JSON or in a URL's query.
A password in a URL is a secret too.
"""

import re
from collections.abc import Sequence

HIDDEN = "***"

SECRET_PARTS = ("password", "passwd", "passphrase", "secret", "token", "credential", "authorization", "apikey")
"""A secret's name contains one of these."""
SECRET_WORDS = frozenset({"key", "keys", "pass", "pwd", "cookie"})
"""Or one of these as a separate word."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_NAMED = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]+)["']?(?P<separator>\s*[:=]\s*)""", re.ASCII)
_VALUE = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s&;,}\])]+""")
_URL_PASSWORD = re.compile(r"(?<=://)([^/?#@\s:]*):[^/?#\s]*@")


def redact(argv: Sequence[str]) -> list[str]:
    """Write a command line with `***` in place of each value whose name marks it as a secret."""
    shown: list[str] = []
    hide_next = False
    for argument in argv:
        shown.append(HIDDEN if hide_next and not argument.startswith("-") else _redact_text(argument))
        hide_next = argument.startswith("-") and "=" not in argument and _names_secret(argument)
    return shown


def _names_secret(name: str) -> bool:
    words = {word.lower() for word in _WORD.findall(name)}
    return any(part in name.lower() for part in SECRET_PARTS) or not words.isdisjoint(SECRET_WORDS)


def _redact_text(text: str) -> str:
    text = _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)
    parts: list[str] = []
    at = 0
    for named in _NAMED.finditer(text):
        if named.start() < at or not _names_secret(named["name"]):
            continue
        end = _end_of_value(text, named)
        parts += [text[at : named.end()], HIDDEN if end > named.end() else ""]
        at = end
    return "".join([*parts, text[at:]])


def _end_of_value(text: str, named: re.Match[str]) -> int:
    if named.start() == 0:  # --password=…, PASSWORD=…, Authorization: …
        return len(text)
    value = _VALUE.match(text, named.end())
    return value.end() if value else named.end()
