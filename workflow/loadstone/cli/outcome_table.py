"""The table of experiments in a terminal: one line per experiment, never wrapped."""

from collections.abc import Sequence
from os.path import commonprefix

from loadstone.analyse.experiment_rows import ExperimentRow, Outcomes, most_important, share_failed
from loadstone.text import count, figure, printable

MAX_LINES = 25
"""Lines of the table, with its heading."""
HEADINGS = ("experiment", "requests/s", "p50 ms", "p95 ms", "failed", "limited by")
GAP = "  "
MIN_NAME = 12
"""Characters that a shortened name has at least."""
SHARED = 3
"""Characters that are kept of a long beginning that names share."""
USUAL_LIMIT = 24
"""Characters of a limit that are kept before names are shortened: nearly all limits have no more."""


def write_table(outcomes: Outcomes, rows: Sequence[ExperimentRow], width: int) -> list[str]:
    """Write the experiments in at most 25 lines of at most `width` characters; of more, the most important ones.

    A terminal narrower than the figures gets longer lines.
    """
    room = MAX_LINES - 1
    shown = list(rows) if len(rows) <= room else most_important(outcomes, rows, room - 1)
    cells = [HEADINGS, *(_cells(row) for row in shown)]
    names, *figures, limits = (list(column) for column in zip(*cells, strict=True))
    columns = [_right(column) for column in figures]
    left = width - sum(len(column[0]) for column in columns) - len(GAP) * (len(HEADINGS) - 1)
    name_width, limit_width = _divide(left, max(map(len, names)), max(map(len, limits)))
    columns = [_left(shorten_apart(names, name_width)), *columns, [_cut(each, limit_width) for each in limits]]
    lines = [GAP.join(line).rstrip() for line in zip(*columns, strict=True)]
    more = len(rows) - len(shown)
    return [*lines, *[f"… and {count(more)} more: see the report"] * (more > 0)]


def _cells(row: ExperimentRow) -> tuple[str, ...]:
    figures = (figure(value) for value in (row.throughput, row.p50_ms, row.p95_ms))
    return (printable(row.name), *figures, share_failed(row.failed), printable(row.limit))


def _divide(left: int, longest_name: int, longest_limit: int) -> tuple[int, int]:
    """Divide what the figures leave between names and limits."""
    limit = min(longest_limit, max(left - longest_name, min(USUAL_LIMIT, left - MIN_NAME)))
    return min(longest_name, max(MIN_NAME, left - limit)), max(MIN_NAME, limit)


def _left(column: Sequence[str]) -> list[str]:
    width = max(map(len, column))
    return [cell.ljust(width) for cell in column]


def _right(column: Sequence[str]) -> list[str]:
    width = max(map(len, column))
    return [cell.rjust(width) for cell in column]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def shorten_apart(names: Sequence[str], most: int) -> list[str]:
    """Shorten names to at most so many characters, so that most of them stay apart: in the middle, if that does it."""
    kept = most - 1
    same = len(commonprefix([name for name in names if len(name) > most]))  # noqa: RUF071 - names are no paths
    ways = [[_without_middle(name, most, tail) for name in names] for tail in (kept // 2, kept * 3 // 4, kept // 4, 0)]
    ways.append([name if len(name) <= most else _cut(f"…{name[max(0, same - SHARED) :]}", most) for name in names])
    return max(ways, key=lambda way: len(set(way)))  # of equally good ways, the first


def _without_middle(name: str, most: int, tail: int) -> str:
    if len(name) <= most:
        return name
    return f"{name[: most - 1 - tail]}…{name[len(name) - tail :]}"
