"""Find the run that is being measured, and summarise what its users received in the last second."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from loadstone.results.live import LIVE_JSON, SCRATCH_PATTERN, LiveStatus, read_live_status

FRESH_S = 10.0
"""A status younger than this counts as that of a live process, even if the process cannot be seen from here."""
MAX_AGE_S = 3600.0
"""A status older than this counts as that of no process, even if its pid exists: another process has that number."""
RECENT_S = 2.5
"""Answers older than this don't belong to the last second, even if the recorder's file still holds them."""

IsAlive = Callable[[int], bool]
_ROWS = TypeAdapter(list[tuple[float, float, bool]])


@dataclass(frozen=True, slots=True)
class CurrentRun:
    """A run that is being measured."""

    status: LiveStatus
    folder: Path
    """Its scratch folder."""
    search: str | None
    """The capacity search, if the run is a step of one."""


@dataclass(frozen=True, slots=True)
class RecentAnswers:
    """The answers of the last second; a sample of them at very high rates."""

    count: int
    failed: int
    mean_ms: float | None
    """Of the successful ones, from their due time, as in the report; None if there are none."""
    p95_ms: float | None


def process_exists(pid: int) -> bool:
    """Return whether a process with this number exists."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def find_current_run(results: Path, now: float, is_alive: IsAlive = process_exists) -> CurrentRun | None:
    """Find the run in `results` that is being measured; if several are, the one that reported last."""
    runs = []
    for kind in ("runs", "searches"):
        for folder in results.glob(f"{kind}/*/{SCRATCH_PATTERN}"):
            status = read_live_status(folder / LIVE_JSON)
            if status is not None and _is_current(status, now, is_alive):
                runs.append(CurrentRun(status, folder, folder.parent.name if kind == "searches" else None))
    return max(runs, key=lambda run: run.status.time, default=None)


def _is_current(status: LiveStatus, now: float, is_alive: IsAlive) -> bool:
    age_s = now - status.time
    return age_s < FRESH_S or (age_s < MAX_AGE_S and is_alive(status.pid))


def read_recent_answers(run: CurrentRun, now: float) -> RecentAnswers:
    """Summarise the newest requests of each worker."""
    response_ms = []
    failed = count = 0
    for worker in range(run.status.run.load.workers):
        for ended, ms, is_failure in read_recent_rows(run.folder / f"worker-{worker}.records.recent"):
            if ended >= now - RECENT_S:
                count += 1
                if is_failure:
                    failed += 1
                else:
                    response_ms.append(ms)
    response_ms.sort()
    return RecentAnswers(
        count=count,
        failed=failed,
        mean_ms=sum(response_ms) / len(response_ms) if response_ms else None,
        p95_ms=response_ms[math.ceil(0.95 * len(response_ms)) - 1] if response_ms else None,
    )


def read_recent_rows(path: Path) -> list[tuple[float, float, bool]]:
    """Read the newest requests of a worker: each one's end, response time in ms, and whether it failed.

    A file that is missing or damaged has none.
    """
    try:
        return _ROWS.validate_json(path.read_bytes())
    except (OSError, ValueError):
        return []
