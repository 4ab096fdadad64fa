"""Two campaigns set side by side: what became faster or slower, beyond the noise of repeats, and what else changed.

The run is the unit of replication. A ratio is that of geometric means over runs, its 95 % interval Welch's on
logarithms. It counts as a regression only where the whole interval lies beyond the margin in the bad direction, so that
neither a noisy run nor a single one can make one. Runs that are invalid or had too many errors are left out, and named.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from loadstone.suite.verdict import Verdict
from loadstone.theory.intervals import Interval, ratio_of_runs

REGRESSION: Final = "regression"
IMPROVEMENT: Final = "improvement"
SMALL: Final = "small change"
NOISE: Final = "within noise"
INCONCLUSIVE: Final = "inconclusive"
NOT_JUDGED: Final = "not judged"
Finding = Literal["regression", "improvement", "small change", "within noise", "inconclusive", "not judged"]

GRAVEST_FIRST: tuple[Finding, ...] = (REGRESSION, IMPROVEMENT, INCONCLUSIVE, NOT_JUDGED, SMALL, NOISE)
"""A finding of any metric stands for the experiment unless one before it does."""

UNUSABLE = (Verdict.INVALID, Verdict.ERRORS)
"""Verdicts of runs whose figures say nothing about speed."""

DEFAULT_MARGIN = 0.05
"""Relative change up to which nothing is called a regression, where nobody says otherwise."""

DIRTY = "source.dirty"
"""The fact of the environment that says whether the code differed from its commit: `yes` or `no`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure that is compared."""

    name: str
    unit: str
    higher_is_better: bool = False


METRICS = {
    "throughput_rps": Metric(name="throughput", unit="/s", higher_is_better=True),
    "mean_ms": Metric(name="mean", unit="ms"),
    "p95_ms": Metric(name="p95", unit="ms"),
    "p99_ms": Metric(name="p99", unit="ms"),
}
"""Column of `summary.csv` → what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What is known of one run."""

    repeat: int
    verdict: str
    reason: str
    """Why the verdict is one of `UNUSABLE`, with figures; empty otherwise."""
    metrics: Mapping[str, float]
    """Key of `METRICS` → value; NaN where it wasn't measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentResult:
    """What is known of an experiment in one campaign."""

    runs: tuple[RunResult, ...]
    verdict: str
    parties: tuple[str, ...]
    settings: Mapping[str, object]
    """Dotted key → value as a suite has it; keys that aren't given are absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One campaign, as far as it is compared."""

    experiments: Mapping[str, ExperimentResult]
    """Without baselines."""
    suite: Mapping[str, object]
    """What the suite says beside its experiments, as dotted keys and values."""
    environment: Mapping[str, tuple[str, ...]]
    """Fact about machine or source, such as `machine.cores` → what its runs say, each value once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that isn't on both sides as it was; None where it isn't there at all."""

    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricChange:
    """One metric of one experiment, before and after."""

    metric: str
    """Key of `METRICS`."""
    before: float | None
    """Geometric mean over runs, in the metric's unit; None where no run knows it."""
    after: float | None
    ratio: Interval | None
    """After over before; None where it isn't judged."""
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A run that doesn't count."""

    side: Literal["before", "after"]
    repeat: int
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One experiment in both campaigns."""

    experiment: str
    metrics: tuple[MetricChange, ...]
    runs: tuple[int, int]
    """That count, before and after."""
    left_out: tuple[LeftOut, ...]
    not_judged: str | None
    """Why none of its metrics is judged."""
    verdicts: tuple[str, str]
    """Before and after, a mixed one with its parties."""
    verdict_changed: bool
    settings: tuple[Change, ...]

    @property
    def finding(self) -> Finding:
        """The gravest of its metrics'."""
        return min((change.finding for change in self.metrics), key=GRAVEST_FIRST.index)

    @property
    def single(self) -> bool:
        """Whether a side has one run that counts, which proves nothing."""
        return self.not_judged is None and min(self.runs) == 1

    def of(self, finding: Finding) -> list[MetricChange]:
        """List the metrics of which this was found."""
        return [change for change in self.metrics if change.finding == finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two campaigns side by side."""

    margin: float
    """Relative change beyond which a whole interval has to lie; 0.05 is 5 %."""
    experiments: tuple[Compared, ...]
    """Those in both, by name."""
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    environment: tuple[Change, ...]
    """What differs in machine and source; a value is the text of all that the runs of a side say."""
    suite: tuple[Change, ...]
    """What differs in the suite beside its experiments."""
    both_dirty: bool
    """Whether both were measured with changes that their commit doesn't tell."""

    def of(self, finding: Finding) -> list[Compared]:
        """List the experiments of which this was found."""
        return [compared for compared in self.experiments if compared.finding == finding]


def compare(before: Side, after: Side, margin: float = DEFAULT_MARGIN) -> Comparison:
    """Set two campaigns side by side, experiment by experiment of the same name."""
    names = sorted({*before.experiments, *after.experiments})
    both = [name for name in names if name in before.experiments and name in after.experiments]
    of_runs = ({key: ", ".join(found) for key, found in side.environment.items()} for side in (before, after))
    return Comparison(
        margin=margin,
        experiments=tuple(
            compare_experiment(name, before.experiments[name], after.experiments[name], margin) for name in both
        ),
        only_before=tuple(name for name in names if name not in after.experiments),
        only_after=tuple(name for name in names if name not in before.experiments),
        environment=changes(*of_runs),
        suite=changes(before.suite, after.suite),
        both_dirty=all("yes" in side.environment.get(DIRTY, ()) for side in (before, after)),
    )


def compare_experiment(name: str, before: ExperimentResult, after: ExperimentResult, margin: float) -> Compared:
    """Set the runs of one experiment side by side."""
    usable = [[run for run in side.runs if run.verdict not in UNUSABLE] for side in (before, after)]
    reason = _why_not_judged(before, after)
    old, new = usable if reason is None else (before.runs, after.runs)
    return Compared(
        experiment=name,
        metrics=tuple(_compare_metric(metric, old, new, margin, judged=reason is None) for metric in METRICS),
        runs=(len(usable[0]), len(usable[1])),
        left_out=(*_left_out("before", before), *_left_out("after", after)),
        not_judged=reason,
        verdicts=(_verdict(before), _verdict(after)),
        # parties alone don't make another verdict: those of a mixed one come and go with single runs
        verdict_changed=before.verdict != after.verdict,
        settings=changes(before.settings, after.settings),
    )


def judge_ratio(ratio: Interval, margin: float, *, higher_is_better: bool) -> Finding:
    """Say what a ratio after/before and its interval show. Only an interval that lies beyond `margin` shows a change.

    A small change is one that is sure, and surely no larger than the margin; noise is surely no larger, and may be no
    change at all. Whatever remains is inconclusive: the margin lies inside the interval, or there is none.
    """
    if ratio.low is None or ratio.high is None:
        return INCONCLUSIVE
    if ratio.high < 1 - margin:
        return REGRESSION if higher_is_better else IMPROVEMENT
    if ratio.low > 1 + margin:
        return IMPROVEMENT if higher_is_better else REGRESSION
    if ratio.low < 1 - margin or ratio.high > 1 + margin:
        return INCONCLUSIVE
    return NOISE if ratio.low <= 1 <= ratio.high else SMALL


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Change, ...]:
    """List the keys whose values differ, by name."""
    return tuple(
        Change(key=key, before=before.get(key), after=after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    )


def _compare_metric(
    metric: str, before: Sequence[RunResult], after: Sequence[RunResult], margin: float, *, judged: bool
) -> MetricChange:
    values = [[v for run in runs if math.isfinite(v := run.metrics[metric]) and v > 0] for runs in (before, after)]
    ratio = ratio_of_runs(values[1], values[0]) if judged and all(values) else None
    return MetricChange(
        metric=metric,
        before=_geometric_mean(values[0]),
        after=_geometric_mean(values[1]),
        ratio=ratio,
        finding=NOT_JUDGED
        if ratio is None
        else judge_ratio(ratio, margin, higher_is_better=METRICS[metric].higher_is_better),
    )


def _geometric_mean(values: Sequence[float]) -> float | None:
    return math.exp(float(np.log(values).mean())) if values else None


def _why_not_judged(before: ExperimentResult, after: ExperimentResult) -> str | None:
    """Say on which side too few runs can be used: as many left out as count, or more."""
    reasons = []
    for side, result in (("before", before), ("after", after)):
        bad = [run.verdict for run in result.runs if run.verdict in UNUSABLE]
        if 2 * len(bad) >= len(result.runs):
            count = f"{len(bad)} of {len(result.runs)} run{'s' * (len(result.runs) != 1)}"
            reasons.append(f"{side}, {count} can't be used ({', '.join(sorted(set(bad)))})")
    return "; ".join(reasons) or None


def _left_out(side: Literal["before", "after"], result: ExperimentResult) -> list[LeftOut]:
    return [
        LeftOut(side=side, repeat=run.repeat, verdict=run.verdict, reason=run.reason)
        for run in result.runs
        if run.verdict in UNUSABLE
    ]


def _verdict(result: ExperimentResult) -> str:
    return result.verdict + f" ({' + '.join(result.parties)})" * (len(result.parties) > 1)
