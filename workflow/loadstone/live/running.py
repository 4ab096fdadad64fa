"""The measurement that is under way, if one is: its status file, and what its users got in the last second."""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from loadstone.measure.status import NAME, Status

FRESH_S = 10.0
"""A status file younger than this belongs to a live process, whether or not it can be seen from here."""
FORGOTTEN_S = 3600.0
"""One older than this belongs to none, even where a process has its number."""
RECENT_S = 2.5
"""Answers older than this are not of the last second, whatever the file's last line says."""
MAX_BYTES_READ = 1 << 20
"""Bytes of the recorders' files to read each time, over all Locust workers: ten thousand requests, some."""
MIN_BYTES_READ = 1 << 14

Alive = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Running:
    """A measurement under way."""

    status: Status
    folder: Path
    search: str | None
    """The search whose probe it is."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back in the last second, as a sample where there was very much."""

    count: int
    failed: int
    mean_ms: float | None
    """Of those that succeeded, from when they were to be sent, like the report's."""
    p95_ms: float | None


def process_exists(pid: int) -> bool:
    """Tell whether there is a process of that number."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def find_running(results: Path, now: float, alive: Alive = process_exists) -> Running | None:
    """Find the measurement that is under way in `results`; of several, the one that reported last."""
    found = []
    for kind in ("runs", "searches"):
        for folder in results.glob(f"{kind}/*/.*.measuring-*"):
            status = read_status(folder / NAME)
            if status is not None and _is_live(status, now, alive):
                found.append(Running(status, folder, folder.parent.name if kind == "searches" else None))
    return max(found, key=lambda running: running.status.time, default=None)


def _is_live(status: Status, now: float, alive: Alive) -> bool:
    age = now - status.time
    return age < FRESH_S or (age < FORGOTTEN_S and alive(status.pid))


def read_status(path: Path) -> Status | None:
    """Read a status file; None where there is none that can be read."""
    try:
        return Status.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def last_answers(running: Running, now: float) -> Answers:
    """Sum up the last line of each recorder's file."""
    workers = running.status.run.load.workers
    most = max(MIN_BYTES_READ, MAX_BYTES_READ // workers)
    response_ms = []
    failed = count = 0
    for worker in range(workers):
        for ended, ms, error in last_rows(running.folder / f"worker-{worker}.jsonl", most):
            if ended >= now - RECENT_S:
                count += 1
                if error:
                    failed += 1
                else:
                    response_ms.append(ms)
    response_ms.sort()
    return Answers(
        count=count,
        failed=failed,
        mean_ms=sum(response_ms) / len(response_ms) if response_ms else None,
        p95_ms=response_ms[math.ceil(0.95 * len(response_ms)) - 1] if response_ms else None,
    )


def last_rows(path: Path, most: int) -> Iterator[tuple[float, float, bool]]:
    """Read a recorder's last complete line: the end of each request, its response time, and whether it failed.

    Reads `most` bytes at most; of a longer line, the last rows.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most))
            tail = file.read(most)
    except OSError:
        return
    tail = tail[: tail.rfind(b"\n")] if b"\n" in tail else b""
    line = tail[tail.rfind(b"\n") + 1 :]
    if len(line) == len(tail) and size > most:
        line = b"[" + line.partition(b"],")[2]  # it begins further back: go on from the next row
    try:
        for row in orjson.loads(line):
            yield _row(row)
    except (ValueError, TypeError, IndexError):
        return


def _row(row: Any) -> tuple[float, float, bool]:
    """Take what is wanted from a row; its places are described in `locustfiles/recorder.py`."""
    sent, service_ms, error, intended = float(row[0]), float(row[1]), row[7], row[8]
    late_ms = 0.0 if intended is None else 1000 * (sent - float(intended))
    return sent + service_ms / 1000, service_ms + late_ms, error is not None
