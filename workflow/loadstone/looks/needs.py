"""Which experiments need another repeat, and for which question.

A question is a hypothesis that is not decided, a scaling law that the suite asks for, or a precision that is not yet
reached. An experiment of which nothing is asked, or whose questions are all answered, rests.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.analyse.stage import Analysis
from loadstone.plan.schedule import Plan
from loadstone.results.hypotheses import JudgedHypothesis, Outcome
from loadstone.suite.verdict import Verdict
from loadstone.theory.caveats import FIRM_REPEATS
from loadstone.theory.stopping import runs_needed

FUTILE = 3.0
"""A hypothesis is out of reach if it needs more than this many times the repeats that are allowed. The number that it
needs is an estimate from few runs, and this many times is beyond its error."""
MIN_FOR_FUTILITY = 5
"""Repeats below which nothing is called out of reach: the spread of four runs can be half or twice the true one."""
UNSURE = 0.25
"""Weight of a question of which it is unknown how much another repeat brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A question that another repeat of an experiment would bring nearer to its answer."""

    experiment: str
    reason: str
    gain: float
    """Share of the question's variance that one more repeat removes, weighted by how near the answer is."""


def find_needs(plan: Plan, analysis: Analysis, measured: MeasuredCampaign) -> list[Need]:
    """Find what the results so far leave open, for experiments that may have more repeats."""
    repeats = plan.repeats
    needs = [
        *_of_hypotheses(plan, analysis, repeats),
        *_of_laws(plan, analysis, repeats),
        *_of_precision(plan, measured, repeats),
    ]
    return [need for need in needs if may_have_more(plan, need.experiment)]


def may_have_more(plan: Plan, experiment: str) -> bool:
    """Whether an experiment has fewer repeats than its bound."""
    return plan.repeats[experiment] < plan.experiments[experiment].repeats.max


def _of_hypotheses(plan: Plan, analysis: Analysis, repeats: dict[str, int]) -> Iterator[Need]:
    for judged in analysis.hypotheses.root:
        if judged.outcome != Outcome.INCONCLUSIVE:
            continue
        if judged.test == "bottleneck":
            yield from _of_verdict(plan, analysis, judged, repeats)
        elif not out_of_reach(plan, judged, repeats):
            nearness = UNSURE if judged.narrowing is None else judged.narrowing**2
            for name, share in judged.variance_shares.items():
                gain = nearness * share / (repeats[name] + 1)
                yield Need(experiment=name, reason=f"{judged.id} is open", gain=gain)


def out_of_reach(plan: Plan, judged: JudgedHypothesis, repeats: dict[str, int]) -> bool:
    """Whether a hypothesis needs far more repeats than its experiments may have.

    The half width of an interval shrinks with the square root of the repeats.
    """
    names = list(judged.variance_shares)
    if judged.narrowing is None or not names or min(repeats[name] for name in names) < MIN_FOR_FUTILITY:
        return False
    most = max(plan.experiments[name].repeats.max for name in names)
    needed = max(repeats[name] for name in names) / judged.narrowing**2 if judged.narrowing else float("inf")
    return needed > FUTILE * most


def _of_verdict(plan: Plan, analysis: Analysis, judged: JudgedHypothesis, repeats: dict[str, int]) -> Iterator[Need]:
    """A verdict on which runs disagree can be settled by more of them; one on which they agree cannot."""
    name = str(plan.suite.hypotheses[judged.id].bottleneck)
    agreed = analysis.verdicts.experiments[name]
    if len(agreed.runs) > 1 or Verdict.INVALID in agreed.runs:
        yield Need(experiment=name, reason=f"{judged.id} is open", gain=UNSURE / (repeats[name] + 1))


def _of_laws(plan: Plan, analysis: Analysis, repeats: dict[str, int]) -> Iterator[Need]:
    """A law that there are grounds for needs enough repeats at each level that it uses."""
    for name, sweep in analysis.scaling.root.items():
        if not plan.suite.sweeps[name].fit or not sweep.laws:
            continue
        for level in sweep.levels:
            if level.experiment not in sweep.left_out and repeats[level.experiment] < FIRM_REPEATS:
                gain = 1 / len(sweep.levels) / (repeats[level.experiment] + 1)
                yield Need(experiment=level.experiment, reason=f"the law of {name} has few repeats", gain=gain)


def _of_precision(plan: Plan, measured: MeasuredCampaign, repeats: dict[str, int]) -> Iterator[Need]:
    """By Stein's two-stage rule: the repeats that are measured in any case state how many there have to be in all."""
    for name, settings in plan.suite.experiments.items():
        if settings.precision is None or not settings.repeats.by_need:
            continue
        rows = measured.together(name)
        first = rows[rows["repeat"] <= settings.repeats.min]
        needed = [
            runs_needed(first[metric].tolist(), settings.precision)
            for metric in ("throughput_rps", "mean_ms")
            if len(first) > 1 and (first[metric] > 0).all()
        ]
        if needed and max(needed) > repeats[name]:
            gain = 1 / (repeats[name] + 1) * min(1.0, repeats[name] / max(needed))
            precision = f"±{100 * settings.precision:g} %"
            yield Need(experiment=name, reason=f"its precision of {precision} is not reached", gain=gain)
