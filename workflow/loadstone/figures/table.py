"""What was read from a file: the tests, which columns were understood, and what was assumed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loadstone.figures.row import LoadTestRow


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTestTable:
    """Load tests with how they were read. Show `understood`, `left_out` and `notes` with every table."""

    rows: list[LoadTestRow]
    kind: str
    """What the file is: `CSV`, `wrk`, `Locust's statistics` …"""
    understood: Mapping[str, str] = field(default_factory=dict)
    """Column or line of the file → its meaning in words, with the unit."""
    left_out: tuple[str, ...] = ()
    """Columns that were not understood, or say nothing that is used."""
    notes: tuple[str, ...] = ()
    """What was assumed, one clause each: "decimal commas, by column rps", "3 rows without figures left out"."""
