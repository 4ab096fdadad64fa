"""Judge a suite's hypotheses by the 95 % intervals of what was measured: the content of `hypotheses.json`.

An interval wholly inside what is expected supports a hypothesis, one wholly outside refutes it, and all else, a single
run too, leaves it open. So a claim that is true by a hair is called wrong in 2.5 % of campaigns, and right in as many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loadstone.analyse.bottleneck import ERRORS, INVALID, MIXED, UNDETERMINED
from loadstone.analyse.campaign import Measured
from loadstone.analyse.metrics import FAILURES, Metrics, NotJudgeable, Sample
from loadstone.analyse.published_rows import audit_published, printed_interval
from loadstone.analyse.wording import bounds, figure, number_of, quantity, side
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
from loadstone.theory.intervals import Interval, mean_of_runs, ratio_of_pairs, ratio_of_runs
from loadstone.theory.linear_model import LinearModel, fit_linear_model

SUPPORTED, REFUTED, INCONCLUSIVE = "supported", "refuted", "inconclusive"
MISFIT = 0.01
"""p of the lack of fit below which levels are not on a straight line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came out of a test."""

    outcome: str
    evidence: str
    """A sentence with the figures."""
    interval: Interval | None = None
    """The effect: a ratio, the metric, or its change."""
    unit: str = ""
    runs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What hypotheses are judged by."""

    metrics: Metrics
    experiments: Mapping[str, Mapping[str, Any]]
    """Experiment → its verdict, as in `verdicts.json`."""
    runs: Sequence[Mapping[str, Any]]
    """The verdict of each run, with its evidence, as there."""
    published: Sequence[LoadTestRow]


def judge_hypotheses(
    measured: Measured, processes: pd.DataFrame, verdicts: Mapping[str, Any], published: Sequence[LoadTestRow] = ()
) -> list[dict[str, Any]]:
    """Judge all hypotheses of the plan's suite.

    `processes` is that table of all runs, `verdicts` the content of `verdicts.json`, and `published` the rows of the
    published table.
    """
    of_runs = {(run["experiment"], run["repeat"]): run["verdict"] for run in verdicts["runs"]}
    found = Findings(
        metrics=Metrics(measured, processes, of_runs),
        experiments=verdicts["experiments"],
        runs=verdicts["runs"],
        published=published,
    )
    return [_as_json(name, each, judge(each, found)) for name, each in measured.plan.suite.hypotheses.items()]


def _as_json(name: str, hypothesis: Hypothesis, finding: Finding) -> dict[str, Any]:
    interval = finding.interval
    return {
        "id": name,
        "claim": hypothesis.claim,
        "test": hypothesis.tests[0],
        "expect": hypothesis.expect,
        "outcome": finding.outcome,
        "effect": interval.value if interval else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "unit": finding.unit,
        "runs": finding.runs,
        "gate": hypothesis.gate,
        "evidence": finding.evidence,
    }


def judge(hypothesis: Hypothesis, found: Findings) -> Finding:
    """Put one hypothesis to its test."""
    try:
        if hypothesis.compare is not None:
            return _compare(hypothesis.compare, parse_region(hypothesis.expect, ""), found)
        if hypothesis.value is not None:
            return _value(hypothesis.value, hypothesis.expect, found)
        if hypothesis.trend is not None:
            return _trend(hypothesis.trend, parse_shape(hypothesis.expect), found)
        return _bottleneck(str(hypothesis.bottleneck), parse_verdict(hypothesis.expect), found)
    except NotJudgeable as error:
        return Finding(outcome=INCONCLUSIVE, evidence=str(error))


def outcome(interval: Interval, region: Region) -> str:
    """Say where an interval lies: `supported` inside the region, `refuted` outside of it, else `inconclusive`.

    The bounds of an open region are outside of it.
    """
    if interval.low is None or interval.high is None:
        return INCONCLUSIVE
    if region.open:
        inside = region.low < interval.low and interval.high < region.high
        outside = interval.high <= region.low or interval.low >= region.high
    else:
        inside = region.low <= interval.low and interval.high <= region.high
        outside = interval.high < region.low or interval.low > region.high
    return SUPPORTED if inside else REFUTED if outside else INCONCLUSIVE


def _compare(compare: Compare, region: Region, found: Findings) -> Finding:
    """Judge a ratio, by Welch's t on logarithms; two endpoints of one experiment in pairs, repeat by repeat."""
    of, to = compare.sides
    mine, theirs = (found.metrics.sample(name, compare.metric, endpoint) for name, endpoint in (of, to))
    paired = of[0] == to[0]
    if paired:
        both = sorted(mine.values.keys() & theirs.values.keys())
        if not both:
            raise NotJudgeable(f"no run of {of[0]} has both")
        left_out = mine.left_out | theirs.left_out
        mine, theirs = (Sample({r: s.values[r] for r in both}, left_out) for s in (mine, theirs))
    values, others = list(mine.values.values()), list(theirs.values.values())
    metric = METRICS[compare.metric]
    a, b = (quantity(float(np.mean(figures)), metric.unit) for figures in (values, others))
    try:
        interval = (ratio_of_pairs if paired else ratio_of_runs)(values, others)
    except ValueError:
        raise NotJudgeable(f"there is no ratio of {a} to {b}: {metric.label} is 0 in some run") from None
    counts = f"{len(values)} runs, in pairs" if paired else f"{len(values)} and {len(others)} runs"
    text = (
        f"{metric.label} of {side(*of)} is {figure(interval.value)} times that of {side(*to)} "
        f"({bounds(interval, '')}; {counts}{_left_out(*([mine] if paired else [mine, theirs]))}): {a} against {b}"
    )
    runs = len(values) if paired else len(values) + len(others)
    return _finding(outcome(interval, region), text, interval, "ratio", runs)


def _value(value: Value, expect: str, found: Findings) -> Finding:
    if value.published is not None:
        return _printed(value.published, value.metric, expect, found)
    metric, name, endpoint = METRICS[value.metric], str(value.of), value.endpoint or ALL
    sample = found.metrics.sample(name, value.metric, endpoint)
    interval = mean_of_runs(list(sample.values.values()))
    if value.metric == FAILURES:
        interval = found.metrics.counted(interval, name, endpoint, sample.values)
    text = (
        f"{metric.label} of {side(name, endpoint)} is {quantity(interval.value, metric.unit)} "
        f"({bounds(interval, metric.unit)}; {number_of(interval.runs)}{_left_out(sample)})"
    )
    region = parse_region(expect, metric.unit)
    return _finding(outcome(interval, region), text, interval, metric.unit, interval.runs)


def _printed(row: str, name: str, expect: str, found: Findings) -> Finding:
    """Judge a figure that follows from a published row; nothing is measured."""
    audited = {
        each.row.label: each for each in audit_published(found.metrics.measured.plan.suite, found.published).rows
    }
    if row.strip() not in audited:
        raise NotJudgeable("the published table can't be audited")
    metric = PUBLISHED_METRICS[name]
    try:
        interval = printed_interval(audited[row.strip()], name)
    except ValueError as error:
        raise NotJudgeable(f"«{row}»: {error}") from None
    text = (
        f"{metric.label} of the published row «{row}» is {quantity(interval.value, metric.unit)} "
        f"({bounds(interval, metric.unit)}, from rounding and chance)"
    )
    return _finding(outcome(interval, parse_region(expect, metric.unit)), text, interval, metric.unit, 0)


def _bottleneck(experiment: str, expected: tuple[str, ...], found: Findings) -> Finding:
    """Judge by the experiment's verdict; one that names nobody leaves the hypothesis open."""
    of_experiment = found.experiments[experiment]
    verdict, runs = str(of_experiment["verdict"]), sum(of_experiment["runs"].values())
    counts = ", ".join(f"{name} in {count} of {runs} runs" for name, count in of_experiment["runs"].items())
    figures = "".join(f"; {signal} = {figure(mean)}" for signal, mean in _signals(experiment, found).items())
    text = f"the verdict on {experiment} is {verdict} ({counts}{figures})"
    if verdict in expected:
        return Finding(outcome=SUPPORTED, evidence=text, runs=runs)
    if verdict in (MIXED, UNDETERMINED, ERRORS, INVALID):
        return Finding(outcome=INCONCLUSIVE, evidence=f"{text}, which names no one party", runs=runs)
    return Finding(outcome=REFUTED, evidence=text, runs=runs)


def _signals(experiment: str, found: Findings) -> dict[str, float]:
    """Average the two utilisations that a reader asks for first."""
    known = {
        signal: [
            evidence["value"]
            for run in found.runs
            if run["experiment"] == experiment
            for evidence in run["evidence"]
            if evidence["signal"] == signal
        ]
        for signal in ("u_think", "u_server")
    }
    return {signal: float(np.mean(values)) for signal, values in known.items() if values}


def _trend(trend: Trend, shape: Shape, found: Findings) -> Finding:
    """Judge how a metric goes with a factor, on all runs of its sweeps: y = a + b·n + c·load.

    `rises` and `falls`: b's interval is wholly above, or below, 0. `flat`: the relative change from the lowest to the
    highest level is within the tolerance. `linear`: b above 0, and no lack of fit: an F test of what a mean of its own
    for each level explains beyond the straight line, against the scatter of repeats, doesn't reach p < 0.01. A lack of
    fit refutes it, whatever b is.
    """
    plan = found.metrics.measured.plan
    sweeps = [plan.suite.sweeps[name] for name in trend.over]
    samples: list[Sample] = []
    levels: list[float] = []
    loads: list[float] = []
    for level in (level for sweep in sweeps for level in sweep.levels):
        sample = found.metrics.sample(level.experiment, trend.metric, trend.endpoint or ALL)
        samples.append(sample)
        levels += [float(str(level.value))] * len(sample.values)
        loads += [float(plan.experiments[level.experiment].load.users)] * len(sample.values)
    values = [value for sample in samples for value in sample.values.values()]
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
        f"({bounds(interval, unit, sign=True)}; {number_of(len(values))}{_left_out(*samples)})"
    )
    found_to_be = _shaped(shape, model)
    if shape.name == "linear":
        p = model.lack_of_fit_p
        text += "; without repeats a bend can't be told" if p is None else f"; lack of fit to a line: {_p(p)}"
    return _finding(found_to_be, text, interval, unit, len(values))


def _shaped(shape: Shape, model: LinearModel) -> str:
    if shape.name == "flat":
        tolerance = shape.tolerance or 0.0
        return outcome(model.relative, Region(low=-tolerance, high=tolerance))
    region = Region(high=0.0, open=True) if shape.name == "falls" else Region(low=0.0, open=True)
    rising = outcome(model.change, region)
    if shape.name != "linear" or rising == REFUTED:
        return rising
    if model.lack_of_fit_p is None:
        return INCONCLUSIVE
    return REFUTED if model.lack_of_fit_p < MISFIT else rising


def _finding(found_to_be: str, text: str, interval: Interval, unit: str, runs: int) -> Finding:
    if found_to_be == INCONCLUSIVE and interval.low is not None:
        text += "; the interval leaves it open"
    return Finding(outcome=found_to_be, evidence=text, interval=interval, unit=unit, runs=runs)


def _p(p: float) -> str:
    return f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"


def _left_out(*samples: Sample) -> str:
    left = [why for sample in samples for why in sample.left_out.values()]
    return f", {len(left)} left out: {' and '.join(sorted(set(left)))}" if left else ""
