"""Judge a suite's hypotheses by the intervals of what was measured: the content of `hypotheses.json`.

An interval that lies wholly inside the expected range supports a hypothesis, one that lies wholly outside refutes it.
Anything else leaves the hypothesis open, as does a single run. `loadstone.analyse.family` chooses the confidence of the
intervals: 95 % for a single hypothesis with a fixed number of repeats, and more for several, or with repeated looks.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.analyse.collect_evidence import HypothesisData, experiments_of
from loadstone.analyse.conclusion import Conclusion, judge_interval
from loadstone.analyse.family import judge_family, looks_of
from loadstone.analyse.metrics import Metrics, NotJudgeable
from loadstone.analyse.published_rows import audit_published, estimate_metric
from loadstone.analyse.shares import why_above_one
from loadstone.analyse.wording import bounds
from loadstone.figures.row import LoadTestRow
from loadstone.results.hypotheses import JudgedHypotheses, JudgedHypothesis, Outcome
from loadstone.results.verdicts import CampaignVerdicts
from loadstone.suite.hypotheses import PUBLISHED_METRICS, Hypothesis, parse_region, parse_verdict
from loadstone.text import figure, quantity
from loadstone.theory.intervals import CONFIDENCE


def judge_hypotheses(
    measured: MeasuredCampaign,
    processes: pd.DataFrame,
    verdicts: CampaignVerdicts,
    published: Sequence[LoadTestRow] = (),
) -> JudgedHypotheses:
    """Judge all hypotheses of the plan's suite by the runs at hand.

    `processes` is the table of processes of all runs, `published` the rows of the published table. With repeats by need
    the result holds at every look: after `min` repeats, and after each further one.
    """
    data = HypothesisData(metrics=Metrics(measured, processes, verdicts), verdicts=verdicts, published=published)
    hypotheses = measured.plan.suite.hypotheses
    conclusions = dict(judge_family(hypotheses, data))
    conclusions |= {name: _judge_alone(each, data) for name, each in hypotheses.items() if name not in conclusions}
    return JudgedHypotheses(tuple(_judged(name, each, conclusions[name]) for name, each in hypotheses.items()))


def _judged(name: str, hypothesis: Hypothesis, conclusion: Conclusion) -> JudgedHypothesis:
    interval = conclusion.interval
    return JudgedHypothesis(
        id=name,
        claim=hypothesis.claim,
        test=hypothesis.tests[0],
        expect=hypothesis.expect,
        outcome=conclusion.outcome,
        effect=interval.value if interval else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        unit=conclusion.unit,
        runs=conclusion.runs,
        gate=hypothesis.gate,
        evidence=conclusion.evidence,
        level=conclusion.level,
        family=conclusion.family,
        looks=conclusion.looks,
        variance_shares=dict(conclusion.variance_shares),
        narrowing=conclusion.narrowing,
        next_look=conclusion.next_look,
    )


def _judge_alone(hypothesis: Hypothesis, data: HypothesisData) -> Conclusion:
    """Judge a hypothesis about a verdict or a published row."""
    if hypothesis.value is None:
        experiments = experiments_of(hypothesis, data)
        found = _judge_bottleneck(experiments[0], parse_verdict(hypothesis.expect), data)
        first, last = looks_of(experiments, data)
        return replace(found, looks=last - first + 1)
    try:
        return _judge_published(str(hypothesis.value.published), hypothesis.value.metric, hypothesis.expect, data)
    except NotJudgeable as error:
        return Conclusion(outcome=Outcome.INCONCLUSIVE, evidence=str(error))


def _judge_published(row: str, name: str, expect: str, data: HypothesisData) -> Conclusion:
    """Judge a figure that follows from a published row; nothing is measured."""
    suite = data.metrics.measured.plan.suite
    audited = {audit.row.label: audit for audit in audit_published(suite, data.published).rows}
    if row.strip() not in audited:
        raise NotJudgeable("the published table cannot be audited")
    metric = PUBLISHED_METRICS[name]
    try:
        interval = estimate_metric(audited[row.strip()], name)
    except ValueError as error:
        raise NotJudgeable(f"«{row}»: {error}") from None
    text = (
        f"{metric.label} of the published row «{row}» is {quantity(interval.value, metric.unit)} "
        f"({bounds(interval, metric.unit)}, from rounding and chance)"
    )
    outcome = judge_interval(interval, parse_region(expect, metric.unit))
    text += "; the interval leaves it open" if outcome == Outcome.INCONCLUSIVE else ""
    return Conclusion(outcome=outcome, evidence=text, interval=interval, unit=metric.unit, level=CONFIDENCE)


def _judge_bottleneck(experiment: str, expected: tuple[str, ...], data: HypothesisData) -> Conclusion:
    """Judge by the experiment's verdict; one that names no party leaves the hypothesis open."""
    agreed = data.verdicts.experiments[experiment]
    verdict, runs = agreed.verdict, sum(agreed.runs.values())
    counts = ", ".join(f"{name} in {count} of {runs} runs" for name, count in agreed.runs.items())
    figures = "".join(_share(signal, mean) for signal, mean in _utilisations(experiment, data).items())
    text = f"{experiment}: {verdict.as_limit} ({counts}{figures})"
    if verdict in expected:
        return Conclusion(outcome=Outcome.SUPPORTED, evidence=text, runs=runs)
    if not verdict.names_a_party:
        return Conclusion(outcome=Outcome.INCONCLUSIVE, evidence=f"{text}, which names no single party", runs=runs)
    return Conclusion(outcome=Outcome.REFUTED, evidence=text, runs=runs)


def _share(signal: str, value: float) -> str:
    why = why_above_one(signal, value)
    return f"; {signal} = {figure(value)}" + (f" (above 1: {why})" if why else "")


def _utilisations(experiment: str, data: HypothesisData) -> dict[str, float]:
    """Average the two utilisations that readers ask for first."""
    by_signal = {
        signal: [
            evidence.value
            for run in data.verdicts.runs
            if run.experiment == experiment
            for evidence in run.evidence
            if evidence.signal == signal
        ]
        for signal in ("u_think", "u_server")
    }
    return {signal: float(np.mean(values)) for signal, values in by_signal.items() if values}
