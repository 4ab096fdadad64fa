"""Which experiments need another repeat, and for which question.

A question is a hypothesis that is not decided, a scaling law that the suite asks for, or a precision that is not yet
reached. An experiment of which nothing is asked, or whose questions are all answered, rests.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.analyse.stage import Analysis
from loadstone.analyse.verdicts import against_baselines
from loadstone.looks.probes import find_probes
from loadstone.plan.schedule import Plan
from loadstone.results.hypotheses import JudgedHypothesis, Outcome
from loadstone.suite.settings import Settings
from loadstone.suite.verdict import Verdict
from loadstone.text import count
from loadstone.theory.caveats import FIRM_REPEATS
from loadstone.theory.stopping import first_stage_of, runs_needed

FUTILE = 3.0
"""A hypothesis or a precision is out of reach if it needs more than this many times the repeats that are allowed. The
number that it needs is an estimate from few runs, and this many times is beyond its error."""
MIN_FOR_FUTILITY = 5
"""Repeats below which nothing is called out of reach: the spread of four runs can be half or twice the true one."""
UNSURE = 0.25
"""Weight of a question of which it is unknown how much another repeat brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A question that one more repeat of some experiments would bring nearer to its answer."""

    experiments: tuple[str, ...]
    """Those with the fewest repeats of all that the question is about: it is judged by the repeats that all have."""
    reason: str
    gain: float
    """Share of the question's variance that the repeats remove, weighted by how near the answer is."""


def find_needs(plan: Plan, analysis: Analysis, measured: MeasuredCampaign) -> list[Need]:
    """Find what the results so far leave open and further repeats can answer."""
    needs = [*_of_hypotheses(plan, analysis), *_of_laws(plan, analysis), *_of_precision(plan, measured)]
    return [need for need in needs if all(may_have_more(plan, name) for name in need.experiments)]


def find_probe_needs(plan: Plan, analysis: Analysis, measured: MeasuredCampaign) -> list[Need]:
    """Find the probes that the verdicts ask for. The first look grants them: the suite asks for them by `probe`."""
    if not plan.possible_probes:
        return []
    signals = against_baselines(plan, measured.signals, measured.summary)
    wanted = find_probes(plan, analysis.verdicts, signals)
    return [Need(experiments=(name,), reason=reason, gain=1.0) for name, reason in wanted.items()]


def may_have_more(plan: Plan, experiment: str) -> bool:
    """Whether an experiment has fewer repeats than its bound."""
    return plan.repeats[experiment] < plan.experiments[experiment].repeats.max


def _need(plan: Plan, names: Iterable[str], reason: str, nearness: float) -> Need:
    """Ask for one more repeat where there are fewest: it turns a variance of 1/n into one of 1/(n + 1)."""
    repeats = {name: plan.repeats[name] for name in names}
    fewest = min(repeats.values())
    behind = tuple(sorted(name for name, count in repeats.items() if count == fewest))
    return Need(experiments=behind, reason=reason, gain=nearness / (fewest + 1))


def _of_hypotheses(plan: Plan, analysis: Analysis) -> Iterator[Need]:
    for judged in analysis.hypotheses.root:
        if judged.outcome != Outcome.INCONCLUSIVE:
            continue
        if judged.test == "bottleneck":
            yield from _of_verdict(plan, analysis, judged)
        elif judged.next_look and not out_of_reach(plan, judged):
            nearness = UNSURE if judged.narrowing is None else judged.narrowing**2
            yield _need(plan, judged.next_look, f"{judged.id} is open", nearness)


def out_of_reach(plan: Plan, judged: JudgedHypothesis) -> bool:
    """Whether a hypothesis needs far more repeats than its experiments may have.

    The half width of an interval shrinks with the square root of the repeats.
    """
    names = list(judged.variance_shares)
    if judged.narrowing is None or not names:
        return False
    repeats = min(plan.repeats[name] for name in names)
    most = min(plan.experiments[name].repeats.max for name in names)
    needed = repeats / judged.narrowing**2 if judged.narrowing else math.inf
    return repeats >= MIN_FOR_FUTILITY and needed > FUTILE * most


def _of_verdict(plan: Plan, analysis: Analysis, judged: JudgedHypothesis) -> Iterator[Need]:
    """A verdict on which repeats disagree can be settled by more of them; one on which they agree cannot."""
    name = str(plan.suite.hypotheses[judged.id].bottleneck)
    agreed = analysis.verdicts.experiments[name]
    if len(agreed.runs) > 1 or Verdict.INVALID in agreed.runs:
        yield _need(plan, [name], f"{judged.id} is open", UNSURE)


def _of_laws(plan: Plan, analysis: Analysis) -> Iterator[Need]:
    """A law that there are grounds for needs enough repeats at each level that it uses."""
    for name, sweep in analysis.scaling.root.items():
        used = [level.experiment for level in sweep.levels if level.experiment not in sweep.left_out]
        if sweep.laws and used and min(plan.repeats[level] for level in used) < FIRM_REPEATS:
            yield _need(plan, used, f"the law of {name} has few repeats", 1.0)


def _of_precision(plan: Plan, measured: MeasuredCampaign) -> Iterator[Need]:
    for name, settings in plan.suite.experiments.items():
        needed, repeats = repeats_for_precision(plan, measured, name), plan.repeats[name]
        if repeats < needed <= FUTILE * settings.repeats.max:
            yield _need(plan, [name], f"{_precision(settings)} is not reached", repeats / needed)


def repeats_for_precision(plan: Plan, measured: MeasuredCampaign, name: str) -> int:
    """Return the repeats that an experiment's precision takes, by Stein's rule; 0 if it asks for none.

    The runs of a first stage state how many there have to be in all; until they are measured, it is their number.
    """
    settings = plan.experiments[name]
    if settings.precision is None or not settings.repeats.by_need:
        return 0
    stage = first_stage_of(settings.repeats.min)
    if plan.repeats[name] < stage:
        return stage
    rows = measured.together(name)
    first = rows[rows["repeat"] <= stage]
    figures = [first[metric].tolist() for metric in ("throughput_rps", "mean_ms")]
    known = [values for values in figures if len(values) > 1 and min(values) > 0]
    return max((runs_needed(values, settings.precision) for values in known), default=0)


def why_imprecise(plan: Plan, measured: MeasuredCampaign, name: str) -> str | None:
    """State why an experiment rests short of its precision; None if it does not."""
    needed, repeats = repeats_for_precision(plan, measured, name), plan.repeats[name]
    if needed <= repeats:
        return None
    return f"{_precision(plan.experiments[name])} would take {count(needed)} repeats by its first ones"


def _precision(settings: Settings) -> str:
    return f"its precision of ±{100 * (settings.precision or 0.0):g} %"
