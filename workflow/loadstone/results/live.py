"""`live.json`: how the current run is doing. `measure` writes it about once per second, and the live view reads it.

It lies in the run's scratch folder and is removed with that folder: it is no part of a result.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from loadstone.files import write_text
from loadstone.plan.schedule import Run

LIVE_JSON = "live.json"

SCRATCH_PATTERN = ".*.measuring-*"
"""Glob for scratch folders, in the folder that holds the results of the experiment or the search."""


def scratch_folder(into: Path, pid: int) -> Path:
    """Name the folder in which process `pid` assembles the result `into`."""
    return into.with_name(f".{into.name}.measuring-{pid}")


class LiveStatus(BaseModel):
    """The file. All times are unix seconds."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    format: Literal[1] = 1
    pid: int
    """The process that measures."""
    run: Run
    time: float
    """When the file was written."""
    began: float
    phase: str
    phase_began: float
    times: dict[str, float]
    """Events so far, named as in `loadstone.results.run_record.Phases`."""
    requests: int
    """Requests of the whole run so far."""
    failures: int
    """Failed ones among them."""
    rates: tuple[tuple[float, float], ...]
    """(time, requests/s), one per second, for the last minutes."""
    cpu: dict[str, float]
    """Role → CPUs that it used in the last second."""
    cores: int
    """CPUs that the run may use."""


def write_live_status(status: LiveStatus, path: Path) -> None:
    """Replace the file as a whole. Raises OSError."""
    write_text(path, status.model_dump_json() + "\n")


def read_live_status(path: Path) -> LiveStatus | None:
    """Read the file; None if it is missing or cannot be read."""
    try:
        return LiveStatus.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
