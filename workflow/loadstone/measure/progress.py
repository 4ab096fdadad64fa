"""Report a run's progress: a live bar at a terminal, elsewhere one line at its end; in the log, one line per phase."""

import contextlib
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from loadstone.lifecycle.shutdown import PARENT
from loadstone.plan.schedule import Run


class RunProgress:
    """Reports one run on standard error and in `log`."""

    def __init__(self, run: Run, log: Path) -> None:
        self._run = run
        self._log = log
        self._began: float | None = None
        self._last_requests = 0
        self._last_time = 0.0
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.fields[label]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[elapsed]:.0f} of {task.total:.0f} s · {task.fields[phase]}{task.fields[figures]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._log.write_text("", encoding="utf-8")
        self._bar.start()
        self._task = self._bar.add_task(
            "run", total=self._run.expected_s, label=self._run.label, elapsed=0.0, phase="starting", figures=""
        )
        return self

    def report_waiting(self, text: str) -> None:
        """Report what the run waits for before it begins. Its own time has not started."""
        self._report(text)
        self._print(text)

    def enter_phase(self, phase: str) -> None:
        """Report that a phase has begun."""
        if self._began is None:
            self._began = time.monotonic()
        self._report(phase)

    def _report(self, text: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} {self._run.label}: {text}"
        with self._log.open("a", encoding="utf-8") as log:
            print(line, file=log)
        self._bar.update(self._task, phase=text)

    def _print(self, text: str) -> None:
        """Print a line where there is no bar."""
        if not self._console.is_terminal:
            with contextlib.suppress(OSError):  # a closed terminal does not stop the run
                print(f"{time.strftime('%H:%M:%S')} {self._run.label}: {text}", file=sys.stderr, flush=True)

    def update(self, requests: int, failures: int) -> None:
        """Show the request rate and the failures so far. Both counts change once per second."""
        elapsed = time.monotonic() - (self._began or time.monotonic())
        if requests != self._last_requests:
            rate = (requests - self._last_requests) / (elapsed - self._last_time)
            self._last_requests, self._last_time = requests, elapsed
            failed = f", {failures:,} failed" if failures else ""
            self._bar.update(self._task, figures=f" · {rate:,.0f} requests/s{failed}")
        self._bar.update(self._task, completed=min(elapsed, self._run.expected_s), elapsed=elapsed)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._bar.stop()
        if error is None and PARENT not in os.environ:  # a workflow counts its runs by itself
            elapsed_s = time.monotonic() - (self._began or time.monotonic())
            self._print(f"measured in {elapsed_s:.0f} s, {self._last_requests:,} requests")
        if error is not None:
            with contextlib.suppress(OSError), self._log.open("a", encoding="utf-8") as log:
                print(error, file=log)
