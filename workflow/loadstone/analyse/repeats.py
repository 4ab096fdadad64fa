"""What an experiment's repeats show together, where they disagree, and whether the campaign drifted.

The run is the unit of replication: every figure here is one number per run.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy import stats

from loadstone.results.bounded import Bounded
from loadstone.results.repeats import CampaignRepeats, Drift, ExperimentRepeats
from loadstone.suite.thresholds import DEFAULTS, Thresholds
from loadstone.text import p_value, several
from loadstone.theory.intervals import (
    MIN_FOR_INTERVAL,
    Interval,
    estimate_of_runs,
    mean_of_runs,
    outlier,
    repeats_needed,
    variation,
)
from loadstone.theory.stopping import stopped_interval

COMPARED = {"throughput_rps": "throughput", "mean_ms": "mean response time"}
"""Metrics that have to be precise and in which repeats have to agree → their names in sentences."""

DRIFT_LEVEL = 0.01
"""p below which a drift of the campaign is taken as real."""

DRIFT_SIZE = 0.02
"""Relative change over the campaign up to which a drift isn't reported, however certain it is."""

MAX_CHANGE = 1000.0
"""Limit of the relative change: a slope between runs seconds apart means nothing when extended over days."""

MIN_DISTANCE = 0.01
"""Relative distance from the median below which an outlier isn't reported."""

MIN_PAIRS = 8
"""Pairs of runs that the test needs: eight that all rise give p = 0.013, and fewer would prove nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """The figures of one run."""

    experiment: str
    repeat: int
    started: float
    """Unix seconds."""
    metrics: Mapping[str, float]
    """Metric (`throughput_rps`, `mean_ms`, `p95_ms`, …) → the run's value; NaN where it isn't known."""
    steal: float | None
    """Share of all CPUs' time that the hypervisor took."""


def combine_repeats(
    runs: Sequence[RunFigures], precision: float, limits: Thresholds = DEFAULTS, first_stage: int | None = None
) -> ExperimentRepeats:
    """Combine the runs of one experiment. Raises ValueError where they belong to none, or to more than one.

    `first_stage` is the number of repeats whose scatter set how many there are; None if their number was fixed.
    """
    names = {run.experiment for run in runs}
    if len(names) != 1:
        raise ValueError("repeats are the runs of one experiment")
    runs = sorted(runs, key=lambda run: run.repeat)
    values = {metric: _where_known(runs, metric)[1] for run in runs for metric in run.metrics}
    first = sum(run.repeat <= first_stage for run in runs) if first_stage else 0
    spread = {metric: cv for metric, of_runs in values.items() if math.isfinite(cv := variation(of_runs))}
    needed = [repeats_needed(values.get(metric, ()), precision) for metric in COMPARED]
    estimates = [count for count in needed if count is not None]
    return ExperimentRepeats(
        runs=len(runs),
        intervals={metric: Bounded.of(_estimate(of_runs, first)) for metric, of_runs in values.items() if of_runs},
        values={metric: tuple(of_runs) for metric, of_runs in values.items() if of_runs},
        variation={**spread},
        precision=precision,
        needed=max(estimates) if len(estimates) == len(needed) else None,
        disagreements=(*_outliers(runs), *_varying(spread, limits), *_stolen(runs, limits)),
    )


def _estimate(values: Sequence[float], first_stage: int) -> Interval:
    """Estimate a figure over runs; where a first stage set their number, with Stein's interval."""
    if first_stage < 2 or len(values) < max(MIN_FOR_INTERVAL, first_stage) or min(values) <= 0:
        return estimate_of_runs(values)
    return stopped_interval(values, first_stage)


def _where_known(runs: Sequence[RunFigures], metric: str) -> tuple[list[RunFigures], list[float]]:
    """Return the runs in which `metric` is known, and their values."""
    known = [run for run in runs if math.isfinite(run.metrics.get(metric, math.nan))]
    return known, [run.metrics[metric] for run in known]


def _outliers(runs: Sequence[RunFigures]) -> Iterator[str]:
    """Name the repeat that is an outlier, if there is one."""
    for metric, name in COMPARED.items():
        known, values = _where_known(runs, metric)
        worst = outlier(values)
        if worst is not None and abs(values[worst] / float(np.median(values)) - 1) > MIN_DISTANCE:
            repeat = known[worst].repeat
            its, theirs = _apart(values.pop(worst), mean_of_runs(values).value)
            ms = " ms" * metric.endswith("_ms")
            yield f"{name} of repeat {repeat} is an outlier: {its}{ms}, while the others average {theirs}{ms}"


def _varying(spread: Mapping[str, float], limits: Thresholds) -> Iterator[str]:
    """Name the metrics in which repeats scatter widely."""
    for metric, name in COMPARED.items():
        if spread.get(metric, 0.0) > limits.most_variation:
            yield f"{name} varies by {_percent(spread[metric])} between repeats"


def _stolen(runs: Sequence[RunFigures], limits: Thresholds) -> Iterator[str]:
    """Name the repeats during which the hypervisor withheld CPU time."""
    for run in runs:
        if run.steal is not None and run.steal > limits.notable_steal:
            yield f"repeat {run.repeat}: the hypervisor took {_percent(run.steal)} of the CPU time"


def _apart(one: float, other: float) -> tuple[str, str]:
    """Write two different numbers with four digits, or with as many as show the difference."""
    decimals = max(0, 3 - math.floor(math.log10(max(abs(one), abs(other)))))
    while f"{one:,.{decimals}f}" == f"{other:,.{decimals}f}":
        decimals += 1
    return f"{one:,.{decimals}f}", f"{other:,.{decimals}f}"


def _percent(share: float) -> str:
    return f"{100 * share:,.1f} %"


def find_drift(runs: Sequence[RunFigures], metric: str = "throughput_rps") -> Drift | None:
    """Test whether `metric` rose or fell with the time of execution, over all experiments of a campaign.

    Seasonal Kendall test (Hirsch, Slack & Smith 1982) with experiments as seasons: only runs of the same experiment are
    compared, so the order of experiments doesn't matter. Mann-Kendall's S and its variance, corrected for ties (Kendall
    1975), are summed over experiments; p is two-sided, from the normal approximation with continuity correction. The
    size is the median over experiments of Sen's slope (1968) of the logarithm, times the longest time between two runs
    that are compared. Runs in which the metric isn't positive are left out. None where fewer than eight pairs of runs
    can be compared.

    The test takes experiments as independent. A disturbance of a whole block affects them all, and three blocks that
    differ by chance are in ascending or descending order one time in three: a reported drift did happen in this
    campaign, but it need not go on.
    """
    seasons: dict[str, list[tuple[float, float]]] = {}
    for run, value in zip(*_where_known(runs, metric), strict=True):
        if value > 0:
            seasons.setdefault(run.experiment, []).append((run.started, math.log(value)))
    score, variance, pairs, slopes = 0.0, 0.0, 0, []
    for season in seasons.values():
        times, logs = np.array(season).T
        first, second = np.triu_indices(len(season), 1)
        elapsed, change = times[second] - times[first], logs[second] - logs[first]
        if elapsed.any():
            score += float((np.sign(elapsed) * np.sign(change)).sum())
            variance += _variance(logs.tolist())
            pairs += int(np.count_nonzero(elapsed))
            slopes.append(float(np.median(change[elapsed != 0] / elapsed[elapsed != 0])))
    if pairs < MIN_PAIRS:
        return None
    z = max(0.0, abs(score) - 1) / math.sqrt(variance) if variance else 0.0
    p = 2 * float(stats.norm.sf(z))
    seconds = max(times[-1][0] - times[0][0] for times in map(sorted, seasons.values()))
    size = math.expm1(min(float(np.median(slopes)) * seconds, math.log1p(MAX_CHANGE)))
    # with unequal numbers of repeats the test and the size can have opposite directions: then no drift is reported
    named = p < DRIFT_LEVEL and abs(size) > DRIFT_SIZE and size * score > 0
    return Drift(
        metric=metric,
        p=p,
        change=size,
        hours=seconds / 3600,
        experiments=len(slopes),
        named=named,
        sentence=_drift_sentence(metric, p, size, seconds / 3600, len(slopes), named=named),
    )


def _drift_sentence(metric: str, p: float, change: float, hours: float, experiments: int, *, named: bool) -> str:
    length = f"{hours:.1f} hours" if hours >= 2 else f"{60 * hours:.0f} minutes"
    return (
        f"{'' if named else 'no drift worth naming: '}{COMPARED.get(metric, metric)} "
        f"{'fell' if change < 0 else 'rose'} by {_percent(abs(change))} over the campaign's {length} "
        f"(seasonal Kendall test, {several(experiments, 'experiment')}: {p_value(p)})"
    )


def _variance(values: Sequence[float]) -> float:
    """Variance of Mann-Kendall's S over all orders of `values`."""
    n, ties = len(values), np.unique(values, return_counts=True)[1]
    return (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18


def analyse_repeats(
    runs: Sequence[RunFigures],
    precision: Mapping[str, float],
    limits: Thresholds = DEFAULTS,
    first_stages: Mapping[str, int] = MappingProxyType({}),
) -> CampaignRepeats:
    """Combine the repeats of each experiment, given the precision it asks for, and test throughput for drift.

    `first_stages` holds the experiments whose number of repeats followed from that precision: see `combine_repeats`.
    """
    names = sorted({run.experiment for run in runs})
    by_experiment = {name: [run for run in runs if run.experiment == name] for name in names}
    return CampaignRepeats(
        experiments={
            name: combine_repeats(own, precision[name], limits, first_stages.get(name))
            for name, own in by_experiment.items()
        },
        drift=find_drift(runs),
    )
