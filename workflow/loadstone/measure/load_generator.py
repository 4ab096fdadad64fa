"""The load generator: one Locust master and its workers."""

import json
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from loadstone.errors import GeneratorError, MeasureError, ServerError
from loadstone.measure.forked import Fork, Forks
from loadstone.measure.load_identity import ask_versions, hash_own_files
from loadstone.measure.locust_command import LocustCommand, make_id_prefix
from loadstone.measure.locust_exit import explain_exit, find_place
from loadstone.measure.ports import free_port
from loadstone.measure.processes import Child
from loadstone.measure.workspace import Workspace
from loadstone.plan.schedule import Run

EXIT_PATIENCE_S = 10.0
CANNOT_RECORD, REFUSED = 74, 78
"""Exit codes of a Locust process that cannot write, and of one that must not go on (see `loadstone.instrument`). The
log of the first may be empty: on a full disk it cannot write that either."""
MAX_SILENCE_S = 5.0
"""Seconds without the conductor's beat, which comes once per second, after which the master counts as stopped."""
MAX_STEP_S = 0.5
"""Seconds that one call of `check_beat` adds to the silence at most: a longer gap means that this process stood still,
and then the master may have stood still too."""
MAX_LOG_BYTES = 20 * 2**20
"""Bytes of a Locust process's log, above which the run breaks: printing takes CPU that the users need, and disk."""
ABORT_PATIENCE_S = 2.0
SAFE_PATH_SINCE = (3, 11)
"""Version of Python that has the option -P."""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])


class Totals(NamedTuple):
    """What the recorders have counted."""

    requests: int
    failures: int
    ignored: int
    """Events that the suite ignores."""
    exceptions: int
    """Exceptions of tasks, and of users that start."""
    untimed: int
    """Events without a usable time."""


class LocustFleet:
    """The master and workers of one run, started together.

    Users start after `begin` has been called. Until then nothing is sent to the server at `url`, which may still be
    starting; a locustfile of the user's own may send requests when it is loaded.
    """

    def __init__(self, run: Run, url: str, workspace: Workspace) -> None:
        scratch, logs, guard = workspace.scratch, workspace.logs, workspace.guard
        self.timeline = scratch / "timeline.jsonl"
        """The events that the conductor notes, one per line."""
        self.timeline.touch()
        self.records = [scratch / f"worker-{k}.records" for k in range(run.load.workers)]
        """The recorders' files, one per worker, and the master's as the last."""
        self.records.append(scratch / "master.records")
        self.csv_prefix = scratch / "locust"
        self._go_ahead = scratch / "go-ahead"
        self._bytes_read = 0
        self._last_beat = 0
        self._last_check = 0.0
        self._silence_s = 0.0
        self.started = time.time()
        command = LocustCommand(
            run=run,
            url=url,
            base=workspace.base,
            port=free_port(reserved=urlsplit(url).port),
            id_prefix=make_id_prefix(run, secrets.token_hex(4)),
        )
        self._files = command.own_files
        self._follows_shape = run.load.shape == "follow"
        self.digests = hash_own_files(run.load, workspace.base)
        """The user's own files: name in the suite → SHA-256."""
        self.versions = ask_versions(command.python, command.folder) if run.load.python else {}
        """Versions of Python and Locust, if another environment runs Locust."""
        if self.versions:
            command = replace(command, safe_path=_version(self.versions["python"]) >= SAFE_PATH_SINCE)
        environment, folder = command.environment(os.environ), command.folder
        master = command.master(self.csv_prefix, self.timeline, self.records[-1], self._go_ahead)
        commands = [(master, logs / "load-master.log")]
        for k, records in enumerate(self.records[:-1]):
            commands.append((command.worker(records), logs / f"load-worker-{k}.log"))
        self._forks: Forks | None = None
        started: list[Child] = []
        try:
            if run.load.locustfile is None and run.load.python is None and sys.platform == "linux":
                self._forks = Forks(commands, scratch, command.port, guard, environment, folder)
            else:
                for argv, log in commands:
                    started.append(Child(argv, log, guard, environment, folder, inherit=False))
        except OSError as error:
            for child in started:
                child.join(0)
            raise GeneratorError(f"load.python: cannot start {command.python}: {error.strerror}") from None
        processes: list[Child | Fork] = [*(self._forks.processes if self._forks else started)]
        self.master, self.workers = processes[0], processes[1:]

    def begin(self) -> None:
        """Let users start as soon as all workers are set up."""
        self._go_ahead.touch()

    def new_events(self) -> Iterator[tuple[str, float]]:
        """Yield the events that the conductor noted since the last call, as (event, unix seconds)."""
        with self.timeline.open("rb") as file:
            file.seek(self._bytes_read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._bytes_read += len(line)
                entry: dict[str, Any] = json.loads(line)
                yield entry["event"], float(entry["time"])

    def check_alive(self) -> None:
        """Raise `GeneratorError` if the master or a worker has ended. To be called only while there is load."""
        named_workers = [(f"Locust worker {number}", worker) for number, worker in enumerate(self.workers)]
        for name, process in [*named_workers, ("Locust's master", self.master)]:
            if process.exit_code == CANNOT_RECORD:
                free_mb = shutil.disk_usage(self.timeline.parent).free / 2**20
                raise GeneratorError(f"{name} could not write its records ({free_mb:.1f} MB are free on that disk)")
            if process.exit_code is not None:
                raise GeneratorError(self._explain_end(name, process))
            if process.log.stat().st_size > MAX_LOG_BYTES:
                raise GeneratorError(
                    f"{name} printed more than {MAX_LOG_BYTES // 2**20} MB: let {self._names} print less"
                )

    @property
    def _names(self) -> str:
        return ", ".join(path.name for path in self._files) or "the users"

    def _explain_end(self, name: str, process: Child | Fork) -> str:
        """Explain in a sentence why a process ended before the load was over."""
        code = process.exit_code
        if code == REFUSED:
            return process.last_words()
        if self._files:
            if reason := explain_exit(process.end_of_log(), self._files):
                return reason
            if code == 0 and self._bytes_read and self._follows_shape:
                return f"the shape of {self._names} ended before the window did: shorten duration or warm_up"
            if code == 0 and self._bytes_read:
                return f"{name} ended before the window did: {self._names} ends the run by itself"
        doing = f" while it {'ran' if self._bytes_read else 'loaded'} {self._names}" if self._files else ""
        return f"{name} ended with exit code {code}{doing}: {process.last_words()}"

    def explain_late_start(self) -> str:
        """Explain why not all workers have connected. Ends the processes: each writes where it stands."""
        for child in [*self.workers, self.master]:
            child.abort(signal.SIGABRT, ABORT_PATIENCE_S)
        places = (find_place(child.end_of_log(), self._files) for child in [*self.workers, self.master])
        if place := next((place for place in places if place), None):
            return f"{place}: still loading"
        if self._files and not any("Starting Locust" in worker.end_of_log() for worker in self.workers):
            return f"{self._names}: still loading; does it wait for something when it is imported?"
        return "Locust's workers did not all connect"

    def explain_no_request(self, within_s: float | None = None) -> str:
        """Explain why no user has sent a request, as far as the workers' logs show it."""
        within = "" if within_s is None else f" in {within_s:.0f} s"
        return f"{self._names}: its users sent no request{within}{self._trouble()}"

    def explain_silence(self, requests: int, silent_s: float) -> MeasureError:
        """Explain why no request has ended for a time: the users sent none, or the server did not answer."""
        if self._files and not requests:
            return GeneratorError(self.explain_no_request(silent_s))
        return ServerError(f"no answer to any request for {silent_s:.0f} s{self._trouble()}")

    def _trouble(self) -> str:
        reason = self._find_reason() if self._files else None
        return f"; {reason}" if reason else ""

    def _find_reason(self) -> str | None:
        reasons = (explain_exit(worker.end_of_log(), self._files) for worker in self.workers)
        return next((reason for reason in reasons if reason), None)

    def check_users(self) -> None:
        """Raise `GeneratorError` if all users have left. To be called while there is load, and N is constant."""
        counts = self.user_counts()
        if counts and not counts[-1][1] and not self._follows_shape:
            raise GeneratorError(f"all users have left: {self._find_reason() or 'they ended by themselves'}")

    def check_beat(self) -> None:
        """Raise `GeneratorError` if the master has not beaten for `MAX_SILENCE_S`. Call it often."""
        now = time.monotonic()
        beat = self.timeline.stat().st_mtime_ns
        silent = beat == self._last_beat
        self._silence_s = self._silence_s + min(now - self._last_check, MAX_STEP_S) if silent else 0.0
        self._last_beat, self._last_check = beat, now
        if self._silence_s > MAX_SILENCE_S:
            raise GeneratorError("Locust's master has stopped reporting")

    def count_requests(self) -> tuple[int, int]:
        """Count requests and failures so far; the counts are at most a second old."""
        totals = self.totals()
        return totals.requests, totals.failures

    def totals(self) -> Totals:
        """Add up what all processes have counted so far."""
        counts = [0] * len(Totals._fields)
        for path in self.records:
            totals = path.with_name(path.name + ".totals")
            numbers = totals.read_text("ascii").split() if totals.exists() else []
            if len(numbers) == len(counts):  # otherwise the worker is just writing it
                counts = [count + int(number) for count, number in zip(counts, numbers, strict=True)]
        return Totals(*counts)

    def user_counts(self) -> tuple[tuple[float, int], ...]:
        """List each change of the number of users that run, over all workers: unix seconds and the number."""
        changes: list[tuple[float, int, int]] = []
        for worker, path in enumerate(self.records):
            users = path.with_name(path.name + ".users")
            for line in users.read_text("ascii").splitlines() if users.exists() else []:
                when, count = line.split()
                changes.append((float(when), worker, int(count)))
        running = [0] * len(self.records)
        counts: dict[float, int] = {}
        for moment, worker, number in sorted(changes):
            running[worker] = number
            counts[moment] = sum(running)
        return tuple(counts.items())

    def join(self) -> dict[str, int | None]:
        """Wait for all processes to end when the load is over; return exit codes by name."""
        codes: dict[str, int | None] = {"load-master": self.master.join(EXIT_PATIENCE_S)}
        for number, worker in enumerate(self.workers):
            codes[f"load-worker-{number}"] = worker.join(EXIT_PATIENCE_S)
        return codes

    def kill(self) -> None:
        """End all processes at once."""
        for child in [self._forks.parent] if self._forks else [self.master, *self.workers]:
            child.join(0)

    def processes(self) -> list[tuple[str, int]]:
        """List its processes as (role, pid)."""
        named = [("load-master", self.master), *(("load-worker", worker) for worker in self.workers)]
        return [(role, pid) for role, process in named if (pid := process.pid) is not None]

    def remove_raw_records(self) -> None:
        """Remove the files that are no part of a result once the requests are collected."""
        self.timeline.unlink()
        self._go_ahead.unlink()
        if self._forks:
            self._forks.remove_files()
        for path in self.records:
            for ending in ("", ".totals", ".users", ".recent"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
