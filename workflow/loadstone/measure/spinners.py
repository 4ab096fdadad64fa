"""Processes that spin at the same time, and what their times show."""

import contextlib
import json
import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from loadstone.errors import MeasureError
from loadstone.measure.stop import StopRequest

SCRIPT = Path(__file__).with_name("spin.py")
MAX_SPINNERS = 64
"""Processes that spin at once; machines with more CPUs are tried with this many."""
STRETCH_S = 0.5
"""Length of the stretches whose means are compared, in seconds, at least."""
POLL_S = 0.1
PATIENCE_S = 5.0
"""Seconds beyond the time asked for after which a spinner counts as hung."""
READ_BYTES = 1 << 16

Spin = tuple[float, float]
"""Beginning, in seconds of the monotonic clock, and length, in seconds."""


class Spinners:
    """Processes that spin on demand. As a context manager, they have ended when the block is left."""

    def __init__(self, number: int) -> None:
        """Start them. Raises OSError if the machine refuses."""
        self._processes: list[subprocess.Popen[bytes]] = []
        command = [sys.executable, "-I", "-S", str(SCRIPT), str(os.getpid())]
        try:
            for _ in range(min(number, MAX_SPINNERS)):
                self._processes.append(
                    subprocess.Popen(
                        command,
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,
                        process_group=0,  # Ctrl-C at a terminal reaches this process, which ends them
                    )
                )
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """Their process ids."""
        return [process.pid for process in self._processes]

    def close(self) -> None:
        """End them."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            with process:
                pass

    def spin(
        self, seconds: float, stop: StopRequest, number: int | None = None, look: Callable[[], None] | None = None
    ) -> list[list[Spin]]:
        """Let the first `number` of them, or all, spin for some seconds at the same time; return the spins of each.

        `look` is called ten times per second. Raises `MeasureError` if a process ends early or does not answer, and
        `Interrupted` if a signal arrives.
        """
        chosen = self._processes[:number]
        for process in chosen:
            with contextlib.suppress(BrokenPipeError):  # reading shows that it has ended
                _input(process).write(b"%r\n" % seconds)
                _input(process).flush()
        deadline = time.monotonic() + seconds + PATIENCE_S
        answers = {process.pid: b"" for process in chosen}
        waiting = {_output(process): process for process in chosen}
        while waiting:
            stop.check()
            if look is not None:
                look()
            ready, _, _ = select.select(list(waiting), [], [], POLL_S)
            for descriptor in ready:
                pid = waiting[descriptor].pid
                part = os.read(descriptor, READ_BYTES)
                answers[pid] += part
                if not part:
                    raise MeasureError("noise check: the process that spins ended early")
                if part.endswith(b"\n"):
                    del waiting[descriptor]
            if time.monotonic() > deadline:
                raise MeasureError(f"noise check: the process that spins did not end within {PATIENCE_S:g} s")
        return [[(begin, length) for begin, length in json.loads(answer)] for answer in answers.values()]


def _input(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    return process.stdin


def _output(process: "subprocess.Popen[bytes]") -> int:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    return process.stdout.fileno()


def median_ms(spins: Sequence[Spin]) -> float:
    """Return the median time of some spins, in ms."""
    return 1000 * statistics.median(length for _, length in spins)


def variation_of_stretches(spins: Sequence[Spin]) -> float | None:
    """Return the coefficient of variation of the mean times in equal stretches of at least `STRETCH_S`.

    A mean over half a second averages out what a run averages out as well, such as ticks of the system's timer. None if
    there are fewer than two stretches.
    """
    begin, end = spins[0][0], spins[-1][0] + spins[-1][1]
    number = int((end - begin) / STRETCH_S)
    stretches: list[list[float]] = [[] for _ in range(number)]
    for at, length in spins:
        if number:
            stretches[min(number - 1, int((at - begin) / (end - begin) * number))].append(length)
    means = [statistics.fmean(stretch) for stretch in stretches if stretch]
    return statistics.stdev(means) / statistics.fmean(means) if len(means) > 1 else None
