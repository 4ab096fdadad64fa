"""The terminal, set up once: every command prints through this console, this kind of table, this JSON."""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def make_console(width: int) -> "Console":
    """Make a console for standard output; where that is not a terminal, lines have `width` columns.

    Names and values come from files, so nothing in them is treated as markup, emoji or a number to highlight.
    """
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    return console if console.is_terminal else Console(markup=False, emoji=False, highlight=False, width=width)


def make_table(*headings: str, right: Collection[str] = ()) -> "Table":
    """Make an empty table without lines; the columns in `right` are right-aligned."""
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left")
    return table


def describe_parentheses(runs: Collection[int]) -> str:
    """State what stands in parentheses next to means over so many runs each; nothing where each is a single run."""
    from loadstone.theory.intervals import MIN_FOR_INTERVAL

    intervals = any(number >= MIN_FOR_INTERVAL for number in runs)
    few = any(1 < number < MIN_FOR_INTERVAL for number in runs)
    if intervals and few:
        return f"In parentheses: the 95 % interval; below {MIN_FOR_INTERVAL} runs, the runs themselves."
    return f"In parentheses: {'the 95 % interval' if intervals else 'the runs themselves'}." if intervals or few else ""


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    import orjson

    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
