"""How much longer a campaign takes: what the plan expects, corrected by what the runs that are over took."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

MAX_RUNS_CONSIDERED = 50
"""Runs to go by."""
PAUSE_S = 60.0
"""A run that took so much longer than twice what was expected, up to the next one's begin, was followed by a pause."""


@dataclass(frozen=True, slots=True)
class Took:
    """A run that is over."""

    began: float
    ended: float
    expected_s: float


def extra_s(over: Sequence[Took], running_since: float | None) -> float:
    """Tell how many seconds a run takes more than expected: the median over the latest.

    From one run's begin to the next one's, since the time between them counts too; where there is only one, its own.
    What is more than expected are constant costs: the configured lengths of ramp-up, warm-up and window are kept.
    """
    latest = sorted(over, key=lambda run: run.began)[-MAX_RUNS_CONSIDERED:]
    begins = [run.began for run in latest] + ([running_since] if running_since else [])
    gaps = [later - earlier for earlier, later in pairwise(begins)]
    extras = [
        gap - run.expected_s for run, gap in zip(latest, gaps, strict=False) if 0 < gap < 2 * run.expected_s + PAUSE_S
    ]
    return median(extras or [run.ended - run.began - run.expected_s for run in latest] or [0.0])


def time_left_s(left: Iterable[float], extra: float, running: tuple[float, float] | None) -> float:
    """Sum up the expected seconds of what is `left`; `running` are expected and elapsed seconds of the current run."""
    seconds = sum(max(0.0, expected + extra) for expected in left)
    if running is not None:
        expected, elapsed = running
        seconds += max(0.0, expected + extra - elapsed)
    return seconds
