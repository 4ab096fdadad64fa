"""Notice that the clock was set, or that the machine slept, while a run was measured.

A run's times are those of the wall clock: its processes have no other in common. A clock that is set moves requests in
and out of the window and makes rates of nothing. The monotonic clock can't be set, so a step is seen beside it. NTP's
slewing is no step: on Linux it moves both clocks alike, and elsewhere no faster than `FASTEST_SLEW`.
"""

import time
from dataclasses import dataclass

from loadstone.errors import MeasureError

STEP_S = 0.2
"""A step beyond this breaks a run: a hundred times what two clocks can't be read at once by, and at most a fifth of the
shortest window."""
FASTEST_SLEW = 0.1
"""Seconds a second by which a clock is corrected at most without being set: chrony's limit is 1/12, ntpd's 1/2000."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Both clocks, read as nearly at once as a process can that may be interrupted in between; seconds."""

    before: float
    """Monotonic."""
    wall: float
    """Unix."""
    after: float
    """Monotonic."""


@dataclass(frozen=True, slots=True)
class Step:
    """The wall clock moved by so much more than time passed."""

    seconds: float
    """The least that it can have been."""
    when: float
    """Unix seconds, by the clock as it was."""

    @property
    def sentence(self) -> str:
        """Say by how much and when."""
        way = "forward" if self.seconds > 0 else "back"
        at = time.strftime("%H:%M:%S", time.localtime(self.when))
        slept = ", or the machine slept" if self.seconds > 0 else ""
        return f"the clock was set {way} by {abs(self.seconds):.1f} s at {at}{slept}: what was timed is of no use"


class ClockWatch:
    """Compares each reading with the one before."""

    def __init__(self, first: Reading) -> None:
        self._last = first

    def step(self, reading: Reading) -> Step | None:
        """Tell the step since the last reading, if there was one beyond what slewing and reading can explain."""
        last, self._last = self._last, reading
        moved = reading.wall - last.wall
        least, most = reading.before - last.after, reading.after - last.before
        beyond = moved - most if moved > most else min(0.0, moved - least)
        if abs(beyond) <= STEP_S + FASTEST_SLEW * most:
            return None
        return Step(seconds=beyond, when=last.wall + most)


def read_clocks() -> Reading:
    """Read both clocks."""
    return Reading(time.monotonic(), time.time(), time.monotonic())


def refuse_step(watch: ClockWatch) -> None:
    """Raise `MeasureError` where the clock was set since the last call."""
    step = watch.step(read_clocks())
    if step is not None:
        raise MeasureError(step.sentence)
