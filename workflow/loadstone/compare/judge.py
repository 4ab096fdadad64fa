"""Compare two campaigns: what became faster or slower beyond the noise of repeats, and what else changed.

The run is the unit of replication. A ratio compares geometric means over runs; its interval is Welch's on logarithms,
with variances to which the other experiments of the campaign contribute (`theory.variances`). All intervals hold
together with 95 % (Bonferroni over experiments and judged metrics), so that two campaigns of equal code differ anywhere
in at most 5 % of comparisons.

Runs that are invalid or had too many errors are left out, and named; so are runs during which others used the machine,
if enough are left. What the machine could explain is not said of the code: see `compare.machine`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loadstone.compare.machine import Machine, leave_out_disturbed, watch_machine
from loadstone.compare.model import (
    DEFAULT_MARGIN,
    DIRTY,
    JUDGED,
    METRICS,
    CampaignComparison,
    CampaignResults,
    Cause,
    ChangeFinding,
    ExperimentComparison,
    ExperimentResult,
    MetricChange,
    RunResult,
    Side,
    UnusedRun,
    ValueChange,
)
from loadstone.suite.verdict import SET_BY_LOAD
from loadstone.text import percent, several
from loadstone.theory.intervals import CONFIDENCE, Interval
from loadstone.theory.variances import TypicalVariance, find_typical_variance, ratio_of_groups

MIN_REQUESTS = {"p95_ms": 200}
"""Requests that each run needs for a percentile to be judged: ten beyond it."""

Runs = tuple[list[RunResult], list[RunResult]]
"""Runs of one experiment, before and after."""
Typical = tuple[TypicalVariance, TypicalVariance]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What all experiments of a comparison have in common."""

    margin: float
    confidence: float
    typical: Mapping[str, Typical]
    """Metric → what the campaigns show of the variance of its logarithm."""


def compare_campaigns(
    before: CampaignResults, after: CampaignResults, margin: float = DEFAULT_MARGIN
) -> CampaignComparison:
    """Compare the experiments that have the same name in both campaigns."""
    names = sorted({*before.experiments, *after.experiments})
    shared = [name for name in names if name in before.experiments and name in after.experiments]
    facts = ({key: ", ".join(values) for key, values in side.environment.items()} for side in (before, after))
    counting = {name: _choose_runs(before.experiments[name], after.experiments[name]) for name in shared}
    rules = _Rules(
        margin=margin,
        confidence=confidence_of(len(shared)),
        typical={metric: _find_typical(metric, list(counting.values())) for metric in METRICS},
    )
    return CampaignComparison(
        margin=margin,
        confidence=rules.confidence,
        experiments=tuple(_compare_experiment(name, before, after, counting[name], rules) for name in shared),
        only_before=tuple(name for name in names if name not in after.experiments),
        only_after=tuple(name for name in names if name not in before.experiments),
        environment=list_changes(*facts),
        suite=list_changes(before.suite, after.suite),
        imported=tuple(
            f"{name} is imported from {side.imported}"
            for name, side in (("before", before), ("after", after))
            if side.imported
        ),
        both_dirty=all("yes" in side.environment.get(DIRTY, ()) for side in (before, after)),
    )


def confidence_of(experiments: int) -> float:
    """Return the confidence of each interval for that many experiments: all of them hold together with 95 %.

    Every metric that can be judged counts, also where it is not, since the figures decide that.
    """
    return 1 - (1 - CONFIDENCE) / (len(JUDGED) * max(1, experiments))


def judge_ratio(ratio: Interval, margin: float, *, higher_is_better: bool) -> ChangeFinding:
    """Judge the ratio of after to before by its interval.

    Slower or faster: the interval excludes 1, and the ratio itself lies beyond `margin`. No change: the interval lies
    within the margin. Everything else cannot be told, as without an interval.
    """
    if ratio.low is None or ratio.high is None:
        return ChangeFinding.CANNOT_TELL
    if ratio.high < 1 and ratio.value < 1 - margin:
        return ChangeFinding.SLOWER if higher_is_better else ChangeFinding.FASTER
    if ratio.low > 1 and ratio.value > 1 + margin:
        return ChangeFinding.FASTER if higher_is_better else ChangeFinding.SLOWER
    return (
        ChangeFinding.NO_CHANGE if 1 - margin <= ratio.low and ratio.high <= 1 + margin else ChangeFinding.CANNOT_TELL
    )


def list_changes(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[ValueChange, ...]:
    """List the keys whose values differ, by name."""
    return tuple(
        ValueChange(key=key, before=before.get(key), after=after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    )


def _choose_runs(before: ExperimentResult, after: ExperimentResult) -> Runs:
    """Choose the runs that count: sound ones, and undisturbed ones if enough are left."""
    sound = [[run for run in side.runs if run.verdict.is_sound] for side in (before, after)]
    return leave_out_disturbed(sound[0], sound[1])


def _find_typical(metric: str, counting: Sequence[Runs]) -> Typical:
    """Estimate how far a metric's logarithm scatters: for each campaign by itself, since one may be noisier."""
    old, new = (
        find_typical_variance([np.log(_values(metric, runs[side])).tolist() for runs in counting]) for side in (0, 1)
    )
    return old, new


def _compare_experiment(
    name: str, before: CampaignResults, after: CampaignResults, counting: Runs, rules: _Rules
) -> ExperimentComparison:
    """Compare the runs of one experiment."""
    old, new = before.experiments[name], after.experiments[name]
    same = _are_same(old, new)
    reason = None if same else _why_not_judged(old, new)
    machine = Machine() if same else watch_machine(before, after, counting)
    shown = counting if reason is None else (list(old.runs), list(new.runs))
    return ExperimentComparison(
        experiment=name,
        metrics=tuple(
            _repeat_metric(metric, shown)
            if same
            else _compare_metric(metric, shown, rules, machine, judged=reason is None)
            for metric in METRICS
        ),
        runs=(len(counting[0]), len(counting[1])),
        left_out=(*_list_unused("before", old, counting[0]), *_list_unused("after", new, counting[1])),
        not_judged=reason,
        same_runs=same,
        others=machine.others,
        machine=machine.describe(),
        verdicts=(_verdict_with_parties(old), _verdict_with_parties(new)),
        # other parties alone are no other verdict: those of several limits change with single runs
        verdict_changed=old.verdict != new.verdict,
        settings=list_changes(old.settings, new.settings),
    )


def _are_same(before: ExperimentResult, after: ExperimentResult) -> bool:
    """Whether both sides hold the very same runs."""
    old, new = ([run.identity for run in side.runs] for side in (before, after))
    return all(old) and old == new and bool(old)


def _values(metric: str, runs: Sequence[RunResult]) -> list[float]:
    return [value for run in runs if math.isfinite(value := run.metrics[metric]) and value > 0]


def _repeat_metric(metric: str, runs: Runs) -> MetricChange:
    """Compare runs with themselves: nothing was measured twice, so nothing changed."""
    before, after = (_geometric_mean(_values(metric, side)) for side in runs)
    ratio = Interval(value=1.0, low=1.0, high=1.0, runs=len(runs[0])) if before is not None else None
    finding = ChangeFinding.NO_CHANGE if metric in JUDGED else None
    return MetricChange(metric=metric, before=before, after=after, ratio=ratio, finding=finding, by_figures=finding)


def _compare_metric(metric: str, runs: Runs, rules: _Rules, machine: Machine, *, judged: bool) -> MetricChange:
    values = [_values(metric, side) for side in runs]
    ratio = None
    if judged and all(values):
        typical = rules.typical[metric]
        ratio = ratio_of_groups(values[1], values[0], (typical[1], typical[0]), confidence=rules.confidence)
    found, by_figures, cause = _judge(metric, runs, ratio, rules, machine, judged=judged)
    return MetricChange(
        metric=metric,
        before=_geometric_mean(values[0]),
        after=_geometric_mean(values[1]),
        ratio=ratio,
        finding=found,
        by_figures=by_figures,
        cause=cause,
    )


def _judge(
    metric: str, runs: Runs, ratio: Interval | None, rules: _Rules, machine: Machine, *, judged: bool
) -> tuple[ChangeFinding | None, ChangeFinding | None, Cause | None]:
    """Return the finding, what the figures alone would show, and why it cannot be told."""
    if metric not in JUDGED or (judged and not _shows_something(metric, runs)):
        return None, None, None
    unknown = ChangeFinding.CANNOT_TELL
    if ratio is None:
        return unknown, unknown, Cause.UNKNOWN if judged else Cause.UNUSABLE
    if ratio.low is None:
        return unknown, unknown, Cause.SINGLE_RUN
    better = METRICS[metric].higher_is_better
    by_figures = judge_ratio(ratio, rules.margin, higher_is_better=better)
    cause = machine.explain(by_figures, math.log(ratio.value) * (-1 if better else 1))
    if cause is not None:
        return unknown, by_figures, cause
    return by_figures, by_figures, Cause.WIDE if by_figures == unknown else None


def _shows_something(metric: str, runs: Runs) -> bool:
    """Whether a metric shows what the server can do: no rate that the load sets, and no percentile of few requests."""
    both = (*runs[0], *runs[1])
    if metric == "throughput_rps":
        return not any(run.verdict in SET_BY_LOAD for run in both)
    return all(run.requests >= MIN_REQUESTS.get(metric, 0) for run in both)


def _geometric_mean(values: Sequence[float]) -> float | None:
    return math.exp(float(np.log(values).mean())) if values else None


def _why_not_judged(before: ExperimentResult, after: ExperimentResult) -> str | None:
    """Name the sides on which half of the runs, or more, cannot be used."""
    reasons = []
    for side, result in (("before", before), ("after", after)):
        unusable = [run.verdict for run in result.runs if not run.verdict.is_sound]
        if 2 * len(unusable) >= len(result.runs):
            count = f"{len(unusable)} of {several(len(result.runs), 'run')}"
            reasons.append(f"{side}: {count} cannot be used ({', '.join(sorted(set(unusable)))})")
    return "; ".join(reasons) or None


def _list_unused(side: Side, result: ExperimentResult, counting: Sequence[RunResult]) -> list[UnusedRun]:
    """List the runs that do not count: unusable ones, and disturbed ones."""
    counted = {run.repeat for run in counting}
    return [
        UnusedRun(
            side=side,
            repeat=run.repeat,
            verdict="busy" if run.verdict.is_sound else run.verdict,
            reason=f"others used {percent(run.others or 0.0)} of the machine" if run.verdict.is_sound else run.reason,
        )
        for run in result.runs
        if run.repeat not in counted
    ]


def _verdict_with_parties(result: ExperimentResult) -> str:
    return result.verdict + f" ({' + '.join(result.parties)})" * (len(result.parties) > 1)
