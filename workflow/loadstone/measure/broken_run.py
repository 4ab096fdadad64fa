"""Keep what a broken run recorded, for inspection: `results/failed/<experiment>/<repeat>/`, never a result.

    failed.json         why it broke, and the run's configuration (see `loadstone.results.failed`)
    requests.parquet    the requests that the recorders wrote, if any
    processes.parquet   the samples, if any; likewise threads.parquet and sockets.parquet
    logs/               logs of all processes

The folder stays until the same run breaks again or succeeds.
"""

import contextlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from loadstone.measure.sampler import Sampler
from loadstone.measure.workspace import Workspace
from loadstone.results.failed import FAILED_JSON, FailedRun, write_failed_run


def keep_broken_run(
    failed_run: FailedRun, workspace: Workspace, records: Sequence[Path], sampler: Sampler, into: Path
) -> None:
    """Assemble the folder `into` from what a broken run left in its workspace, in place of an older one.

    Raises OSError if that fails. A single file that cannot be kept is listed in `failed.json`.
    """
    from loadstone.measure.collect_requests import collect_requests  # pyarrow takes long to import

    kept = workspace.scratch / "failed"
    kept.mkdir()
    missing: list[str] = []
    requests = kept / "requests.parquet"
    rows = _attempt(lambda: collect_requests(records, requests), requests, missing)
    if rows == 0:
        requests.unlink()
    sampler.stop()
    for file in sampler.files:
        _attempt(file.close, file.path, missing)
        if len(file) and file.path.exists():
            file.path.rename(kept / file.path.name)
    workspace.logs.rename(kept / "logs")
    complete = failed_run.model_copy(update={"requests": rows or 0, "missing": tuple(missing)})
    write_failed_run(complete, kept / FAILED_JSON)
    forget_broken_run(into)
    into.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(kept, into)


def forget_broken_run(folder: Path) -> None:
    """Remove what an earlier attempt left, and the folders above it if they are empty then."""
    shutil.rmtree(folder, ignore_errors=True)
    for parent in (folder.parent, folder.parent.parent):
        with contextlib.suppress(OSError):
            parent.rmdir()


def _attempt(write: Callable[[], int | None], path: Path, missing: list[str]) -> int | None:
    """Write a file; if that fails, remove it and note the reason."""
    try:
        return write()
    except (OSError, ValueError) as error:
        path.unlink(missing_ok=True)
        missing.append(f"{path.name}: {error}")
        return None
