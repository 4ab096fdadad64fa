"""The load generator: one Locust master and its worker processes."""

import json
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loadstone.errors import GeneratorError
from loadstone.measure.guard import Guard
from loadstone.measure.processes import Child
from loadstone.measure.server import free_port
from loadstone.plan.schedule import Run
from loadstone.suite.settings import DEFAULT_KIND, Load
from loadstone.suite.types import Exponential

USER_CLASSES = {"HttpUser": "AlbumHttpUser", "FastHttpUser": "AlbumFastHttpUser"}
IN_FLIGHT_DEADLINE_S = 30
"""Seconds that requests in flight at the window's end are given to finish."""
EXIT_PATIENCE_S = 10.0
CAN_NOT_RECORD = 74
"""Exit code of a Locust process that can't write: on a full disk it could not even say so."""
SILENT_S = 5.0
"""Seconds without the conductor's beat, one a second, before the master counts as standing still."""
MAX_LOOK_S = 0.5
"""By so much a look without a beat counts at most: if we ourselves stood still, so did the master."""


class LocustFleet:
    """Master and workers of one run, started together."""

    def __init__(self, run: Run, url: str, scratch: Path, logs: Path, guard: Guard) -> None:
        self._timeline = scratch / "timeline.jsonl"
        self._timeline.touch()
        self._records = [scratch / f"worker-{k}.jsonl" for k in range(run.load.workers)]
        self.csv_prefix = scratch / "locust"
        self._seen = 0
        self._id_prefix = "" if run.server.kind == DEFAULT_KIND else f"{secrets.token_hex(4)}-"
        self._beat = 0
        self._looked = 0.0
        self._silent_s = 0.0
        self.started = time.time()
        port = free_port()
        self.workers = [
            Child(self._worker_command(run, url, port, k), logs / f"load-worker-{k}.log", guard)
            for k in range(run.load.workers)
        ]
        self.master = Child(self._master_command(run, url, port), logs / "load-master.log", guard)

    def _common(self, run: Run, url: str) -> list[str]:
        command = [sys.executable, "-m", "locust", "--locustfile", "locustfiles/albums.py", "--host", url]
        command += ["--expect-workers", str(run.load.workers)]
        command += ["--waiting", json.dumps(_waiting(run.load)), "--mix", run.load.mix.model_dump_json()]
        command += ["--id-prefix", self._id_prefix] if self._id_prefix else []
        return [*command, "--albums", str(run.server.albums), "--seed", str(run.seed)]

    def _worker_command(self, run: Run, url: str, port: int, number: int) -> list[str]:
        command = [*self._common(run, url), "--worker", "--master-host", "127.0.0.1", "--master-port", str(port)]
        command += ["--records", str(self._records[number].absolute())]
        return [*command, USER_CLASSES[run.load.user]]

    def _master_command(self, run: Run, url: str, port: int) -> list[str]:
        command = [*self._common(run, url), "--headless", "--master"]
        command += ["--master-bind-host", "127.0.0.1", "--master-bind-port", str(port)]
        command += ["--users", str(run.load.users), "--spawn-rate", f"{run.load.spawn_rate:g}"]
        command += ["--warm-up", f"{run.warm_up:g}", "--window", f"{run.duration:g}"]
        command += ["--stop-timeout", str(IN_FLIGHT_DEADLINE_S), "--exit-code-on-error", "0", "--only-summary"]
        command += ["--csv", str(self.csv_prefix.absolute()), "--timeline", str(self._timeline.absolute())]
        return [*command, USER_CLASSES[run.load.user]]

    def events(self) -> Iterator[tuple[str, float]]:
        """Yield what the conductor noted since the last call: (event, unix seconds)."""
        with self._timeline.open("rb") as file:
            file.seek(self._seen)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._seen += len(line)
                entry: dict[str, Any] = json.loads(line)
                yield entry["event"], float(entry["time"])

    def check_alive(self) -> None:
        """Raise `GeneratorError` if the master or a worker has ended before the load was over."""
        named = [*((f"Locust worker {number}", worker) for number, worker in enumerate(self.workers))]
        for name, process in [*named, ("Locust's master", self.master)]:
            if process.exit_code == CAN_NOT_RECORD:
                free = shutil.disk_usage(self._timeline.parent).free / 2**20
                raise GeneratorError(f"{name} could not write what it recorded ({free:.1f} MB are free on that disk)")
            if process.exit_code is not None:
                raise GeneratorError(f"{name} ended with exit code {process.exit_code}: {process.last_words()}")

    def check_beat(self) -> None:
        """Raise `GeneratorError` if the master has been standing still for some time. To be called again and again."""
        now = time.monotonic()
        beat = self._timeline.stat().st_mtime_ns
        quiet = beat == self._beat
        self._silent_s = self._silent_s + min(now - self._looked, MAX_LOOK_S) if quiet else 0.0
        self._beat, self._looked = beat, now
        if self._silent_s > SILENT_S:
            raise GeneratorError("Locust's master has stopped reporting")

    def totals(self) -> tuple[int, int]:
        """Requests and failures so far, a second old at most."""
        requests = failures = 0
        for path in self._records:
            totals = path.with_name(path.name + ".totals")
            numbers = totals.read_text("ascii").split() if totals.exists() else []
            if len(numbers) == 2:  # else it is being written
                requests, failures = requests + int(numbers[0]), failures + int(numbers[1])
        return requests, failures

    def join(self) -> dict[str, int | None]:
        """Wait for the end of all processes once the load is over; return exit codes by name."""
        codes: dict[str, int | None] = {"load-master": self.master.join(EXIT_PATIENCE_S)}
        for number, worker in enumerate(self.workers):
            codes[f"load-worker-{number}"] = worker.join(EXIT_PATIENCE_S)
        return codes

    def kill(self) -> None:
        """End all processes at once."""
        for child in [self.master, *self.workers]:
            child.join(0)

    @property
    def records(self) -> list[Path]:
        """Recorder files, one a worker."""
        return self._records


def _waiting(load: Load) -> dict[str, Any]:
    """Say when users ask, as the locustfile wants it."""
    if load.arrivals is not None:
        return {"rate": load.arrivals.rate, "kind": load.arrivals.kind}
    if load.pacing is not None:
        return {"pacing": load.pacing}
    if isinstance(load.think_time, Exponential):
        return {"exponential": load.think_time.exponential}
    return {"uniform": list(load.think_time)}
