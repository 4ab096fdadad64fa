"""Read how past attempts at a run ended: the record of one that finished, the reason of one that did not."""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from loadstone.errors import ResultError
from loadstone.results.failed import FAILED_JSON, read_failed_run
from loadstone.results.run_record import read_record

RUN_FILES = ("run.json", "requests.parquet", "processes.parquet", "threads.parquet", "sockets.parquet")
"""If one of these is missing, Snakemake measures the run again."""
TAIL_BYTES = 1 << 12
"""Bytes that are read from the end of a run's log."""
STOPPED = re.compile(r"\S+, repeat \d+: (stopped by SIG.*)")
"""The last line in the log of a run that a signal stopped."""
MAX_CHARACTERS = 300
"""Characters of a reason that are shown."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that left a result. Times are unix seconds."""

    values: str
    """What it was measured with, as the JSON of `loadstone.plan.schedule.Run`."""
    began: float
    ended: float
    """When its load was over, before collecting."""
    stored: float
    """When its record was written."""


@dataclass(frozen=True, slots=True)
class UnfinishedAttempt:
    """The last attempt at a run or a capacity search, which left no result."""

    reason: str
    stopped: bool
    """Whether a signal stopped it; otherwise it broke."""
    when: float
    """Unix seconds."""
    kept: Path
    """Where to look for more: the folder of what it had recorded, or its log."""


def read_finished_run(folder: Path) -> FinishedRun | None:
    """Read the result in `folder`; None if it is incomplete or cannot be read."""
    try:
        record, *_ = [(folder / name).stat() for name in RUN_FILES]
    except OSError:
        return None
    return _read_record(folder / "run.json", record.st_mtime_ns, record.st_size)


@lru_cache(maxsize=8192)
def _read_record(path: Path, mtime_ns: int, _: int) -> FinishedRun | None:
    """Read `run.json`, again only if its modification time or size has changed."""
    try:
        record = read_record(path)
    except ResultError:
        return None
    began, ended = record.phases.server_started, record.phases.server_stopped  # of an imported run
    if record.state_before is not None and record.state_after is not None:
        began, ended = record.state_before.time, record.state_after.time
    return FinishedRun(record.run.model_dump_json(), began, ended, mtime_ns / 1e9)


def read_unfinished_attempt(log: Path, failed: Path) -> UnfinishedAttempt | None:
    """Read why the last attempt left no result, from its log and the folder `failed` of what was kept of it.

    None if no attempt was made, or the last one finished.
    """
    stopped = _read_stopped(log)
    # a run has one such file, a capacity search one per step
    paths = [failed / FAILED_JSON, *failed.glob(f"*/{FAILED_JSON}")]
    broken_runs = [(broken, path.parent) for path in paths if (broken := read_failed_run(path))]
    latest = max(broken_runs, key=lambda run: run[0].time, default=None)
    if latest is None or (stopped is not None and stopped.when > latest[0].time):
        return stopped
    broken, folder = latest
    return UnfinishedAttempt(broken.sentence[:MAX_CHARACTERS], False, broken.time, folder)


def _read_stopped(log: Path) -> UnfinishedAttempt | None:
    """Read from a run's log that a signal stopped it."""
    try:
        when = log.stat().st_mtime
    except OSError:
        return None
    stopped = STOPPED.fullmatch(read_last_line(log))
    return UnfinishedAttempt(stopped[1][:MAX_CHARACTERS], True, when, log) if stopped else None


def read_last_line(log: Path) -> str:
    """Return the last line of a log that is not blank; empty if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
