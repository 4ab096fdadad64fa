"""Write `live.json` while a run is measured (see `loadstone.results.live`).

If the file cannot be written, the run continues without it.
"""

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from loadstone.measure.machine import count_cores
from loadstone.plan.schedule import Run
from loadstone.results.live import LIVE_JSON, LiveStatus, write_live_status

INTERVAL_S = 1.0
MAX_EARLINESS_S = 0.1
"""Seconds by which a beat may come early. Beats come with samples, a quarter of a second apart."""
MAX_RATES = 300
"""Rates that the file holds: the last five minutes."""
MAX_SILENCE_S = 2.5
"""Seconds without new requests after which a Locust worker's rate counts as 0."""


class LiveStatusFile:
    """The file of one run. `times` are the run's events so far; the caller adds to them."""

    def __init__(self, run: Run, folder: Path, times: Mapping[str, float]) -> None:
        self._run = run
        self._path = folder / LIVE_JSON
        self._times = times
        self._began = self._phase_began = time.time()
        self._phase = "starting"
        self._next_beat = 0.0
        self._requests = self._failures = 0
        self._workers: dict[Path, _WorkerRate] = {}
        self._rates: deque[tuple[float, float]] = deque(maxlen=MAX_RATES)
        self._cpu: dict[str, float] = {}

    def enter_phase(self, phase: str) -> None:
        """Write that a phase has begun."""
        self._phase, self._phase_began = phase, time.time()
        self._write()

    def beat(
        self, requests: int, failures: int, records: Sequence[Path], cpus_by_role: Callable[[], Mapping[str, float]]
    ) -> None:
        """Write the figures of the last second, if a second is over. `records` are the recorders' files."""
        if time.monotonic() < self._next_beat:
            return
        self._next_beat = time.monotonic() + INTERVAL_S - MAX_EARLINESS_S
        now = time.time()
        rate = sum(self._workers.setdefault(path, _WorkerRate(path)).update(now) for path in records)
        self._requests, self._failures = requests, failures
        self._rates.append((round(now, 2), round(rate, 2)))
        self._cpu = {role: round(cpus, 3) for role, cpus in cpus_by_role().items()}
        self._write()

    def remove(self) -> None:
        """Remove the file, before the scratch folder becomes the result."""
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        status = LiveStatus(
            pid=os.getpid(),
            run=self._run,
            time=time.time(),
            began=self._began,
            phase=self._phase,
            phase_began=self._phase_began,
            times=dict(self._times),
            requests=self._requests,
            failures=self._failures,
            rates=tuple(self._rates),
            cpu=self._cpu,
            cores=count_cores(),
        )
        with contextlib.suppress(OSError):
            write_live_status(status, self._path)


class _WorkerRate:
    """Requests/s of one Locust worker: the requests between its last two reports over the time between them."""

    def __init__(self, record: Path) -> None:
        self._totals = record.with_name(record.name + ".totals")
        self._requests = 0
        self._reported: float | None = None
        self._rate = 0.0

    def update(self, now: float) -> float:
        """Read the worker's totals; return its rate."""
        with contextlib.suppress(OSError, ValueError):  # ValueError: the worker is just writing the file
            requests, *_ = map(int, self._totals.read_text("ascii").split())
            reported = self._totals.stat().st_mtime
            if requests != self._requests:
                since_s = INTERVAL_S if self._reported is None else max(reported - self._reported, MAX_EARLINESS_S)
                self._rate = (requests - self._requests) / since_s
                self._requests, self._reported = requests, reported
        silent = self._reported is None or now - self._reported > MAX_SILENCE_S
        return 0.0 if silent else self._rate
