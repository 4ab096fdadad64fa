"""Compare two campaigns: what became faster or slower beyond the noise of repeats, and what else changed.

The run is the unit of replication. A ratio compares geometric means over runs; its 95 % interval is Welch's, on
logarithms. A metric is a regression only if its whole interval lies beyond the margin on the worse side, so that
neither a noisy run nor a single run can make one. Runs that are invalid or had too many errors are left out, and named.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from loadstone.compare.model import (
    DEFAULT_MARGIN,
    DIRTY,
    METRICS,
    CampaignComparison,
    CampaignResults,
    ChangeFinding,
    ExperimentComparison,
    ExperimentResult,
    MetricChange,
    RunResult,
    Side,
    UnusedRun,
    ValueChange,
)
from loadstone.text import several
from loadstone.theory.intervals import Interval, ratio_of_runs


def compare_campaigns(
    before: CampaignResults, after: CampaignResults, margin: float = DEFAULT_MARGIN
) -> CampaignComparison:
    """Compare the experiments that have the same name in both campaigns."""
    names = sorted({*before.experiments, *after.experiments})
    shared = [name for name in names if name in before.experiments and name in after.experiments]
    facts = ({key: ", ".join(values) for key, values in side.environment.items()} for side in (before, after))
    return CampaignComparison(
        margin=margin,
        experiments=tuple(
            compare_experiment(name, before.experiments[name], after.experiments[name], margin) for name in shared
        ),
        only_before=tuple(name for name in names if name not in after.experiments),
        only_after=tuple(name for name in names if name not in before.experiments),
        environment=list_changes(*facts),
        suite=list_changes(before.suite, after.suite),
        both_dirty=all("yes" in side.environment.get(DIRTY, ()) for side in (before, after)),
    )


def compare_experiment(
    name: str, before: ExperimentResult, after: ExperimentResult, margin: float
) -> ExperimentComparison:
    """Compare the runs of one experiment."""
    usable = [[run for run in side.runs if run.verdict.is_sound] for side in (before, after)]
    reason = _why_not_judged(before, after)
    old, new = usable if reason is None else (before.runs, after.runs)
    return ExperimentComparison(
        experiment=name,
        metrics=tuple(_compare_metric(metric, old, new, margin, judged=reason is None) for metric in METRICS),
        runs=(len(usable[0]), len(usable[1])),
        left_out=(*_list_unused("before", before), *_list_unused("after", after)),
        not_judged=reason,
        verdicts=(_verdict_with_parties(before), _verdict_with_parties(after)),
        # other parties alone are no other verdict: the parties of a mixed verdict change with single runs
        verdict_changed=before.verdict != after.verdict,
        settings=list_changes(before.settings, after.settings),
    )


def judge_ratio(ratio: Interval, margin: float, *, higher_is_better: bool) -> ChangeFinding:
    """Judge the ratio of after to before by its interval.

    A change counts if its whole interval lies beyond `margin`. It is small if the interval excludes 1 and lies within
    the margin, and noise if the interval includes 1 and lies within the margin. Everything else is inconclusive: the
    interval reaches across the margin, or there is no interval.
    """
    if ratio.low is None or ratio.high is None:
        return ChangeFinding.INCONCLUSIVE
    if ratio.high < 1 - margin:
        return ChangeFinding.REGRESSION if higher_is_better else ChangeFinding.IMPROVEMENT
    if ratio.low > 1 + margin:
        return ChangeFinding.IMPROVEMENT if higher_is_better else ChangeFinding.REGRESSION
    if ratio.low < 1 - margin or ratio.high > 1 + margin:
        return ChangeFinding.INCONCLUSIVE
    return ChangeFinding.WITHIN_NOISE if ratio.low <= 1 <= ratio.high else ChangeFinding.SMALL_CHANGE


def list_changes(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[ValueChange, ...]:
    """List the keys whose values differ, by name."""
    return tuple(
        ValueChange(key=key, before=before.get(key), after=after.get(key))
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
        finding=ChangeFinding.NOT_JUDGED
        if ratio is None
        else judge_ratio(ratio, margin, higher_is_better=METRICS[metric].higher_is_better),
    )


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


def _list_unused(side: Side, result: ExperimentResult) -> list[UnusedRun]:
    return [
        UnusedRun(side=side, repeat=run.repeat, verdict=run.verdict, reason=run.reason)
        for run in result.runs
        if not run.verdict.is_sound
    ]


def _verdict_with_parties(result: ExperimentResult) -> str:
    return result.verdict + f" ({' + '.join(result.parties)})" * (len(result.parties) > 1)
