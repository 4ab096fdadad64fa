"""Move damaged results out of the way, so that Snakemake makes them again: it remakes only what is missing.

What moves is what one job made: a run's folder, the tables of a run, a search, or one file about all runs. It is moved,
not deleted, to the same place below `damaged/`.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from loadstone.errors import DamagedError, SystemFault

PATH_PARTS = {"runs": 3, "summaries": 3, "searches": 2}
"""Folder of results → number of parts in the path of what one job makes there; 1 everywhere else."""


@contextlib.contextmanager
def quarantine_damaged(damaged: Path | None) -> Iterator[None]:
    """Move results that the block finds damaged to the folder `damaged`, which lies in the results folder.

    Raises `DamagedError`, which names the new places. Without `damaged`, and outside the results, nothing is moved.
    """
    try:
        yield
    except DamagedError as error:
        if damaged is None:
            raise
        units = dict.fromkeys(unit for path in error.paths for unit in _find_unit(path, damaged.parent))
        moved = [line for unit in units for line in _move(damaged.parent, unit, damaged)]
        raise DamagedError("\n".join([*error.lines, *moved]), *error.paths) from None


def _find_unit(path: Path, results: Path) -> list[Path]:
    """Find what one job made that contains `path`, relative to the results; nothing outside the results."""
    with contextlib.suppress(ValueError):
        parts = path.absolute().relative_to(results.absolute()).parts
        return [Path(*parts[: PATH_PARTS.get(parts[0], 1)])]
    return []


def _move(results: Path, unit: Path, damaged: Path) -> list[str]:
    """Move a unit, under a new number if its place is taken; return a line about it, or none if it has gone already."""
    place = damaged / unit
    number = 1
    while place.exists():
        number += 1
        place = damaged / unit.with_name(f"{unit.name}-{number}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        (results / unit).rename(place)
    except FileNotFoundError:
        return []  # another job has moved it
    except OSError as error:
        return SystemFault.of(error, results / unit).lines
    return [f"{results / unit}: moved to {place}: run snakemake to make it again"]
