"""The stage `look`: judge the results so far as `analyse` does, and grant repeats and probes within the budget.

A repeat goes first to where it narrows most per second: a question's rank is the share of its variance that one more
repeat of each of its experiments removes, weighted by how near it is to its answer, over the seconds that these repeats
take. Each experiment gets one repeat per round at most, so that rounds stay blocks.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from loadstone.analyse.campaign import MeasuredCampaign, load_measured
from loadstone.analyse.effort import measure_effort
from loadstone.analyse.stage import Analysis, analyse_measured
from loadstone.looks.needs import Need, find_needs, find_probe_needs, may_have_more, out_of_reach, why_imprecise
from loadstone.plan.probes import is_follow_up
from loadstone.plan.schedule import BETWEEN_S, LOOK_S, Plan, make_plan
from loadstone.results.hypotheses import Outcome
from loadstone.results.looks import ExperimentAtLook, Look, grants_of
from loadstone.suite.model import Suite
from loadstone.text import clock

MIN_COST_S = 0.001
"""Seconds that a repeat counts with where it is granted already, so that its question comes first."""


def take_look(suite: Suite, earlier: Sequence[Look], summaries: Path, published: Path | None) -> Look:
    """Look at the results of the sure runs and of those that `earlier` looks granted.

    Raises `ResultError` where a table is missing, `DamagedError` where one is damaged.
    """
    plan = make_plan(suite, grants_of(tuple(earlier)))
    measured = load_measured(plan, summaries)
    spent_s = measure_effort(measured).campaign_s
    analysis = analyse_measured(measured, summaries, published)
    needs = find_needs(plan, analysis, measured)
    probes = [] if earlier else find_probe_needs(plan, analysis, measured)
    reasons = _grant(plan, [*needs, *probes], spent_s)
    open_hypotheses = [each for each in analysis.hypotheses.root if each.outcome == Outcome.INCONCLUSIVE]
    return Look(
        round=len(earlier) + 1,
        campaign=make_plan(suite).digest,
        spent_s=spent_s,
        budget_s=suite.budget,
        open=tuple(judged.id for judged in open_hypotheses),
        experiments={
            name: ExperimentAtLook(
                repeats=plan.repeats[name],
                more=name in reasons,
                reason=reasons.get(name) or _why_rests(plan, name, needs, analysis, measured),
            )
            for name, settings in plan.suite.experiments.items()
            if settings.repeats.by_need
        }
        | {
            need.experiments[0]: ExperimentAtLook(
                repeats=0,
                more=need.experiments[0] in reasons,
                reason=need.reason if need.experiments[0] in reasons else _out_of_budget(plan, need.reason),
            )
            for need in probes
        },
    )


def _grant(plan: Plan, needs: Sequence[Need], spent_s: float) -> dict[str, str]:
    """Choose the experiments that get a repeat, the most useful per second first: name → reason.

    A repeat that is granted for one question costs nothing for the next.
    """
    left_s = math.inf if plan.suite.budget is None else plan.suite.budget - spent_s - LOOK_S
    settings = plan.experiments | plan.possible_probes
    granted: dict[str, str] = {}

    def cost(need: Need) -> float:
        return sum(
            (settings[name].expected_s + BETWEEN_S) * (settings[name].repeats.min if is_follow_up(name) else 1)
            for name in need.experiments
            if name not in granted
        )

    waiting = list(needs)
    while affordable := [need for need in waiting if cost(need) <= left_s]:
        best = max(affordable, key=lambda need: (need.gain / max(cost(need), MIN_COST_S), need.reason))
        left_s -= cost(best)
        granted |= {name: best.reason for name in best.experiments if name not in granted}
        waiting.remove(best)
    return granted


def _out_of_budget(plan: Plan, reason: str) -> str:
    return f"{reason}, but the budget of {clock(plan.suite.budget or 0.0)} is spent"


def _why_rests(plan: Plan, name: str, needs: Sequence[Need], analysis: Analysis, measured: MeasuredCampaign) -> str:
    if open_questions := [need.reason for need in needs if name in need.experiments]:
        return _out_of_budget(plan, open_questions[0])
    asked = [h for h in analysis.hypotheses.root if name in h.variance_shares and h.outcome == Outcome.INCONCLUSIVE]
    for judged in asked:
        if out_of_reach(plan, judged):
            return f"{judged.id} would need far more repeats than allowed"
        if full := [each for each in judged.variance_shares if not may_have_more(plan, each)]:
            return f"{judged.id} is open, but {full[0]} has the most repeats allowed"
    if asked:
        return f"{asked[0].id} is open, but other experiments have fewer repeats"
    for judged in analysis.hypotheses.root:
        if judged.outcome == Outcome.INCONCLUSIVE and plan.suite.hypotheses[judged.id].bottleneck == name:
            more = "its runs agree on their verdict" if may_have_more(plan, name) else "it has the most repeats allowed"
            return f"{judged.id} is open, but {more}"
    return why_imprecise(plan, measured, name) or "no question about it is open"
