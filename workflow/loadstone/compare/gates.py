"""Whether others used the machine during the runs that a hypothesis rests on, so that its refutation shows nothing.

A campaign alone has no second side to compare with. A run is disturbed if others used clearly more of the machine than
in the quietest run of the same experiment, since kernel work and the cost of measuring are in both; or more than those
two can take. One such run among three can decide an interval, so one is enough.
"""

from pathlib import Path

from loadstone.compare.machine import DISTURBED
from loadstone.compare.read_campaign import read_shares
from loadstone.plan.file import read_plan
from loadstone.results.signals import NOTABLE_OTHER_LOAD
from loadstone.suite.hypotheses import Hypothesis
from loadstone.suite.model import Suite
from loadstone.text import percent, several


def find_disturbance(results: Path, name: str) -> str:
    """Describe how others used the machine during the runs of a hypothesis; empty if they did not, or are not known.

    Raises `ResultError` if a file of the campaign is damaged.
    """
    if not (results / "plan.json").exists():
        return ""
    plan = read_plan(results / "plan.json")
    if name not in plan.suite.hypotheses:
        return ""
    shares = read_shares(results, plan)
    experiments = list_experiments(plan.suite.hypotheses[name], plan.suite)
    own = {run: share for run, share in shares.items() if run[0] in experiments}
    quietest = {name: min(share for (of, _), share in own.items() if of == name) for name, _ in own}
    disturbed = [share for (of, _), share in own.items() if share > min(quietest[of] + DISTURBED, NOTABLE_OTHER_LOAD)]
    if not disturbed:
        return ""
    return (
        f"in {len(disturbed)} of {several(len(own), 'run')} others used up to {percent(max(disturbed))} of the "
        f"machine, and {percent(min(quietest.values()))} in the quietest"
    )


def list_experiments(hypothesis: Hypothesis, suite: Suite) -> set[str]:
    """Name the experiments whose runs a hypothesis rests on; none if it is about published figures."""
    if hypothesis.compare is not None:
        return {name for name, _ in hypothesis.compare.sides}
    if hypothesis.value is not None:
        return {hypothesis.value.of} - {None}  # type: ignore[return-value]  # None if it is a published figure
    if hypothesis.trend is not None:
        return {level.experiment for sweep in hypothesis.trend.over for level in suite.sweeps[sweep].levels}
    return {str(hypothesis.bottleneck)}
