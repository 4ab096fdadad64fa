"""Made-up runs, and the verdicts on their experiments."""

from collections.abc import Callable
from typing import Any

from loadstone.analyse.verdicts import judge_campaign
from loadstone.plan.schedule import Plan
from loadstone.results.signals import Signals
from loadstone.results.verdicts import CampaignVerdicts

Planned = Callable[[str], Plan]


def judged(plan: Plan, **of_experiments: Any) -> CampaignVerdicts:
    """Judge a campaign whose runs have the signals given for their experiment (one mapping, or one a repeat)."""
    signals = {}
    for run in plan.runs:
        given = of_experiments[run.experiment]
        signals[run.experiment, run.repeat] = Signals(**(given[run.repeat - 1] if isinstance(given, list) else given))
    return judge_campaign(plan, signals)
