"""Judge two commits by their pairs of runs: fails more, slower, faster, no change, or can't tell.

The run is the unit of replication. The ratio B/A compares geometric means over the pairs in which both runs count. Its
interval is Welch's over runs if fewer than six pairs were planned, because a difference of pairs then has too few
degrees of freedom to show anything; from six pairs on it is Student's over pairs, which a drift of the machine does not
widen. The number that was planned decides, never the figures.

Slower and faster: the interval excludes 1, and the ratio itself lies beyond the margin. No change: the interval lies
inside the margin. An experiment has two intervals: of the mean response time, and of the goodput. Each has the
confidence 1 - 5 %/(2 · experiments) (Bonferroni), also where goodput is not judged, since the figures decide that. So
the chance that any experiment of two equal commits is called slower or faster is at most 5 %, if runs scatter
log-normally.

Runs that cannot be used drop out of both intervals. What they show is judged by `failures`: B is at best untold while
more of its runs drop out than of A's.
"""

import math
from collections import Counter
from collections.abc import Sequence

from loadstone.ab.failures import judge_failures
from loadstone.ab.wording import as_interval, bounds, times
from loadstone.compare.judge import judge_ratio
from loadstone.compare.wording import confidence as write_confidence
from loadstone.results.ab import AbExperiment, AbFailures, AbFinding, AbMetric, AbResult, AbRun, AbSide, SideName
from loadstone.results.bounded import Bounded
from loadstone.suite.verdict import SET_BY_LOAD
from loadstone.text import limit, named, several
from loadstone.theory.intervals import CONFIDENCE, ratio_of_pairs, ratio_of_runs

MIN_PAIRED = 6
"""Planned pairs from which on the interval is one of pairs."""

INTERVALS = 2
"""Intervals per experiment: of the mean response time, and of the goodput."""

DECISIVE_FIRST = (AbFinding.SLOWER, AbFinding.FASTER, AbFinding.CANNOT_TELL, AbFinding.NO_CHANGE)
"""Which finding of two figures stands for their experiment."""


def confidence_of(experiments: int) -> float:
    """Return the confidence of each interval for that many experiments: all of them hold together with 95 %."""
    return 1 - (1 - CONFIDENCE) / (INTERVALS * experiments)


def judge_experiment(
    name: str, runs: Sequence[AbRun], planned_pairs: int, margin: float, confidence: float, expected_s: float = 0.0
) -> AbExperiment:
    """Judge one experiment by its runs."""
    pairs = _sound_pairs(runs)
    limits = tuple(_describe_limits([run for run in runs if run.side == side]) for side in ("A", "B"))
    by_goodput = not any(run.verdict in SET_BY_LOAD for pair in pairs for run in pair)
    reason = _why_not_judged(runs, pairs, planned_pairs)
    paired = planned_pairs >= MIN_PAIRED
    mean = _measure_ratio([(a.mean_ms, b.mean_ms) for a, b in pairs], confidence, paired=paired)
    goodput = _measure_ratio([(a.goodput_rps, b.goodput_rps) for a, b in pairs], confidence, paired=paired)
    goodput = _widen(goodput, min((run.requests for pair in pairs for run in pair), default=0))
    mean = _judge(mean, margin, higher_is_better=False, judged=not reason)
    goodput = _judge(goodput, margin, higher_is_better=True, judged=by_goodput and not reason)
    judged_findings = [metric.finding for metric in (mean, goodput) if metric.finding is not None]
    by_figures = min(judged_findings, key=DECISIVE_FIRST.index, default=AbFinding.CANNOT_TELL)
    failures = judge_failures(runs, confidence)
    explained = reason or _explain(by_figures, mean, goodput, margin, confidence)
    return AbExperiment(
        experiment=name,
        finding=_combine(by_figures, failures),
        reason="; ".join(part for part in (failures.reason, explained) if part),
        pairs=len(pairs),
        planned_pairs=planned_pairs,
        limits=limits,  # type: ignore[arg-type]  # two sides
        mean_ms=mean,
        goodput_rps=goodput,
        failures=failures,
        runs=tuple(runs),
        expected_s=expected_s,
    )


def _combine(by_figures: AbFinding, failures: AbFailures) -> AbFinding:
    """Return the finding of an experiment: nothing but *slower* stands where B may fail more."""
    if failures.finding == AbFinding.CANNOT_TELL and by_figures == AbFinding.SLOWER:
        return by_figures
    return failures.finding or by_figures


def conclude(a: AbSide, b: AbSide, margin: float, experiments: Sequence[AbExperiment]) -> AbResult:
    """Put the experiments together, with the answer in one sentence."""
    return AbResult(
        a=a,
        b=b,
        margin=margin,
        confidence=confidence_of(len(experiments)),
        outcome=_outcome(a, b, margin, experiments),
        experiments=tuple(experiments),
    )


def _sound_pairs(runs: Sequence[AbRun]) -> list[tuple[AbRun, AbRun]]:
    """List the pairs in which both runs count, A first."""
    counted: dict[SideName, dict[int, AbRun]] = {"A": {}, "B": {}}
    for run in runs:
        if run.left_out is None:
            counted[run.side][run.pair] = run
    return [(counted["A"][pair], counted["B"][pair]) for pair in sorted(counted["A"].keys() & counted["B"].keys())]


def _describe_limits(runs: Sequence[AbRun]) -> str:
    """Name the verdicts of a side's runs, the most frequent first."""
    counts = Counter(str(run.verdict or "broken") for run in runs)
    return ", ".join(name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))) or "–"


def _why_not_judged(runs: Sequence[AbRun], pairs: Sequence[object], planned: int) -> str:
    if 2 * len(pairs) > planned and len(pairs) > 1:
        return ""
    reasons = []
    for side in ("A", "B"):
        unusable = [str(run.verdict or "broken") for run in runs if run.side == side and run.left_out is not None]
        if unusable:
            reasons.append(f"{side}: {len(unusable)} of {several(planned, 'run')} ({named(sorted(set(unusable)))})")
    return f"{len(pairs)} of {several(planned, 'pair')} can be used; runs that cannot: {'; '.join(reasons)}"


def _measure_ratio(values: Sequence[tuple[float | None, float | None]], confidence: float, *, paired: bool) -> AbMetric:
    """Compare a figure of A and B over pairs; nothing is judged yet."""
    positive = [(a, b) for a, b in values if a is not None and b is not None and a > 0 and b > 0]
    if not positive:
        return AbMetric(a=None, b=None, ratio=None, finding=None)
    a, b = [pair[0] for pair in positive], [pair[1] for pair in positive]
    found = (ratio_of_pairs if paired else ratio_of_runs)(b, a, confidence=confidence)
    return AbMetric(a=_geometric_mean(a), b=_geometric_mean(b), ratio=Bounded.of(found), finding=None)


def _widen(goodput: AbMetric, requests: int) -> AbMetric:
    """Widen the interval by one request of each side's count: counts that agree by chance look exact and are not."""
    found = goodput.ratio
    if found is None or found.low is None or found.high is None or not requests:
        return goodput
    step = (1 + 1 / requests) ** 2
    return goodput.model_copy(
        update={"ratio": Bounded(value=found.value, low=found.low / step, high=found.high * step)}
    )


def _judge(metric: AbMetric, margin: float, *, higher_is_better: bool, judged: bool) -> AbMetric:
    """Add the finding, if the figure is to be judged."""
    if not judged:
        return metric
    found = as_interval(metric)
    if found is None:
        return metric.model_copy(update={"finding": AbFinding.CANNOT_TELL})
    change = judge_ratio(found, margin, higher_is_better=higher_is_better)
    return metric.model_copy(update={"finding": AbFinding(change)})


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def _explain(finding: AbFinding, mean: AbMetric, goodput: AbMetric, margin: float, confidence: float) -> str:
    """State the figures that decide a finding."""
    named_metrics = (("mean response time", mean), ("goodput", goodput))
    parts = [f"{name} {_ratio(metric)}" for name, metric in named_metrics if metric.finding == finding]
    ending = {
        AbFinding.CANNOT_TELL: f"the interval reaches across the margin of {limit(margin)}; more pairs narrow it",
        AbFinding.NO_CHANGE: f"within {limit(margin)}",
    }.get(finding, f"without 1, and the ratio is beyond {limit(margin)}")
    return f"{' and '.join(parts)} ({write_confidence(confidence)} interval): {ending}"


def _ratio(metric: AbMetric) -> str:
    return f"{times(metric)}, {bounds(metric, 'to')}"


def _outcome(a: AbSide, b: AbSide, margin: float, experiments: Sequence[AbExperiment]) -> str:
    found = {finding: [e.experiment for e in experiments if e.finding == finding] for finding in AbFinding}
    both = f"{b.label} next to {a.label}"
    of = several(len(experiments), "experiment")
    failing, slower = found[AbFinding.FAILS_MORE], found[AbFinding.SLOWER]
    worse = [f"fails more in {len(failing)} of {of}: {named(failing)}"] if failing else []
    if slower:
        worse.append(f"slower (margin {limit(margin)}) in {len(slower)} of {of}: {named(slower)}")
    if worse:
        return f"{both}: {'; '.join(worse)}."
    if unknown := found[AbFinding.CANNOT_TELL]:
        return (
            f"{both}: can't tell in {len(unknown)} of {of}: {named(unknown)}; "
            "nothing is known to be slower or to fail more."
        )
    if faster := found[AbFinding.FASTER]:
        return f"{both}: faster (margin {limit(margin)}) in {len(faster)} of {of}: {named(faster)}; nothing slower."
    return f"{both}: no change beyond {limit(margin)} in {of}."
