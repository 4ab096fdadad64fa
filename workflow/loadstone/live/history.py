"""What is known of runs that are over: their records, the last words of those that broke, Snakemake's last campaign."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from loadstone.errors import ResultError
from loadstone.measure.failure import NAME, read_failure
from loadstone.results.run_record import read_record

RUN_FILES = ("run.json", "requests.parquet", "processes.parquet")
"""Without each of these Snakemake measures a run again."""
MAX_LOGS = 40
"""Newest logs of Snakemake to look at."""
HEAD, TAIL = 1 << 13, 1 << 12
"""Bytes to read from the begin of Snakemake's log, and from the end of a run's."""

STOPPED = re.compile(r"\S+, repeat \d+: (stopped by SIG.*)")
"""Last line that the log of a run has that somebody stopped."""
MAX_CHARACTERS = 300
DEFAULT_SUITE = "config.yaml"
"""Name of the suite where Snakemake's command names none."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that left a result."""

    values: str
    """Its conditions, name and seed, as the JSON of `loadstone.plan.schedule.Run`."""
    began: float
    ended: float
    """Unix seconds; collecting comes after."""
    stored: float
    """When its record was written."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A run, or a search, of which the last attempt left no result."""

    words: str
    stopped: bool
    """Whether somebody stopped it."""
    when: float
    kept: Path
    """Where more is to be found: a folder of what it had recorded, or a log."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """What Snakemake set out to do when it last measured something."""

    began: float
    runs: int
    searches: int


def finished_run(folder: Path) -> Finished | None:
    """Read the result in `folder`; None where there is none that is complete and can be read."""
    try:
        known = [(folder / name).stat() for name in RUN_FILES]
    except OSError:
        return None
    return _finished(folder / "run.json", known[0].st_mtime_ns, known[0].st_size)


@lru_cache(maxsize=8192)
def _finished(path: Path, mtime_ns: int, _: int) -> Finished | None:
    try:
        record = read_record(path)
    except ResultError:
        return None
    began, ended = record.state_before.time, record.state_after.time
    return Finished(record.run.model_dump_json(), began, ended, mtime_ns / 1e9)


def broken_attempt(log: Path, failed: Path) -> Broken | None:
    """Tell how the last attempt broke, by its log and by what was kept of it in the folder `failed`.

    None where it didn't, or was never made.
    """
    stopped = _stopped(log)
    kept = [(failure, path.parent) for path in _failures(failed) if (failure := read_failure(path))]
    newest = max(kept, key=lambda known: known[0].time, default=None)
    if newest is None or (stopped is not None and stopped.when > newest[0].time):
        return stopped
    failure, folder = newest
    return Broken(failure.sentence[:MAX_CHARACTERS], False, failure.time, folder)


def _failures(failed: Path) -> list[Path]:
    """Find what was kept of a run, or of a search's probes."""
    return [failed / NAME, *failed.glob(f"*/{NAME}")]


def _stopped(log: Path) -> Broken | None:
    """Tell by a run's log that somebody stopped it."""
    try:
        when = log.stat().st_mtime
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return None
    said = [line.strip() for line in lines if line.strip()]
    words = STOPPED.fullmatch(said[-1]) if said else None
    return Broken(words[1][:MAX_CHARACTERS], True, when, log) if words else None


def last_campaign(folder: Path, suite: Path | None) -> Campaign | None:
    """Find Snakemake's last campaign in `folder` that measured something, of `suite` as far as its command says."""
    logs = sorted(folder.glob(".snakemake/log/*.snakemake.log"), reverse=True)
    for log in logs[:MAX_LOGS]:
        try:
            known = log.stat()
        except OSError:
            continue
        found = _campaign(log, min(known.st_size, HEAD))
        if found is not None and (suite is None or found[1] == suite.name):
            return found[0]
    return None


@lru_cache(maxsize=4 * MAX_LOGS)
def _campaign(log: Path, _: int) -> tuple[Campaign, str] | None:
    """Read the begin of a log, of which so many bytes are there: the campaign, and the name of its suite's file."""
    try:
        with log.open("rb") as file:
            head = file.read(HEAD).decode("utf-8", "replace")
        began = time.mktime(time.strptime(log.name[:17], "%Y-%m-%dT%H%M%S"))
    except (OSError, ValueError, OverflowError):
        return None
    table = head.partition("\nJob stats:\n")[2].partition("\n\n")[0]
    jobs = dict(_jobs(table))
    runs, searches = jobs.get("measure", 0), jobs.get("search", 0)
    if not runs and not searches:
        return None
    suite = re.search(r"^ *Command: .*\bsuite=(\S+)", head, re.MULTILINE)
    return Campaign(began, runs, searches), Path(suite[1].strip("'\"")).name if suite else DEFAULT_SUITE


def _jobs(table: str) -> Iterator[tuple[str, int]]:
    for line in table.splitlines():
        name, _, count = line.rpartition(" ")
        if count.isdigit():
            yield name.strip(), int(count)
