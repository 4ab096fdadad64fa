"""How a comparison is put into words and figures: the same in a terminal, on the page and in a log."""

import re
from collections.abc import Sequence

from loadstone.compare.model import (
    METRICS,
    OF_THE_MACHINE,
    CampaignComparison,
    Cause,
    ChangeFinding,
    ExperimentComparison,
    MetricChange,
    UnusedRun,
    ValueChange,
)
from loadstone.suite.types import format_percentage
from loadstone.text import figure, named, several
from loadstone.theory.intervals import Interval

MAX_NAMED = 4
"""Names in a list that is cut short."""

HASH_DIGITS = 12
"""Digits shown of a commit or checksum: enough to distinguish two."""

FACTS = {
    "machine.cpu_model": "CPU",
    "machine.cores": "CPUs",
    "machine.memory": "memory",
    "machine.system": "system",
    "machine.cpu_quota": "CPU quota",
    "source.commit": "commit",
    "source.dirty": "uncommitted changes",
    "source.lock_sha256": "lock file",
}
"""Fact of the environment → its label; a version's label is the package's name."""


BOTH_DIRTY = "both campaigns had uncommitted changes: the code may differ even if the commit is the same"


def percentage(share: float) -> str:
    """Write a margin as the user wrote it: 5 %, 2.5 %."""
    return format_percentage(share).replace("%", " %")


def quantity(value: float | None) -> str:
    """Write a metric's value, without its unit."""
    return "–" if value is None else figure(value)


def _ratio_figure(value: float) -> str:
    """Write a ratio: three decimals near 1, three digits far from it."""
    return f"{value:.3f}" if 0.1 <= value < 10 else figure(value)


def ratio(interval: Interval | None) -> str:
    """Write a ratio without its interval."""
    return "–" if interval is None else _ratio_figure(interval.value)


def bounds(interval: Interval | None, between: str = "–") -> str:
    """Write the bounds of a ratio's interval; `one run` if it has none."""
    if interval is None:
        return "–"
    if interval.low is None or interval.high is None:
        return "one run"
    return f"{_ratio_figure(interval.low)} {between} {_ratio_figure(interval.high)}"


def setting(value: object) -> str:
    """Write a value as a suite does: 50, 20s, true, [1, 2]; `absent` for None."""
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(setting(part) for part in value)}]"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def fact_label(key: str) -> str:
    """Return the label of a fact of the environment."""
    return FACTS.get(key, key.removeprefix("source.versions."))


def fact_values(value: object) -> str:
    """Write the values of a fact, with commits and checksums cut short."""
    if value is None:
        return "absent"
    return re.sub(r"\b[0-9a-f]{40,}\b", lambda digits: digits[0][:HASH_DIGITS], str(value))


def one_line(text: str) -> str:
    """Make one printable line of a text that a file may hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def confidence(value: float) -> str:
    """Write an interval's confidence: 97.5 %, 99.875 %."""
    return f"{100 * value:.5g} %"


def finding(change: MetricChange) -> str:
    """Write the finding of a metric, if it is judged."""
    return "–" if change.finding is None else change.finding


def summary(comparison: CampaignComparison) -> str:
    """Count the experiments by finding, in one sentence that names those that changed."""
    counts = [(each, comparison.experiments_with(each)) for each in ChangeFinding]
    findings = "; ".join(_count(each, found) for each, found in counts if found)
    changed = sum(compared.verdict_changed for compared in comparison.experiments)
    verdicts = f"; {several(changed, 'verdict')} changed" if changed else "; no verdict changed"
    of = several(len(comparison.experiments), "experiment")
    return one_line(f"{of}, margin {percentage(comparison.margin)}: {findings}{verdicts}")


def _count(each: ChangeFinding, found: Sequence[ExperimentComparison]) -> str:
    changed = each in (ChangeFinding.SLOWER, ChangeFinding.FASTER)
    names = f" ({named([compared.experiment for compared in found], MAX_NAMED)})" if changed else ""
    hidden = sum(compared.hides_slowdown for compared in found)
    busy = f" ({hidden} slower by the figures, but the machine could be the reason)" if hidden else ""
    return f"{len(found)} {each}{names}{busy}"


def legend(comparison: CampaignComparison) -> list[tuple[ChangeFinding, str]]:
    """Explain the findings that occur: finding, meaning."""
    margin = percentage(comparison.margin)
    meanings = {
        ChangeFinding.SLOWER: f"worse: the interval excludes 1, and the ratio lies beyond {margin}",
        ChangeFinding.FASTER: f"better: the interval excludes 1, and the ratio lies beyond {margin}",
        ChangeFinding.CANNOT_TELL: "neither is shown; the reason is listed",
        ChangeFinding.NO_CHANGE: f"the interval lies within {margin}, or both sides are the same runs",
    }
    occurring = {compared.finding for compared in comparison.experiments}
    return [(each, meanings[each]) for each in ChangeFinding if each in occurring]


ADVICE = {
    Cause.BUSY: "measure again on a quiet machine",
    Cause.CHANGED: "measure again, or compare commits in pairs with loadstone ab",
    Cause.SINGLE_RUN: "measure at least 2 repeats, before and after",
    Cause.WIDE: "more repeats, or longer ones, narrow it",
}
"""What to do if it cannot be told."""


def untold(comparison: CampaignComparison) -> list[tuple[str, list[str]]]:
    """Group the experiments that cannot be told by their reason: the reason with what to do, experiments."""
    groups: dict[Cause, list[str]] = {}
    for compared in comparison.experiments_with(ChangeFinding.CANNOT_TELL):
        cause = compared.cause or Cause.UNKNOWN
        details = compared.not_judged or (compared.machine if cause in OF_THE_MACHINE else "")
        groups.setdefault(cause, []).append(f"{compared.experiment} ({details})" if details else compared.experiment)
    return [
        (cause + (f"; {ADVICE[cause]}" if cause in ADVICE else ""), groups[cause]) for cause in Cause if cause in groups
    ]


def reason(compared: ExperimentComparison, comparison: CampaignComparison) -> str:
    """State what an experiment's finding rests on, in one line."""
    if compared.same_runs:
        return "both campaigns hold the same runs"
    figured = figures(compared, comparison, compared.decisive.by_figures)
    if compared.finding == ChangeFinding.CANNOT_TELL:
        cause = compared.cause or Cause.UNKNOWN
        details = compared.not_judged or (compared.machine if cause in OF_THE_MACHINE else "")
        return "; ".join(part for part in (f"{cause}: {details}" if details else cause, figured) if part)
    return figured


def figures(compared: ExperimentComparison, comparison: CampaignComparison, by_figures: ChangeFinding | None) -> str:
    """Write the metrics that show a finding by their figures, with their ratios and intervals."""
    shown = [change for change in compared.metrics if change.by_figures == by_figures and change.ratio is not None]
    return "; ".join(_describe(change, comparison.confidence) for change in shown if change.finding is not None)


def _describe(change: MetricChange, level: float) -> str:
    metric = METRICS[change.metric]
    values = f"{metric.name} {quantity(change.before)} → {quantity(change.after)} {metric.unit}"
    if change.ratio is None or change.ratio.low is None:
        return f"{values}, ratio {ratio(change.ratio)}"
    return f"{values}, ratio {ratio(change.ratio)}, {confidence(level)} interval {bounds(change.ratio, 'to')}"


def count_runs(compared: ExperimentComparison) -> str:
    """Count the runs behind the means: 3 runs each, 3 and 2 runs."""
    before, after = compared.runs
    return f"{several(before, 'run')} each" if before == after else f"{before} and {after} runs"


def list_left_out(compared: ExperimentComparison) -> list[str]:
    """List the runs that do not count and why, one line per reason."""
    groups: dict[tuple[str, str, str], list[UnusedRun]] = {}
    for run in compared.left_out:
        groups.setdefault((run.side, run.verdict, run.reason), []).append(run)
    return [
        f"{side}, repeat{'s' * (len(runs) != 1)} {', '.join(str(run.repeat) for run in runs)}: {verdict}"
        + f": {reason}" * bool(reason)
        for (side, verdict, reason), runs in groups.items()
    ]


def settings_by_change(comparison: CampaignComparison) -> list[tuple[ValueChange, str]]:
    """List the changed settings of experiments, each with the experiments in which it changed."""
    changed: dict[str, tuple[ValueChange, list[str]]] = {}
    for compared in comparison.experiments:
        for change in compared.settings:
            changed.setdefault(repr(change), (change, []))[1].append(compared.experiment)
    all_experiments = len(comparison.experiments)
    return [
        (change, "all experiments" if len(names) == all_experiments > 1 else named(names, MAX_NAMED))
        for _, (change, names) in sorted(changed.items())
    ]


def suite_lines(comparison: CampaignComparison) -> list[str]:
    """List the settings that changed: first those of the whole suite, then those of experiments."""
    general = [f"{change.key}: {setting(change.before)} → {setting(change.after)}" for change in comparison.suite]
    return general + [
        f"{change.key}: {setting(change.before)} → {setting(change.after)}: {names}"
        for change, names in settings_by_change(comparison)
    ]


def environment_lines(comparison: CampaignComparison) -> list[str]:
    """List what differs in machine and source."""
    lines = [
        f"{fact_label(change.key)}: {fact_values(change.before)} → {fact_values(change.after)}"
        for change in comparison.environment
    ]
    if comparison.both_dirty:
        lines.append(BOTH_DIRTY)
    return lines
