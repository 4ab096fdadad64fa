"""Detect that the clock was set, or that the machine slept, during a run.

A run's times are wall-clock times, since its processes have no other clock in common. If that clock is set, requests
move in and out of the window and rates mean nothing. The monotonic clock cannot be set, so a step shows as a difference
between the two. Slewing by NTP is not a step: on Linux it moves both clocks alike, elsewhere by at most
`MAX_SLEW_PER_SECOND`.
"""

import time
from dataclasses import dataclass

from loadstone.errors import MeasureError

MIN_STEP_S = 0.2
"""A longer step breaks the run. It is a hundred times the error of reading two clocks at once, and at most a fifth of
the shortest window."""
MAX_SLEW_PER_SECOND = 0.1
"""Seconds per second by which a clock is corrected without being set: chrony's limit is 1/12, ntpd's 1/2000."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Both clocks, read as nearly at once as a process can that may be interrupted between readings; seconds."""

    before: float
    """Monotonic."""
    wall: float
    """Unix."""
    after: float
    """Monotonic."""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The wall clock moved by more than the time that passed."""

    seconds: float
    """Lower bound of the step; negative if the clock was set back."""
    when: float
    """Unix seconds, on the clock as it was before."""

    @property
    def sentence(self) -> str:
        """State the step's size and time."""
        direction = "forward" if self.seconds > 0 else "back"
        at = time.strftime("%H:%M:%S", time.localtime(self.when))
        slept = ", or the machine slept" if self.seconds > 0 else ""
        return (
            f"the clock was set {direction} by {abs(self.seconds):.1f} s at {at}{slept}: "
            "the run's times cannot be used; measure it again"
        )


class ClockWatch:
    """Compares each reading with the one before."""

    def __init__(self, first: ClockReading) -> None:
        self._last = first

    def step(self, reading: ClockReading) -> ClockStep | None:
        """Return the step since the last reading; None if slewing and reading times can explain the difference."""
        last, self._last = self._last, reading
        moved = reading.wall - last.wall
        min_passed, max_passed = reading.before - last.after, reading.after - last.before
        excess = moved - max_passed if moved > max_passed else min(0.0, moved - min_passed)
        if abs(excess) <= MIN_STEP_S + MAX_SLEW_PER_SECOND * max_passed:
            return None
        return ClockStep(seconds=excess, when=last.wall + max_passed)


def read_clocks() -> ClockReading:
    """Read both clocks."""
    return ClockReading(time.monotonic(), time.time(), time.monotonic())


def refuse_step(watch: ClockWatch) -> None:
    """Raise `MeasureError` if the clock was set since the last call."""
    step = watch.step(read_clocks())
    if step is not None:
        raise MeasureError(step.sentence)
