"""Find the run that is being measured, and summarise what its users received in the last second."""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from loadstone.results.live import LIVE_JSON, SCRATCH_PATTERN, LiveStatus, read_live_status

FRESH_S = 10.0
"""A status younger than this counts as that of a live process, even if the process cannot be seen from here."""
MAX_AGE_S = 3600.0
"""A status older than this counts as that of no process, even if its pid exists: another process has that number."""
RECENT_S = 2.5
"""Answers older than this don't belong to the last second, even if they are in the file's last line."""
MAX_BYTES_READ = 1 << 20
"""Bytes of the recorders' files that are read each time, over all Locust workers: about ten thousand requests."""
MIN_BYTES_READ = 1 << 14
"""Bytes of one recorder's file that are read in any case."""

IsAlive = Callable[[int], bool]


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
    """Summarise the last line of each recorder's file."""
    workers = run.status.run.load.workers
    max_bytes = max(MIN_BYTES_READ, MAX_BYTES_READ // workers)
    response_ms = []
    failed = count = 0
    for worker in range(workers):
        for ended, ms, is_failure in read_last_rows(run.folder / f"worker-{worker}.jsonl", max_bytes):
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


def read_last_rows(path: Path, max_bytes: int) -> Iterator[tuple[float, float, bool]]:
    """Read a recorder's last complete line. Yield each request's end, response time in ms, and whether it failed.

    Reads at most `max_bytes`; of a longer line, the last rows.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - max_bytes))
            tail = file.read(max_bytes)
    except OSError:
        return
    tail = tail[: tail.rfind(b"\n")] if b"\n" in tail else b""
    line = tail[tail.rfind(b"\n") + 1 :]
    if len(line) == len(tail) and size > max_bytes:
        line = b"[" + line.partition(b"],")[2]  # the line begins before what was read: continue with its next row
    try:
        for row in orjson.loads(line):
            yield _read_row(row)
    except (ValueError, TypeError, IndexError):
        return


def _read_row(row: Any) -> tuple[float, float, bool]:
    """Read the columns that are needed here; `locustfiles/recorder.py` describes all of them."""
    sent, service_ms, error, intended = float(row[0]), float(row[1]), row[7], row[8]
    late_ms = 0.0 if intended is None else 1000 * (sent - float(intended))
    return sent + service_ms / 1000, service_ms + late_ms, error is not None
