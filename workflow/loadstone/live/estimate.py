"""Estimate how much longer a campaign takes: the plan's expectation, corrected by what finished runs took."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

MAX_RUNS_CONSIDERED = 50
"""Latest runs from which the correction is computed."""
MIN_PAUSE_S = 60.0
"""If the next run began later than twice the expected time plus this, the campaign paused in between."""


@dataclass(frozen=True, slots=True)
class RunTime:
    """When a finished run began and ended (unix seconds), and the seconds that the plan expected it to take."""

    began: float
    ended: float
    expected_s: float


def estimate_extra_s(finished: Sequence[RunTime], current_began: float | None) -> float:
    """Estimate the seconds that a run takes beyond the plan's expectation: the median over the latest runs.

    A run's time is taken from its begin to the begin of the next run, which may be the current one, since the time
    between runs counts too. If there is no next run, it is taken to the run's own end. The excess is a constant cost
    per run: ramp-up, warm-up and window last as long as configured.
    """
    latest = sorted(finished, key=lambda run: run.began)[-MAX_RUNS_CONSIDERED:]
    begins = [run.began for run in latest] + ([current_began] if current_began else [])
    gaps = [later - earlier for earlier, later in pairwise(begins)]
    extras = [
        gap - run.expected_s
        for run, gap in zip(latest, gaps, strict=False)
        if 0 < gap < 2 * run.expected_s + MIN_PAUSE_S
    ]
    return median(extras or [run.ended - run.began - run.expected_s for run in latest] or [0.0])


def estimate_time_left_s(left: Iterable[float], extra_s: float, current: tuple[float, float] | None) -> float:
    """Estimate the seconds until all runs are measured.

    `left` are the expected seconds of each run that is left, `current` the expected and elapsed seconds of the current
    one.
    """
    seconds = sum(max(0.0, expected_s + extra_s) for expected_s in left)
    if current is not None:
        expected_s, elapsed_s = current
        seconds += max(0.0, expected_s + extra_s - elapsed_s)
    return seconds
