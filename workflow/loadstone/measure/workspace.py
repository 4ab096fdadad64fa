"""What every part of a run works with: its folders, the guard over its processes, and the request to stop."""

from dataclasses import dataclass
from pathlib import Path

from loadstone.measure.guard import Guard
from loadstone.measure.stop import StopRequest


@dataclass(frozen=True, slots=True)
class Workspace:
    """One run's own."""

    scratch: Path
    """The folder that becomes the result when the run is complete."""
    logs: Path
    """The folder in it for the processes' logs."""
    base: Path
    """The suite's folder, from which relative paths in the run's settings start."""
    builds: Path
    """The folder with the campaign's checkouts of commits (see `loadstone.measure.build`)."""
    guard: Guard
    stop: StopRequest
