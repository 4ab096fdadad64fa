"""What the command line states about a file of figures, where the file itself does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from loadstone.errors import TableError
from loadstone.figures.row import ThinkTimeRange
from loadstone.text import short

Decimal = Literal["comma", "point"]

MAX_FIGURE = 1e12
"""Bound on every figure. Its reciprocal is the lower bound on every figure that is not 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Figures for rows that do not state their own, and how to read the columns."""

    think: ThinkTimeRange | None = None
    decimal: Decimal | None = None
    """The character before the decimals, in every column."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Meaning (`users`, `rps`, `mean_ms` …) → name of the column."""
    users: float | None = None
    duration_s: float | None = None
    ramp_s: float | None = None


def parse_think_time(text: str) -> ThinkTimeRange:
    """Parse `1,2` (uniform) or `1.5` (constant). Raises `TableError` for anything else."""
    try:
        bounds = [float(part) for part in text.split(",")]
    except ValueError:
        bounds = []
    if len(bounds) not in (1, 2) or not all(0 <= b <= MAX_FIGURE for b in bounds) or bounds[0] > bounds[-1]:
        raise TableError(f"--think-time: {short(text)} is not allowed; allowed: seconds, as 1.5 or as low,high")
    return ThinkTimeRange(low=bounds[0], high=bounds[-1])
