"""Report a run's progress: a live bar at a terminal, elsewhere one line at its end; in the log, one line per phase."""

import contextlib
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from loadstone.lifecycle.shutdown import PARENT
from loadstone.plan.schedule import Run

if TYPE_CHECKING:
    from rich.progress import Progress


class RunProgress:
    """Reports one run on standard error and in `log`; with `quiet`, on standard error only at a terminal."""

    def __init__(self, run: Run, log: Path, *, quiet: bool = False) -> None:
        self._run = run
        self._quiet = quiet
        self._log = log
        self._began: float | None = None
        self._last_requests = 0
        self._last_time = 0.0
        self._at_terminal = sys.stderr is not None and sys.stderr.isatty()
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._log.write_text("", encoding="utf-8")
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
        if self._at_terminal:
            self._bar = self._bar or self._start_bar()
            self._bar.update(self._bar.task_ids[0], phase=text)

    def _start_bar(self) -> "Progress":
        """Show the bar: when the first phase begins, because its import takes as long as the start of the server."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        bar = Progress(
            TextColumn("{task.fields[label]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[elapsed]:.0f} of {task.total:.0f} s · {task.fields[phase]}{task.fields[figures]}"),
            console=Console(stderr=True),
            transient=True,
        )
        bar.start()
        bar.add_task("run", total=self._run.expected_s, label=self._run.label, elapsed=0.0, phase="", figures="")
        return bar

    def _print(self, text: str) -> None:
        """Print a line where there is no bar."""
        if not self._at_terminal and not self._quiet:
            with contextlib.suppress(OSError):  # a closed terminal does not stop the run
                print(f"{time.strftime('%H:%M:%S')} {self._run.label}: {text}", file=sys.stderr, flush=True)

    def update(self, requests: int, failures: int) -> None:
        """Show the request rate and the failures so far. Both counts change once per second."""
        elapsed = time.monotonic() - (self._began or time.monotonic())
        if requests != self._last_requests:
            rate = (requests - self._last_requests) / (elapsed - self._last_time)
            self._last_requests, self._last_time = requests, elapsed
            failed = f", {failures:,} failed" if failures else ""
            if self._bar:
                self._bar.update(self._bar.task_ids[0], figures=f" · {rate:,.0f} requests/s{failed}")
        if self._bar:
            completed = min(elapsed, self._run.expected_s)
            self._bar.update(self._bar.task_ids[0], completed=completed, elapsed=elapsed)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            if self._bar:
                self._bar.stop()
        if error is None and PARENT not in os.environ:  # a workflow counts its runs by itself
            elapsed_s = time.monotonic() - (self._began or time.monotonic())
            self._print(f"measured in {elapsed_s:.0f} s, {self._last_requests:,} requests")
        if error is not None:
            with contextlib.suppress(OSError), self._log.open("a", encoding="utf-8") as log:
                print(error, file=log)
