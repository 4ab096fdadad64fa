"""`failed.json`: why a run broke. `measure` writes it, and the live view reads it.

It lies in `results/failed/<experiment>/<repeat>/`, next to what the run had recorded. That folder is never a
result: no stage after `measure` reads it.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from loadstone.files import write_text
from loadstone.plan.schedule import Run

FAILED_JSON = "failed.json"


class FailedRun(BaseModel):
    """The file. All times are unix seconds."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    format: Literal[1] = 1
    sentence: str
    """What went wrong."""
    phase: str
    """The phase in which the run broke."""
    time: float
    """When it broke."""
    times: dict[str, float]
    """Events so far, named as in `loadstone.results.run_record.Phases`."""
    requests: int
    """Rows of the `requests.parquet` in the same folder."""
    missing: tuple[str, ...] = ()
    """Files that could not be kept, each with the reason."""
    run: Run


def write_failed_run(failed: FailedRun, path: Path) -> None:
    """Write the file. Raises OSError."""
    write_text(path, failed.model_dump_json(indent=2) + "\n")


def read_failed_run(path: Path) -> FailedRun | None:
    """Read the file; None if it is missing or cannot be read."""
    try:
        return FailedRun.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
