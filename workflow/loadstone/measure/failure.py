"""What is kept of a run that broke, for inspection: `results/failed/<experiment>/<repeat>/`, never a result.

    failed.json         the sentence, the phase and the time, and the run's configuration
    requests.parquet    what the recorders wrote, where there is any
    processes.parquet   the samples, where there are any
    logs/               of all processes

Nothing downstream reads it, but the live view tells of it. It stays until the same run breaks again or succeeds.
"""

import contextlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from loadstone.plan.schedule import Run

if TYPE_CHECKING:  # the live view reads such files, and needs no pyarrow
    from loadstone.measure.probes import Sampler

NAME = "failed.json"


class Failure(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    format: Literal[1] = 1
    sentence: str
    """What went wrong."""
    phase: str
    """In which it did."""
    time: float
    """When it did; all times are unix seconds."""
    times: dict[str, float]
    """Events so far, as in `loadstone.results.run_record.Phases`."""
    requests: int
    """Rows of requests.parquet."""
    missing: tuple[str, ...] = ()
    """What couldn't be kept, and why."""
    run: Run


def read_failure(path: Path) -> Failure | None:
    """Read failed.json; None where there is none that can be read."""
    try:
        return Failure.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def keep_failure(failure: Failure, scratch: Path, records: Sequence[Path], sampler: "Sampler", into: Path) -> None:
    """Put the folder `into` together from a broken run's scratch folder, in place of an older one.

    Raises OSError where that can't be done; what can't be read is told in failed.json.
    """
    from loadstone.measure.collect import collect_requests

    kept = scratch / "failed"
    kept.mkdir()
    missing: list[str] = []
    requests, samples = kept / "requests.parquet", kept / "processes.parquet"
    rows = _attempt(lambda: collect_requests(records, requests), requests, missing)
    if rows == 0:
        requests.unlink()
    _attempt(sampler.close, samples, missing)
    if len(sampler):
        (scratch / samples.name).rename(samples)
    (scratch / "logs").rename(kept / "logs")
    known = failure.model_copy(update={"requests": rows or 0, "missing": tuple(missing)})
    (kept / NAME).write_text(known.model_dump_json(indent=2) + "\n", encoding="utf-8")
    forget_failure(into)
    into.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(kept, into)


def forget_failure(folder: Path) -> None:
    """Remove what is kept of an earlier attempt, and the folders above it that are then empty."""
    shutil.rmtree(folder, ignore_errors=True)
    for empty in (folder.parent, folder.parent.parent):
        with contextlib.suppress(OSError):
            empty.rmdir()


def _attempt(write: Callable[[], int | None], path: Path, missing: list[str]) -> int | None:
    """Write a file; where that fails, leave none and note why."""
    try:
        return write()
    except (OSError, ValueError) as error:
        path.unlink(missing_ok=True)
        missing.append(f"{path.name}: {error}")
        return None
