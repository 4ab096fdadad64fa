"""From the runs of a campaign to the figures that each hypothesis is judged by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loadstone.analyse.evidence import Evidence, Line, Mean, Ratio
from loadstone.analyse.metrics import FAILURES, Metrics, MetricValues, NotJudgeable
from loadstone.analyse.wording import side
from loadstone.figures.row import LoadTestRow
from loadstone.results.verdicts import CampaignVerdicts
from loadstone.suite.hypotheses import (
    ALL,
    METRICS,
    Compare,
    Hypothesis,
    Region,
    Shape,
    Trend,
    Value,
    parse_region,
    parse_shape,
)
from loadstone.text import quantity
from loadstone.theory.intervals import CONFIDENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisData:
    """What hypotheses are judged by."""

    metrics: Metrics
    verdicts: CampaignVerdicts
    published: Sequence[LoadTestRow]


def experiments_of(hypothesis: Hypothesis, data: HypothesisData) -> tuple[str, ...]:
    """Name the experiments that a hypothesis is about."""
    if hypothesis.compare is not None:
        return tuple(name for name, _ in hypothesis.compare.sides)
    if hypothesis.trend is not None:
        sweeps = data.metrics.measured.plan.suite.sweeps
        return tuple(level.experiment for name in hypothesis.trend.over for level in sweeps[name].levels)
    return (str(hypothesis.value.of if hypothesis.value is not None else hypothesis.bottleneck),)


def collect_evidence(hypothesis: Hypothesis, data: HypothesisData) -> Evidence:
    """Collect the figures of a hypothesis that an interval of measured runs decides.

    Raises `NotJudgeable` where they do not suffice.
    """
    blocks = data.metrics.blocks(experiments_of(hypothesis, data))
    if hypothesis.compare is not None:
        return _ratio(hypothesis.compare, parse_region(hypothesis.expect, ""), data, blocks)
    if hypothesis.trend is not None:
        return _line(hypothesis.trend, parse_shape(hypothesis.expect), data, blocks)
    if hypothesis.value is None:
        raise TypeError("a test of a verdict has no interval")
    return _mean(hypothesis.value, hypothesis.expect, data, blocks)


def _ratio(compare: Compare, region: Region, data: HypothesisData, blocks: int) -> Ratio:
    of, to = compare.sides
    numerator, denominator = (
        data.metrics.values_of(name, compare.metric, endpoint, blocks) for name, endpoint in (of, to)
    )
    if of[0] == to[0]:
        both = sorted(numerator.values.keys() & denominator.values.keys())
        left_out = numerator.left_out | denominator.left_out
        numerator, denominator = (
            MetricValues({repeat: measured.values[repeat] for repeat in both}, left_out)
            for measured in (numerator, denominator)
        )
    found = Ratio(
        compare=compare,
        region=region,
        numerator=numerator,
        denominator=denominator,
        blocks=blocks,
        more=any(data.metrics.blocks([name]) > blocks for name, _ in (of, to)),
    )
    values, others = found.values()
    if not values or not others:
        both_have = f"{of[0]} has both endpoints" if of[0] == to[0] else f"{of[0]} has a counterpart in {to[0]}"
        raise NotJudgeable(f"no run of {both_have}")
    try:
        found.interval(CONFIDENCE)
    except ValueError:
        metric = METRICS[compare.metric]
        a, b = (quantity(float(np.mean(figures)), metric.unit) for figures in (values, others))
        raise NotJudgeable(f"there is no ratio of {a} to {b}: {metric.label} is 0 in a run") from None
    return found


def _mean(value: Value, expect: str, data: HypothesisData, blocks: int) -> Mean:
    name, endpoint = str(value.of), value.endpoint or ALL
    measured = data.metrics.values_of(name, value.metric, endpoint, blocks)
    return Mean(
        experiment=name,
        endpoint=endpoint,
        metric=value.metric,
        region=parse_region(expect, METRICS[value.metric].unit),
        measured=measured,
        counts=data.metrics.counts(name, endpoint, measured.values) if value.metric == FAILURES else None,
    )


def _line(trend: Trend, shape: Shape, data: HypothesisData, blocks: int) -> Line:
    plan = data.metrics.measured.plan
    sweeps = [plan.suite.sweeps[name] for name in trend.over]
    of_levels = [level for sweep in sweeps for level in sweep.levels]
    endpoint = trend.endpoint or ALL
    measured = [data.metrics.values_of(level.experiment, trend.metric, endpoint, blocks) for level in of_levels]
    levels, loads = [], []
    for level, of_level in zip(of_levels, measured, strict=True):
        levels += [float(str(level.value))] * len(of_level.values)
        loads += [float(plan.experiments[level.experiment].load.users)] * len(of_level.values)
    found = Line(
        shape=shape,
        metric=trend.metric,
        whose=side(" and ".join(trend.over), endpoint),
        factor=sweeps[0].vary,
        levels=tuple(levels),
        values=tuple(value for of_level in measured for value in of_level.values.values()),
        loads=tuple(loads) if len(sweeps) > 1 else None,
        measured=tuple(measured),
        experiments=tuple(level.experiment for level in of_levels),
    )
    try:
        found.model(CONFIDENCE)
    except ValueError as error:
        raise NotJudgeable(str(error)) from None
    return found
