"""What a user of Locust or of another load tool probably meant by a key or a value that a suite does not have."""

import difflib
import re
from collections.abc import Sequence

LOCUST_WORDS = {
    "wait_time": "think_time",
    "wait": "think_time",
    "min_wait": "think_time",
    "max_wait": "think_time",
    "hatch_rate": "spawn_rate",
    "num_users": "users",
    "user_count": "users",
    "clients": "users",
    "vus": "users",
    "threads": "users",
    "run_time": "duration",
    "time": "duration",
    "processes": "workers",
    "locust_file": "locustfile",
    "user_classes": "classes",
    "base_url": "url",
}
"""Words of Locust and of other load tools, with underscores → the suite's key."""
SIMILAR = 0.75
"""Likeness from which a key is taken for a misspelled one."""
_NUMBER = r"\s*(\d+(?:\.\d+)?)\s*"
_CALL = re.compile(rf"(?:locust\.)?(between|constant|constant_pacing|constant_throughput)\({_NUMBER}(?:,{_NUMBER})?\)")
"""A wait time as a locustfile writes it."""


def suggest_key(written: str, allowed: Sequence[str]) -> str | None:
    """Find the key that was probably meant among those that are allowed."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", written).replace("-", "_").replace(" ", "_").lower()
    if plain in allowed:
        return plain
    if LOCUST_WORDS.get(plain) in allowed:
        return LOCUST_WORDS[plain]
    return next(iter(difflib.get_close_matches(plain, allowed, 1, SIMILAR)), None)


def suggest_value(key: str, value: object, allowed: str) -> str | None:
    """Find what was probably meant by a value that is not allowed, as the suite writes it; `allowed` states what is."""
    if allowed.startswith("a duration") and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}s" if value >= 0 else None
    if key == "think_time" and isinstance(value, str):
        return _suggest_wait(value.strip())
    return None


def _suggest_wait(text: str) -> str | None:
    """Read a wait time as a locustfile writes it, or a number in quotes."""
    found = _CALL.fullmatch(text)
    if found is None:
        return text if re.fullmatch(r"\d+(\.\d+)?", text) else None
    name, first, second = found.groups()
    if name == "between":
        return f"[{first}, {second}]" if second else None
    if second:
        return None
    if name == "constant":
        return first
    if name == "constant_pacing":
        return f"pacing: {first}s, in place of think_time"
    return f"pacing: {1 / float(first):g}s, in place of think_time" if float(first) else None
