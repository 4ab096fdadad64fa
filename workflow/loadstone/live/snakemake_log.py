"""Read from Snakemake's own logs which campaign last measured something, and how much it set out to measure."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MAX_LOGS = 40
"""Newest logs that are read."""
HEAD_BYTES = 1 << 13
"""Bytes that are read of each: the command and the table of jobs come first."""
DEFAULT_SUITE = "config.yaml"
"""File name of the suite if Snakemake's command names none."""


@dataclass(frozen=True, slots=True)
class PlannedJobs:
    """The measuring jobs that Snakemake planned when it last measured something."""

    began: float
    """When that campaign began; unix seconds."""
    runs: int
    searches: int


def find_last_campaign(folder: Path, suite: Path | None) -> PlannedJobs | None:
    """Find the last campaign in `folder` that measured something; of `suite`, as far as its command names one."""
    logs = sorted(folder.glob(".snakemake/log/*.snakemake.log"), reverse=True)
    for log in logs[:MAX_LOGS]:
        try:
            size = log.stat().st_size
        except OSError:
            continue
        campaign = _read_log(log, min(size, HEAD_BYTES))
        if campaign is not None and (suite is None or campaign[1] == suite.name):
            return campaign[0]
    return None


@lru_cache(maxsize=4 * MAX_LOGS)
def _read_log(log: Path, _: int) -> tuple[PlannedJobs, str] | None:
    """Read the jobs and the file name of the suite from a log; the second argument is the size of what can be read."""
    try:
        with log.open("rb") as file:
            head = file.read(HEAD_BYTES).decode("utf-8", "replace")
        began = time.mktime(time.strptime(log.name[:17], "%Y-%m-%dT%H%M%S"))
    except (OSError, ValueError, OverflowError):
        return None
    table = head.partition("\nJob stats:\n")[2].partition("\n\n")[0]
    jobs = dict(_read_jobs(table))
    runs, searches = jobs.get("measure", 0), jobs.get("search", 0)
    if not runs and not searches:
        return None
    suite = re.search(r"^ *Command: .*\bsuite=(\S+)", head, re.MULTILINE)
    return PlannedJobs(began, runs, searches), Path(suite[1].strip("'\"")).name if suite else DEFAULT_SUITE


def _read_jobs(table: str) -> Iterator[tuple[str, int]]:
    for line in table.splitlines():
        name, _, count = line.rpartition(" ")
        if count.isdigit():
            yield name.strip(), int(count)
