"""How long a campaign took, and how much of that was spent in windows."""

from itertools import pairwise

from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.plan.schedule import CHECK_S, END_S
from loadstone.results.repeats import Effort

PAUSE_S = 30.0
"""Seconds beyond the longest run after which a gap between two starts is an interruption."""


def measure_effort(measured: MeasuredCampaign) -> Effort:
    """Measure the wall-clock time of a campaign by when its runs started, and the time inside windows.

    The time from one start to the next holds a run, and what Snakemake and the stages need besides. A longer gap is a
    pause of the campaign, or some runs are of an earlier day: then the planned time of a run counts. So does the last
    run's, with the check of the machine before the first run and the page after the last one.
    """
    plan = measured.plan
    starts = sorted(window.started for window in measured.windows.values())
    typical_s = (plan.expected_s - CHECK_S - END_S) / len(starts)
    longest_s = max(run.expected_s for run in plan.runs) + PAUSE_S
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    return Effort(
        campaign_s=CHECK_S + END_S + typical_s + sum(gap if gap <= longest_s else typical_s for gap in gaps),
        window_s=sum(window.end - window.begin for window in measured.windows.values()),
        runs=len(starts),
    )
