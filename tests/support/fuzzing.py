"""What property and fuzz tests share: how many inputs they try, which ones, and junk.

`make test` tries few inputs and always the same, so that it never fails by chance. `make soak` tries many, new ones
each time: `LOADSTONE_FUZZ=2000 pytest -m hypothesis` tries 2,000 per test. Keep what it finds as an `@example`: there
is no database of examples.
"""

import datetime
import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

from loadstone.errors import LoadstoneError
from loadstone.text import printable

MAX_LINE = 4000
EXAMPLES = int(os.environ.get("LOADSTONE_FUZZ", "0"))


settings.register_profile("same", deadline=None, database=None, derandomize=True)
settings.register_profile("free", deadline=None, database=None, max_examples=EXAMPLES or 100, print_blob=True)


def load_profile() -> None:
    """Choose which inputs all tests try: the same ones each time, or new ones where LOADSTONE_FUZZ states how many."""
    settings.load_profile("free" if EXAMPLES else "same")
    if not EXAMPLES:
        # Hypothesis mixes in constants of the modules loaded so far, and which those are depends on the tests before
        assert callable(providers.is_local_module_file)
        providers.is_local_module_file = lambda path: False  # type: ignore[assignment]


def fuzz(examples: int) -> Callable[..., Any]:
    """Make the settings of a test that tries `examples` inputs in `make test`, however slow or odd they are."""
    return settings(
        max_examples=EXAMPLES or examples,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def complaints(use: Callable[[], object], kind: type[LoadstoneError] = LoadstoneError) -> list[str]:
    """Do something with a file: return no line where it succeeds, and else lines that a terminal can be given."""
    lines: list[str] = []
    try:
        use()
    except kind as error:
        lines = error.lines or [""]
    assert all(line and line == printable(line) and len(line) < MAX_LINE for line in lines)
    return lines


NASTY_TEXTS = (
    *("", " ", "\0", "\x1b[31m", "\u202e", "\ud800", "..", "../../x", "/etc/passwd", "a/b", "[/red]", "{{x}}", "${x}"),
    *("$(id)", "`id`", "; id", "-x", "--help", "%s", "1e400", "nan", "inf", "null", "~", "<<", "é", "\n", "a" * 5000),
)
NASTY_NUMBERS = (
    *(0, 1, -1, 2**31, 2**63, 2**64, 10**30, 10**400, 0.5, -0.0, 1e-320, 5e-324, 1e308, -1e308),
    *(float("nan"), float("inf"), float("-inf")),
)

numbers = st.sampled_from(NASTY_NUMBERS) | st.integers() | st.floats()
texts = st.sampled_from(NASTY_TEXTS) | st.text(max_size=8)
dates = st.sampled_from((datetime.date(2020, 2, 30 - 1), datetime.datetime(1, 1, 1)))
json_scalars = st.none() | st.booleans() | numbers | texts
json_trees = st.recursive(
    json_scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


def damage(draw: st.DrawFn, text: str, junk: st.SearchStrategy[str], most: int, longest: int) -> str:
    """Cut out, double or replace up to `most` pieces of a text, each of at most `longest` characters."""
    lengths = [length for length in (0, 1, 3, 10, 100, 5000) if length <= longest]
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from(lengths)))
        text = text[:start] + draw(junk | st.just(text[start:end] * 2)) + text[end:]
    return text


def mutate(draw: st.DrawFn, tree: Any, junk: st.SearchStrategy[Any], keys: st.SearchStrategy[Any] = texts) -> Any:
    """Change one place of a tree of mappings and lists: put junk there, take it away, rename it, copy another."""
    places = list(_places(tree))
    if not places:
        return draw(junk)
    parent, key = draw(st.sampled_from(places))
    what = draw(st.sampled_from(("replace", "replace", "remove", "rename", "copy")))
    if what == "replace":
        parent[key] = draw(junk)
    elif what == "remove":
        del parent[key]
    elif what == "copy":
        other, where = draw(st.sampled_from(places))
        if where in other if isinstance(other, dict) else where < len(other):
            parent[key] = _copy(other[where])
    elif isinstance(parent, dict):
        parent[draw(keys)] = parent.pop(key)
    return tree


def _places(tree: Any) -> Any:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(items):
        yield tree, key
        yield from _places(value)


def _copy(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copy(value) for key, value in tree.items()}
    return [_copy(value) for value in tree] if isinstance(tree, list) else tree
