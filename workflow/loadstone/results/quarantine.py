"""Set damaged results aside: Snakemake remakes what is missing, and nothing else.

The unit is what one job makes: a run's folder, the tables of a run, a search, or one file of all runs together. It is
moved, not deleted, to the same place below `damaged/`.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from loadstone.errors import DamagedError, SystemFault

Damaged = Annotated[
    Path | None, typer.Option(help="Folder in the results for what is found damaged; without, it is only named.")
]
PARTS = {"runs": 3, "summaries": 3, "searches": 2}
"""Folder of results → parts of the path of one unit in it."""


@contextlib.contextmanager
def setting_aside(damaged: Path | None) -> Iterator[None]:
    """Move what turns out to be damaged below the folder `damaged`, which lies in the results.

    Raises `DamagedError`, with where it has gone. Without `damaged`, and outside of the results, nothing is moved.
    """
    try:
        yield
    except DamagedError as error:
        if damaged is None:
            raise
        units = dict.fromkeys(unit for path in error.paths for unit in _unit(path, damaged.parent))
        moved = [line for unit in units for line in _move(damaged.parent, unit, damaged)]
        raise DamagedError("\n".join([*error.lines, *moved]), *error.paths) from None


def _unit(path: Path, results: Path) -> list[Path]:
    """Find what one job made of which `path` is a part, relative to the results."""
    with contextlib.suppress(ValueError):
        parts = path.absolute().relative_to(results.absolute()).parts
        return [Path(*parts[: PARTS.get(parts[0], 1)])]
    return []


def _move(results: Path, unit: Path, damaged: Path) -> list[str]:
    place = damaged / unit
    number = 1
    while place.exists():
        number += 1
        place = damaged / unit.with_name(f"{unit.name}-{number}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        (results / unit).rename(place)
    except FileNotFoundError:
        return []  # another job was quicker
    except OSError as error:
        return SystemFault.of(error, results / unit).lines
    return [f"{results / unit}: set aside as {place}: run snakemake again to make it again"]
