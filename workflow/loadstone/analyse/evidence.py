"""The figures that decide a hypothesis, which can be judged at any confidence: a ratio, a value or a trend.

All experiments of a hypothesis contribute the repeats of the same blocks, the ones that all of them are in. A drift of
the machine then affects them alike, also if one of them has more repeats for the sake of other hypotheses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from loadstone.analyse.conclusion import Conclusion, judge_interval, narrowing
from loadstone.analyse.metrics import FAILURES, MetricValues, widen_by_counts
from loadstone.analyse.wording import bounds, side
from loadstone.results.hypotheses import Outcome
from loadstone.suite.hypotheses import METRICS, SHARE, Compare, Region, Shape
from loadstone.text import figure, p_value, quantity, several
from loadstone.theory.intervals import (
    CONFIDENCE,
    Interval,
    geometric_mean_of_runs,
    mean_of_runs,
    ratio_of_pairs,
    ratio_of_runs,
)
from loadstone.theory.linear_model import LinearModel, Miss, find_miss, fit_linear_model

MISFIT = 0.01
"""p of the lack of fit below which the levels are not taken for a straight line."""

MIN_PAIRED = 10
"""Blocks from which on two experiments are compared in pairs: fewer differences have too few degrees of freedom. At the
strict levels of a family with looks, six pairs make an interval 1.4 times as wide as Welch's if blocks do not matter,
ten pairs 1.2 times. The number of blocks decides, never the figures."""


class Evidence(Protocol):
    """What a hypothesis is judged by."""

    @property
    def shares(self) -> Mapping[str, float]:
        """Experiment → the share of the effect's variance that its runs contribute."""

    def outcome(self, confidence: float) -> Outcome:
        """Judge at a confidence. What is decided at one is decided in the same way at all smaller ones."""

    def conclude(self, confidence: float, note: str) -> Conclusion:
        """Judge at a confidence, in a sentence. `note` follows the interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A ratio of two experiments, or of two endpoints of one: of geometric means over runs.

    Two endpoints of one experiment are compared in pairs, run by run. Two experiments are compared by Welch's t on
    logarithms up to nine blocks, and in pairs from ten blocks on.
    """

    compare: Compare
    region: Region
    numerator: MetricValues
    denominator: MetricValues
    blocks: int
    more: bool = False
    """Whether one of the two has repeats in further blocks, which do not count."""

    @property
    def paired(self) -> bool:
        """Whether runs are compared in pairs."""
        of, to = self.compare.sides
        return of[0] == to[0] or self.blocks >= MIN_PAIRED

    def values(self) -> tuple[list[float], list[float]]:
        """Return the figures of both sides; in pairs, if runs are compared in pairs."""
        a, b = self.numerator.values, self.denominator.values
        if self.paired:
            both = sorted(a.keys() & b.keys())
            return [a[repeat] for repeat in both], [b[repeat] for repeat in both]
        return list(a.values()), list(b.values())

    def interval(self, confidence: float) -> Interval:
        """Estimate the ratio. Raises ValueError where there is none, since a figure is 0."""
        return (ratio_of_pairs if self.paired else ratio_of_runs)(*self.values(), confidence=confidence)

    @property
    def shares(self) -> Mapping[str, float]:
        """Half each, in pairs; without pairs, as the runs' scatter has it."""
        (of, _), (to, _) = self.compare.sides
        if of == to:
            return {of: 1.0}
        variances = [float(np.var(np.log(x), ddof=1)) / len(x) if len(x) > 1 else 0.0 for x in self.values()]
        total = sum(variances)
        if self.paired or not total:
            return {of: 0.5, to: 0.5}
        return {of: variances[0] / total, to: variances[1] / total}

    def outcome(self, confidence: float) -> Outcome:
        """Judge where the interval of the ratio lies."""
        return judge_interval(self.interval(confidence), self.region)

    def conclude(self, confidence: float, note: str) -> Conclusion:
        """State the ratio."""
        interval, (values, others) = self.interval(confidence), self.values()
        metric = METRICS[self.compare.metric]
        of, to = self.compare.sides
        a, b = (quantity(float(np.mean(figures)), metric.unit) for figures in (values, others))
        counts = f"{len(values)} and {len(others)} runs"
        if self.paired:
            counts = (
                f"{several(len(values), 'run')}, in pairs" if of[0] == to[0] else several(len(values), "pair of runs")
            )
        counts += f" of the {several(self.blocks, 'block')} that both are in" if self.more else ""
        counts += left_out(*((self.numerator,) if of[0] == to[0] else (self.numerator, self.denominator)))
        text = (
            f"{metric.label} of {side(*of)} is {figure(interval.value)} times that of {side(*to)} "
            f"({bounds(interval, '', confidence)}{note}; {counts}): {a} against {b}"
        )
        factor = narrowing(interval, self.region, logarithmic=True)
        runs = len(values) if of[0] == to[0] else len(values) + len(others)
        return _conclude(self, confidence, text, interval, "ratio", runs, factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A metric of one experiment: its mean over runs, geometric unless it is a share of failures, or 0 in a run."""

    experiment: str
    endpoint: str
    metric: str
    region: Region
    measured: MetricValues
    counts: tuple[float, float] | None = None
    """Failures and requests, for the share of failures."""

    @property
    def logarithmic(self) -> bool:
        """Whether the mean is a geometric one."""
        return self.metric != FAILURES and min(self.measured.values.values()) > 0

    def interval(self, confidence: float) -> Interval:
        """Estimate the mean."""
        mean = geometric_mean_of_runs if self.logarithmic else mean_of_runs
        interval = mean(list(self.measured.values.values()), confidence=confidence)
        return widen_by_counts(interval, *self.counts, confidence) if self.counts else interval

    @property
    def shares(self) -> Mapping[str, float]:
        """All of it."""
        return {self.experiment: 1.0}

    def outcome(self, confidence: float) -> Outcome:
        """Judge where the interval of the mean lies."""
        return judge_interval(self.interval(confidence), self.region)

    def conclude(self, confidence: float, note: str) -> Conclusion:
        """State the mean."""
        interval, metric = self.interval(confidence), METRICS[self.metric]
        text = (
            f"{metric.label} of {side(self.experiment, self.endpoint)} is {quantity(interval.value, metric.unit)} "
            f"({bounds(interval, metric.unit, confidence)}{note}; "
            f"{several(interval.runs, 'run')}{left_out(self.measured)})"
        )
        factor = narrowing(interval, self.region, logarithmic=self.logarithmic)
        return _conclude(self, confidence, text, interval, metric.unit, interval.runs, factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How a metric changes with a factor, over all runs of its sweeps: y = a + b·n + c·load.

    `rises` and `falls`: the interval of b lies wholly above, or below, 0. `flat`: the relative change from the lowest
    to the highest level is within the tolerance. `linear`: the interval of b lies above 0, and there is no lack of fit.
    Lack of fit is an F test. It compares what separate means per level explain beyond the straight line with the
    scatter of repeats. Below p = 0.01 the line is not supported. It is refuted, whatever b is, if p is also below half
    the error that the confidence allows; the interval's error on one side is the other half.
    """

    shape: Shape
    metric: str
    whose: str
    """What is measured, in words."""
    factor: str
    levels: tuple[float, ...]
    """Of each run."""
    values: tuple[float, ...]
    loads: tuple[float, ...] | None
    """None if they do not differ."""
    measured: tuple[MetricValues, ...]
    """By level."""
    experiments: tuple[str, ...]

    def model(self, confidence: float) -> LinearModel:
        """Fit the line. Raises ValueError if the runs do not determine it."""
        return fit_linear_model(self.levels, self.values, self.loads, confidence=confidence)

    @property
    def region(self) -> Region:
        """The expected change: relative for `flat`, else absolute."""
        if self.shape.name == "flat":
            tolerance = self.shape.tolerance or 0.0
            return Region(low=-tolerance, high=tolerance)
        return Region(high=0.0, open=True) if self.shape.name == "falls" else Region(low=0.0, open=True)

    @property
    def shares(self) -> Mapping[str, float]:
        """Equal ones."""
        return dict.fromkeys(self.experiments, 1 / len(set(self.experiments)))

    def outcome(self, confidence: float) -> Outcome:
        """Judge where the interval of the change lies; for `linear`, whether the levels lie on a line, too."""
        model = self.model(confidence)
        outcome = judge_interval(self._change(model), self.region)
        if outcome == Outcome.SUPPORTED and self._miss() is not None:
            return Outcome.INCONCLUSIVE
        if self.shape.name != "linear" or outcome == Outcome.REFUTED:
            return outcome
        p = model.lack_of_fit_p
        if p is not None and p < min(MISFIT, (1 - confidence) / 2):
            return Outcome.REFUTED
        return Outcome.INCONCLUSIVE if p is None or p < MISFIT else outcome

    def _miss(self) -> Miss | None:
        """Find a level that the line misses twofold. Such a line supports nothing."""
        model = self.model(CONFIDENCE)
        c, loads = (0.0, [0.0] * len(self.levels)) if model.c is None else (model.c.value, self.loads or ())
        at = zip(self.levels, loads, strict=True)
        return find_miss(self.levels, self.values, [model.a.value + model.b.value * x + c * load for x, load in at])

    def _change(self, model: LinearModel) -> Interval:
        return model.relative if self.shape.name == "flat" else model.change

    def conclude(self, confidence: float, note: str) -> Conclusion:
        """State the change."""
        model, metric = self.model(confidence), METRICS[self.metric]
        interval, unit = self._change(model), SHARE if self.shape.name == "flat" else metric.unit
        span = f"{min(self.levels):,.12g} to {max(self.levels):,.12g} {self.factor}"
        same = "" if self.loads is None else ", at equal load.users"
        text = (
            f"{metric.label} of {self.whose} changes by {quantity(interval.value, unit, sign=True)} from {span}{same} "
            f"({bounds(interval, unit, confidence, sign=True)}{note}; "
            f"{several(len(self.values), 'run')}{left_out(*self.measured)})"
        )
        if self.shape.name == "linear":
            text += f"; {_lack_of_fit(model.lack_of_fit_p)}"
        if (miss := self._miss()) is not None:
            mean, line = (quantity(each, metric.unit) for each in (miss.mean, miss.fitted))
            text += f"; the line supports nothing: at {miss.x:,.12g} it is at {line}, and {mean} was measured"
            return replace(
                _conclude(self, confidence, "", interval, unit, len(self.values), None), evidence=text, narrowing=None
            )
        return _conclude(self, confidence, text, interval, unit, len(self.values), narrowing(interval, self.region))


def _conclude(
    evidence: Evidence, confidence: float, text: str, interval: Interval, unit: str, runs: int, factor: float | None
) -> Conclusion:
    outcome = evidence.outcome(confidence)
    still_open = outcome == Outcome.INCONCLUSIVE
    if still_open and interval.low is not None:
        text += "; the interval leaves it open" if factor is not None else "; whether there is a bend is left open"
    return Conclusion(
        outcome=outcome,
        evidence=text,
        interval=interval,
        unit=unit,
        runs=runs,
        level=confidence,
        variance_shares=evidence.shares,
        narrowing=factor if still_open else None,
    )


def _lack_of_fit(p: float | None) -> str:
    if p is None:
        return "without repeats a bend cannot be detected"
    return f"lack of fit to a line: {p_value(p)}"


def left_out(*groups: MetricValues) -> str:
    """Count the runs that are left out, and state why."""
    reasons = [why for group in groups for why in group.left_out.values()]
    return f", {len(reasons)} left out: {' and '.join(sorted(set(reasons)))}" if reasons else ""
