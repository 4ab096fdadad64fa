"""Judge a suite's hypotheses by the 95 % intervals of what was measured: the content of `hypotheses.json`.

An interval that lies wholly inside the expected range supports a hypothesis, one that lies wholly outside refutes it.
Anything else leaves the hypothesis open, as does a single run. So where the true effect lies exactly on the limit, the
hypothesis is refuted in 2.5 % of campaigns and supported in another 2.5 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.analyse.metrics import FAILURES, Metrics, MetricValues, NotJudgeable
from loadstone.analyse.published_rows import audit_published, estimate_metric
from loadstone.analyse.wording import bounds, side
from loadstone.results.hypotheses import JudgedHypotheses, JudgedHypothesis, Outcome
from loadstone.results.verdicts import CampaignVerdicts
from loadstone.suite.hypotheses import (
    ALL,
    METRICS,
    PUBLISHED_METRICS,
    SHARE,
    Compare,
    Hypothesis,
    Region,
    Shape,
    Trend,
    Value,
    parse_region,
    parse_shape,
    parse_verdict,
)
from loadstone.suite.load_test_table import LoadTestRow
from loadstone.text import figure, p_value, quantity, several
from loadstone.theory.intervals import Interval, geometric_mean_of_runs, mean_of_runs, ratio_of_pairs, ratio_of_runs
from loadstone.theory.linear_model import LinearModel, fit_linear_model

MISFIT = 0.01
"""p of the lack of fit below which the levels do not lie on a straight line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What the test of a hypothesis came to."""

    outcome: Outcome
    evidence: str
    """A sentence with the figures."""
    interval: Interval | None = None
    """The effect: a ratio, the metric, or its change."""
    unit: str = ""
    runs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisData:
    """What hypotheses are judged by."""

    metrics: Metrics
    verdicts: CampaignVerdicts
    published: Sequence[LoadTestRow]


def judge_hypotheses(
    measured: MeasuredCampaign,
    processes: pd.DataFrame,
    verdicts: CampaignVerdicts,
    published: Sequence[LoadTestRow] = (),
) -> JudgedHypotheses:
    """Judge all hypotheses of the plan's suite.

    `processes` is the table of processes of all runs, `published` the rows of the published table.
    """
    data = HypothesisData(metrics=Metrics(measured, processes, verdicts), verdicts=verdicts, published=published)
    hypotheses = measured.plan.suite.hypotheses.items()
    return JudgedHypotheses(tuple(_judged(name, each, judge(each, data)) for name, each in hypotheses))


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
    )


def judge(hypothesis: Hypothesis, data: HypothesisData) -> Conclusion:
    """Put one hypothesis to its test."""
    try:
        if hypothesis.compare is not None:
            return _judge_comparison(hypothesis.compare, parse_region(hypothesis.expect, ""), data)
        if hypothesis.value is not None:
            return _judge_value(hypothesis.value, hypothesis.expect, data)
        if hypothesis.trend is not None:
            return _judge_trend(hypothesis.trend, parse_shape(hypothesis.expect), data)
        return _judge_bottleneck(str(hypothesis.bottleneck), parse_verdict(hypothesis.expect), data)
    except NotJudgeable as error:
        return Conclusion(outcome=Outcome.INCONCLUSIVE, evidence=str(error))


def judge_interval(interval: Interval, region: Region) -> Outcome:
    """Judge where an interval lies: `supported` inside the region, `refuted` outside it, otherwise `inconclusive`.

    An open region does not include its bounds.
    """
    if interval.low is None or interval.high is None:
        return Outcome.INCONCLUSIVE
    if region.open:
        inside = region.low < interval.low and interval.high < region.high
        outside = interval.high <= region.low or interval.low >= region.high
    else:
        inside = region.low <= interval.low and interval.high <= region.high
        outside = interval.high < region.low or interval.low > region.high
    return Outcome.SUPPORTED if inside else Outcome.REFUTED if outside else Outcome.INCONCLUSIVE


def _judge_comparison(compare: Compare, region: Region, data: HypothesisData) -> Conclusion:
    """Judge a ratio by Welch's t on logarithms; two endpoints of one experiment are compared in pairs, per repeat."""
    of, to = compare.sides
    numerator, denominator = (data.metrics.values_of(name, compare.metric, endpoint) for name, endpoint in (of, to))
    paired = of[0] == to[0]
    if paired:
        both = sorted(numerator.values.keys() & denominator.values.keys())
        if not both:
            raise NotJudgeable(f"no run of {of[0]} has both endpoints")
        left_out = numerator.left_out | denominator.left_out
        numerator, denominator = (
            MetricValues({repeat: measured.values[repeat] for repeat in both}, left_out)
            for measured in (numerator, denominator)
        )
    values, others = list(numerator.values.values()), list(denominator.values.values())
    metric = METRICS[compare.metric]
    a, b = (quantity(float(np.mean(figures)), metric.unit) for figures in (values, others))
    try:
        interval = (ratio_of_pairs if paired else ratio_of_runs)(values, others)
    except ValueError:
        raise NotJudgeable(f"there is no ratio of {a} to {b}: {metric.label} is 0 in a run") from None
    counts = f"{len(values)} runs, in pairs" if paired else f"{len(values)} and {len(others)} runs"
    counts += _left_out(numerator) if paired else _left_out(numerator, denominator)
    text = (
        f"{metric.label} of {side(*of)} is {figure(interval.value)} times that of {side(*to)} "
        f"({bounds(interval, '')}; {counts}): {a} against {b}"
    )
    runs = len(values) if paired else len(values) + len(others)
    return _conclude(judge_interval(interval, region), text, interval, "ratio", runs)


def _judge_value(value: Value, expect: str, data: HypothesisData) -> Conclusion:
    if value.published is not None:
        return _judge_published(value.published, value.metric, expect, data)
    metric, name, endpoint = METRICS[value.metric], str(value.of), value.endpoint or ALL
    measured = data.metrics.values_of(name, value.metric, endpoint)
    values = list(measured.values.values())
    interval = (mean_of_runs if value.metric == FAILURES or min(values) <= 0 else geometric_mean_of_runs)(values)
    if value.metric == FAILURES:
        interval = data.metrics.widen_by_counts(interval, name, endpoint, measured.values)
    text = (
        f"{metric.label} of {side(name, endpoint)} is {quantity(interval.value, metric.unit)} "
        f"({bounds(interval, metric.unit)}; {several(interval.runs, 'run')}{_left_out(measured)})"
    )
    region = parse_region(expect, metric.unit)
    return _conclude(judge_interval(interval, region), text, interval, metric.unit, interval.runs)


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
    return _conclude(judge_interval(interval, parse_region(expect, metric.unit)), text, interval, metric.unit, 0)


def _judge_bottleneck(experiment: str, expected: tuple[str, ...], data: HypothesisData) -> Conclusion:
    """Judge by the experiment's verdict; one that names no party leaves the hypothesis open."""
    agreed = data.verdicts.experiments[experiment]
    verdict, runs = agreed.verdict, sum(agreed.runs.values())
    counts = ", ".join(f"{name} in {count} of {runs} runs" for name, count in agreed.runs.items())
    figures = "".join(f"; {signal} = {figure(mean)}" for signal, mean in _utilisations(experiment, data).items())
    text = f"the verdict on {experiment} is {verdict} ({counts}{figures})"
    if verdict in expected:
        return Conclusion(outcome=Outcome.SUPPORTED, evidence=text, runs=runs)
    if not verdict.names_a_party:
        return Conclusion(outcome=Outcome.INCONCLUSIVE, evidence=f"{text}, which names no single party", runs=runs)
    return Conclusion(outcome=Outcome.REFUTED, evidence=text, runs=runs)


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


def _judge_trend(trend: Trend, shape: Shape, data: HypothesisData) -> Conclusion:
    """Judge how a metric changes with a factor, over all runs of its sweeps: y = a + b·n + c·load.

    `rises` and `falls`: the interval of b lies wholly above, or below, 0. `flat`: the relative change from the lowest
    to the highest level is within the tolerance. `linear`: the interval of b lies above 0, and there is no lack of fit.
    Lack of fit is an F test. It compares what separate means per level explain beyond the straight line with the
    scatter of repeats; below p = 0.01 it refutes `linear`, whatever b is.
    """
    plan = data.metrics.measured.plan
    sweeps = [plan.suite.sweeps[name] for name in trend.over]
    by_level: list[MetricValues] = []
    levels: list[float] = []
    loads: list[float] = []
    for level in (level for sweep in sweeps for level in sweep.levels):
        of_level = data.metrics.values_of(level.experiment, trend.metric, trend.endpoint or ALL)
        by_level.append(of_level)
        levels += [float(str(level.value))] * len(of_level.values)
        loads += [float(plan.experiments[level.experiment].load.users)] * len(of_level.values)
    values = [value for of_level in by_level for value in of_level.values.values()]
    try:
        model = fit_linear_model(levels, values, loads if len(sweeps) > 1 else None)
    except ValueError as error:
        raise NotJudgeable(str(error)) from None
    metric = METRICS[trend.metric]
    interval, unit = (model.relative, SHARE) if shape.name == "flat" else (model.change, metric.unit)
    span = f"{min(levels):,.12g} to {max(levels):,.12g} {sweeps[0].vary}"
    same = ", at equal load.users" if len(sweeps) > 1 else ""
    whose = side(" and ".join(trend.over), trend.endpoint or ALL)
    text = (
        f"{metric.label} of {whose} changes by {quantity(interval.value, unit, sign=True)} from {span}{same} "
        f"({bounds(interval, unit, sign=True)}; {several(len(values), 'run')}{_left_out(*by_level)})"
    )
    outcome = _judge_shape(shape, model)
    if shape.name == "linear":
        text += f"; {_lack_of_fit(model.lack_of_fit_p)}"
    return _conclude(outcome, text, interval, unit, len(values))


def _judge_shape(shape: Shape, model: LinearModel) -> Outcome:
    if shape.name == "flat":
        tolerance = shape.tolerance or 0.0
        return judge_interval(model.relative, Region(low=-tolerance, high=tolerance))
    region = Region(high=0.0, open=True) if shape.name == "falls" else Region(low=0.0, open=True)
    rising = judge_interval(model.change, region)
    if shape.name != "linear" or rising == Outcome.REFUTED:
        return rising
    if model.lack_of_fit_p is None:
        return Outcome.INCONCLUSIVE
    return Outcome.REFUTED if model.lack_of_fit_p < MISFIT else rising


def _conclude(outcome: Outcome, text: str, interval: Interval, unit: str, runs: int) -> Conclusion:
    if outcome == Outcome.INCONCLUSIVE and interval.low is not None:
        text += "; the interval leaves it open"
    return Conclusion(outcome=outcome, evidence=text, interval=interval, unit=unit, runs=runs)


def _lack_of_fit(p: float | None) -> str:
    if p is None:
        return "without repeats a bend cannot be detected"
    return f"lack of fit to a line: {p_value(p)}"


def _left_out(*groups: MetricValues) -> str:
    reasons = [why for group in groups for why in group.left_out.values()]
    return f", {len(reasons)} left out: {' and '.join(sorted(set(reasons)))}" if reasons else ""
