"""The stage `look`: judge the results so far as `analyse` does, and grant repeats within the budget.

A repeat goes first to where it narrows most per second: an experiment's rank is the share of variance that one more
repeat removes from an open question, weighted by how near that question is to its answer, over the seconds that a run
takes. Each experiment gets one repeat per round at most, so that rounds stay blocks.
"""

from collections.abc import Sequence
from pathlib import Path

from loadstone.analyse.campaign import load_measured
from loadstone.analyse.effort import measure_effort
from loadstone.analyse.stage import Analysis, analyse_measured
from loadstone.looks.needs import Need, find_needs, may_have_more, out_of_reach
from loadstone.plan.schedule import BETWEEN_S, LOOK_S, Plan, make_plan
from loadstone.results.hypotheses import Outcome
from loadstone.results.looks import ExperimentAtLook, Look, grants_of
from loadstone.suite.model import Suite
from loadstone.text import clock


def take_look(suite: Suite, earlier: Sequence[Look], summaries: Path, published: Path | None) -> Look:
    """Look at the results of the sure runs and of those that `earlier` looks granted.

    Raises `ResultError` where a table is missing, `DamagedError` where one is damaged.
    """
    plan = make_plan(suite, grants_of(tuple(earlier)))
    measured = load_measured(plan, summaries)
    spent_s = measure_effort(measured).campaign_s
    analysis = analyse_measured(measured, summaries, published)
    needs = find_needs(plan, analysis, measured)
    reasons = _grant(plan, needs, spent_s)
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
                reason=reasons.get(name) or _why_rests(plan, name, needs, analysis),
            )
            for name, settings in plan.suite.experiments.items()
            if settings.repeats.by_need
        },
    )


def _grant(plan: Plan, needs: Sequence[Need], spent_s: float) -> dict[str, str]:
    """Choose the experiments that get a repeat, the most useful per second first: name → reason."""
    best: dict[str, Need] = {}
    for need in needs:
        if need.experiment not in best or need.gain > best[need.experiment].gain:
            best[need.experiment] = need
    costs = {name: plan.experiments[name].expected_s + BETWEEN_S for name in best}
    left_s = float("inf") if plan.suite.budget is None else plan.suite.budget - spent_s - LOOK_S
    granted: dict[str, str] = {}
    for name in sorted(best, key=lambda name: (-best[name].gain / costs[name], name)):
        if costs[name] <= left_s:
            left_s -= costs[name]
            granted[name] = best[name].reason
    return granted


def _why_rests(plan: Plan, name: str, needs: Sequence[Need], analysis: Analysis) -> str:
    if open_questions := [need.reason for need in needs if need.experiment == name]:
        budget = clock(plan.suite.budget or 0.0)
        return f"{open_questions[0]}, but the budget of {budget} is spent"
    asked = [h for h in analysis.hypotheses.root if name in h.variance_shares and h.outcome == Outcome.INCONCLUSIVE]
    if asked and not may_have_more(plan, name):
        return f"{asked[0].id} is open after the most repeats allowed"
    if any(out_of_reach(plan, judged, plan.repeats) for judged in asked):
        return f"{asked[0].id} would need far more repeats than allowed"
    return "no question about it is open"
