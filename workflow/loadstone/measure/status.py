"""`live.json`: how a measurement under way is doing, for those who watch it (`loadstone serve`).

It lies in the run's scratch folder and goes when that goes: it is no part of a result, and nothing but the live view
reads it. About once a second it is replaced as a whole; where it can't be written, the run goes on without.
"""

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from loadstone.plan.schedule import Run

NAME = "live.json"
INTERVAL_S = 1.0
EARLY_S = 0.1
"""By so much a beat may come early: they are taken where samples are, a quarter of a second apart."""
MAX_RATES = 300
SILENT_S = 2.5
"""A Locust worker that has answered nothing for so long has a rate of 0."""


class Status(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    format: Literal[1] = 1
    pid: int
    """Process that measures."""
    run: Run
    time: float
    """When it was written; all times are unix seconds."""
    began: float
    phase: str
    phase_began: float
    times: dict[str, float]
    """Events so far, as in `loadstone.results.run_record.Phases`."""
    requests: int
    """Of the whole run so far."""
    failures: int
    rates: tuple[tuple[float, float], ...]
    """Time and requests/s, one a second, the last `MAX_RATES`."""
    cpu: dict[str, float]
    """Role → CPUs it used in the last second."""
    cores: int


class StatusFile:
    """Writes it."""

    def __init__(self, run: Run, folder: Path, times: Mapping[str, float]) -> None:
        self._run = run
        self._path = folder / NAME
        self._times = times
        self._began = self._phase_began = time.time()
        self._phase = "starting"
        self._due = 0.0
        self._counts = (0, 0)
        self._workers: dict[Path, _Worker] = {}
        self._rates: deque[tuple[float, float]] = deque(maxlen=MAX_RATES)
        self._cpu: dict[str, float] = {}

    def phase(self, text: str) -> None:
        """Note that a phase has begun."""
        self._phase, self._phase_began = text, time.time()
        self._write()

    def beat(
        self, requests: int, failures: int, records: Sequence[Path], busy: Callable[[], Mapping[str, float]]
    ) -> None:
        """Note the figures of the last second, unless it isn't over yet. `records` are the recorders' files."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + INTERVAL_S - EARLY_S
        now = time.time()
        rate = sum(self._workers.setdefault(path, _Worker(path)).rate(now) for path in records)
        self._counts = requests, failures
        self._rates.append((round(now, 2), round(rate, 2)))
        self._cpu = {role: round(cpus, 3) for role, cpus in busy().items()}
        self._write()

    def remove(self) -> None:
        """Take it away: what is left becomes a result."""
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        status = Status(
            pid=os.getpid(),
            run=self._run,
            time=time.time(),
            began=self._began,
            phase=self._phase,
            phase_began=self._phase_began,
            times=dict(self._times),
            requests=self._counts[0],
            failures=self._counts[1],
            rates=tuple(self._rates),
            cpu=self._cpu,
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        )
        new = self._path.with_name(f"{NAME}.new")
        try:
            new.write_text(status.model_dump_json() + "\n", encoding="utf-8")
            new.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                new.unlink()


class _Worker:
    """The pace of one Locust worker: what it last reported, by the time since it reported before."""

    def __init__(self, record: Path) -> None:
        self._totals = record.with_name(record.name + ".totals")
        self._requests = 0
        self._when: float | None = None
        self._rate = 0.0

    def rate(self, now: float) -> float:
        """Requests/s."""
        with contextlib.suppress(OSError, ValueError):
            requests, _ = map(int, self._totals.read_text("ascii").split())  # ValueError: it is being written
            when = self._totals.stat().st_mtime
            if requests != self._requests:
                since = INTERVAL_S if self._when is None else max(when - self._when, EARLY_S)
                self._rate = (requests - self._requests) / since
                self._requests, self._when = requests, when
        silent = self._when is None or now - self._when > SILENT_S
        return 0.0 if silent else self._rate
