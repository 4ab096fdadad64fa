"""Which names mark a value as a secret: options, variables, headers, keys in JSON or in a URL's query."""

import re

SECRET_PARTS = ("password", "passwd", "passphrase", "secret", "token", "credential", "authorization", "apikey")
"""A secret's name contains one of these."""
SECRET_WORDS = frozenset({"key", "keys", "pass", "pwd", "cookie"})
"""Or one of these as a separate word."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def names_secret(name: str) -> bool:
    """Whether a name suggests that its value is a secret."""
    words = {word.lower() for word in _WORD.findall(name)}
    return any(part in name.lower() for part in SECRET_PARTS) or not words.isdisjoint(SECRET_WORDS)
