"""The load generator: one Locust master and its workers."""

import json
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from typing import Any

from loadstone.errors import GeneratorError
from loadstone.measure.ports import LOOPBACK, free_port
from loadstone.measure.processes import Child
from loadstone.measure.workspace import Workspace
from loadstone.plan.schedule import Run
from loadstone.suite.load_settings import Load
from loadstone.suite.settings import DEFAULT_KIND
from loadstone.suite.types import Exponential

USER_CLASSES = {"HttpUser": "AlbumHttpUser", "FastHttpUser": "AlbumFastHttpUser"}
IN_FLIGHT_DEADLINE_S = 30
"""Seconds that requests in flight have to finish after the window's end."""
EXIT_PATIENCE_S = 10.0
CANNOT_RECORD = 74
"""Exit code of a Locust process that cannot write (see `locustfiles/failures.py`). Its log may be empty: on a full disk
it cannot write that either."""
MAX_SILENCE_S = 5.0
"""Seconds without the conductor's beat, which comes once per second, after which the master counts as stopped."""
MAX_STEP_S = 0.5
"""Seconds that one call of `check_beat` adds to the silence at most: a longer gap means that this process stood still,
and then the master may have stood still too."""


class LocustFleet:
    """The master and workers of one run, started together."""

    def __init__(self, run: Run, url: str, workspace: Workspace) -> None:
        scratch, logs, guard = workspace.scratch, workspace.logs, workspace.guard
        self.timeline = scratch / "timeline.jsonl"
        """The events that the conductor notes, one per line."""
        self.timeline.touch()
        self.records = [scratch / f"worker-{k}.jsonl" for k in range(run.load.workers)]
        """The recorders' files, one per worker."""
        self.csv_prefix = scratch / "locust"
        self._bytes_read = 0
        self._id_prefix = "" if run.server.kind == DEFAULT_KIND else f"{secrets.token_hex(4)}-"
        self._last_beat = 0
        self._last_check = 0.0
        self._silence_s = 0.0
        self.started = time.time()
        port = free_port()
        self.workers = [
            Child(self._worker_command(run, url, port, k), logs / f"load-worker-{k}.log", guard)
            for k in range(run.load.workers)
        ]
        self.master = Child(self._master_command(run, url, port), logs / "load-master.log", guard)

    def _common_options(self, run: Run, url: str) -> list[str]:
        command = [sys.executable, "-m", "locust", "--locustfile", "locustfiles/albums.py", "--host", url]
        command += ["--expect-workers", str(run.load.workers)]
        command += [
            "--waiting",
            json.dumps(_waiting_option(run.load)),
            "--mix",
            run.load.mix.model_dump_json() if run.load.mix else "{}",
        ]
        command += ["--id-prefix", self._id_prefix] if self._id_prefix else []
        return [*command, "--albums", str(run.server.albums), "--seed", str(run.seed)]

    def _worker_command(self, run: Run, url: str, port: int, number: int) -> list[str]:
        command = [*self._common_options(run, url), "--worker", "--master-host", LOOPBACK, "--master-port", str(port)]
        command += ["--records", str(self.records[number].absolute())]
        return [*command, USER_CLASSES[run.load.user]]

    def _master_command(self, run: Run, url: str, port: int) -> list[str]:
        command = [*self._common_options(run, url), "--headless", "--master"]
        command += ["--master-bind-host", LOOPBACK, "--master-bind-port", str(port)]
        command += ["--users", str(run.load.users), "--spawn-rate", f"{run.load.spawn_rate:g}"]
        command += ["--warm-up", f"{run.warm_up:g}", "--window", f"{run.duration:g}"]
        command += ["--stop-timeout", str(IN_FLIGHT_DEADLINE_S), "--exit-code-on-error", "0", "--only-summary"]
        command += ["--csv", str(self.csv_prefix.absolute()), "--timeline", str(self.timeline.absolute())]
        return [*command, USER_CLASSES[run.load.user]]

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
                raise GeneratorError(f"{name} ended with exit code {process.exit_code}: {process.last_words()}")

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
        requests = failures = 0
        for path in self.records:
            totals = path.with_name(path.name + ".totals")
            numbers = totals.read_text("ascii").split() if totals.exists() else []
            if len(numbers) == 2:  # otherwise the worker is just writing it
                requests, failures = requests + int(numbers[0]), failures + int(numbers[1])
        return requests, failures

    def join(self) -> dict[str, int | None]:
        """Wait for all processes to end when the load is over; return exit codes by name."""
        codes: dict[str, int | None] = {"load-master": self.master.join(EXIT_PATIENCE_S)}
        for number, worker in enumerate(self.workers):
            codes[f"load-worker-{number}"] = worker.join(EXIT_PATIENCE_S)
        return codes

    def kill(self) -> None:
        """End all processes at once."""
        for child in [self.master, *self.workers]:
            child.join(0)

    def processes(self) -> list[tuple[str, int]]:
        """List its processes as (role, pid)."""
        return [("load-master", self.master.pid), *(("load-worker", worker.pid) for worker in self.workers)]

    def remove_raw_records(self) -> None:
        """Remove the files that are no part of a result once the requests are collected."""
        self.timeline.unlink()
        for path in self.records:
            path.unlink(missing_ok=True)
            path.with_name(path.name + ".totals").unlink(missing_ok=True)


def _waiting_option(load: Load) -> dict[str, Any]:
    """Write when users send requests, as the locustfile's `--waiting` takes it."""
    if load.arrivals is not None:
        return {"rate": load.arrivals.rate, "kind": load.arrivals.kind}
    if load.pacing is not None:
        return {"pacing": load.pacing}
    if isinstance(load.think_time, Exponential):
        return {"exponential": load.think_time.exponential}
    return {"uniform": list(load.think_time or ())}
