"""What Snakemake prints while it runs jobs: a line now and then, and a line per failed job.

By itself it prints the inputs of every job, ten kilobytes of them, and the whole command of a job that fails. Its log
file in `.snakemake/log/` keeps all of that. A dry run and `--verbose` print it too.
"""

import contextlib
import logging
import sys
import time
from collections.abc import Collection
from typing import Any

HANDLER = "DefaultStreamHandler"
"""Snakemake's name for the handler that prints."""
MEASURING = ("measure", "search")
"""Rules whose jobs are counted."""
MAX_LINES = 50
"""Lines on finished runs. A campaign of fifty runs prints one per run, a campaign of a hundred one per two runs."""
MAX_SILENCE_S = 60.0
"""Seconds after a line from which the next finished run has one in any case."""
DROPPED = frozenset(
    (
        *("WORKFLOW_STARTED", "RESOURCES_INFO", "JOB_STARTED", "JOB_INFO", "GROUP_INFO", "SHELLCMD"),
        *("JOB_FINISHED", "JOB_ERROR", "PROGRESS"),
    )
)
"""Events that are not printed as they are."""
DROPPED_TEXTS = (
    *("Select jobs to execute...", "Building DAG of jobs..."),
    *("DAG of jobs will be updated after completion.", "Updating checkpoint dependencies."),
)


class ShortLog(logging.Filter):
    """Drops what is said about each job, and prints a line in its place where one is due."""

    def __init__(self, quiet: Collection[str] = ()) -> None:
        """`quiet` are the names that `--quiet` was given, in capitals."""
        super().__init__()
        self._quiet = "ALL" in quiet or "PROGRESS" in quiet
        self._labels: dict[int, str] = {}
        self._counted: set[int] = set()
        self._total = self._finished = 0
        self._last = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide whether a record is printed."""
        event = getattr(getattr(record, "event", None), "name", "")
        match event:
            case "RUN_INFO":
                stats: dict[str, int] = getattr(record, "stats", {})
                self._total = sum(stats.get(rule, 0) for rule in MEASURING)
            case "JOB_INFO":
                self._note(record.__dict__)
            case "JOB_FINISHED":
                self._report_finished(getattr(record, "job_id", -1))
            case "JOB_ERROR":
                self._report_failed(record.__dict__)
            case "ERROR" if getattr(record, "exception", "") == "RuleException":
                return False  # the whole command; JOB_ERROR follows
        return event not in DROPPED and record.msg not in DROPPED_TEXTS

    def _note(self, job: dict[str, Any]) -> None:
        wildcards = job.get("wildcards") or {}
        repeat = f", repeat {wildcards['repeat']}" if "repeat" in wildcards else ""
        name = wildcards.get("experiment") or wildcards.get("search") or ""
        self._labels[job["jobid"]] = f"{name}{repeat}"
        if job.get("rule_name") in MEASURING:
            self._counted.add(job["jobid"])

    def _report_finished(self, job: int) -> None:
        if job not in self._counted:
            return
        self._finished += 1
        now = time.monotonic()
        step, former = (number * MAX_LINES // max(1, self._total) for number in (self._finished, self._finished - 1))
        if step > former or now - self._last >= MAX_SILENCE_S:
            self._last = now
            of_all = f"/{self._total}" * (self._finished <= self._total)  # further ones were granted by a look
            self._print(f"[{self._finished}{of_all}] {self._labels[job]} measured")

    def _report_failed(self, job: dict[str, Any]) -> None:
        label = self._labels.get(job.get("jobid", -1), "")
        logs = ", ".join(job.get("log") or [])
        what = f"{job.get('rule_name')} ({label})" if label else str(job.get("rule_name"))
        self._print(f"Error in rule {what}" + f", see {logs}" * bool(logs), always=True)

    def _print(self, line: str, *, always: bool = False) -> None:
        if always or not self._quiet:
            with contextlib.suppress(OSError, ValueError):  # the terminal may be gone
                print(line, file=sys.stderr, flush=True)


def shorten_log(logger: logging.Logger, quiet: Collection[object] | None) -> None:
    """Shorten what Snakemake's logger prints; `quiet` is Snakemake's setting of that name."""
    names = {str(getattr(each, "name", each)) for each in quiet or ()}
    for handler in logger.handlers:
        if handler.name == HANDLER:
            handler.filters.insert(0, ShortLog(names))  # first, to see what others drop
