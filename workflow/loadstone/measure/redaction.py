"""Keep secrets out of command lines that are written down.

A secret is recognised by its name: the name of an option, a variable, a header, or a key in JSON or in a URL's query.
A password in a URL is a secret too.
"""

import re
from collections.abc import Sequence

from loadstone.suite.secrets import names_secret

HIDDEN = "***"

_NAMED = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]+)["']?(?P<separator>\s*[:=]\s*)""", re.ASCII)
_VALUE = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s&;,}\])]+""")
_URL_PASSWORD = re.compile(r"(?<=://)([^/?#@\s:]*):[^/?#\s]*@")


def redact(argv: Sequence[str]) -> list[str]:
    """Write a command line with `***` in place of each value whose name marks it as a secret."""
    shown: list[str] = []
    hide_next = False
    for argument in argv:
        is_value = hide_next and not argument.startswith("-")
        shown.append(HIDDEN if is_value else _redact_text(argument))
        if not is_value:  # an option may have several values
            hide_next = argument.startswith("-") and "=" not in argument and names_secret(argument)
    return shown


def _redact_text(text: str) -> str:
    text = _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)
    parts: list[str] = []
    at = 0
    for named in _NAMED.finditer(text):
        if named.start() < at or not names_secret(named["name"]):
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
