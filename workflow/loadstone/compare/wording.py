"""How a comparison is put into words and figures: the same in a terminal, on the page and in a log."""

import re

from loadstone.compare.model import (
    GRAVEST_FIRST,
    CampaignComparison,
    ChangeFinding,
    ExperimentComparison,
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


def summary(comparison: CampaignComparison) -> str:
    """Count the experiments by finding, in one sentence."""
    counts = [(finding, len(comparison.experiments_with(finding))) for finding in GRAVEST_FIRST]
    findings = ", ".join(f"{count} {_plural(finding, count)}" for finding, count in counts if count)
    changed = sum(compared.verdict_changed for compared in comparison.experiments)
    verdicts = f"; {several(changed, 'verdict')} changed" if changed else "; no verdict changed"
    return (
        f"{several(len(comparison.experiments), 'experiment')}, margin {percentage(comparison.margin)}: "
        + findings
        + verdicts
    )


def _plural(finding: ChangeFinding, count: int) -> str:
    has_plural = finding in (ChangeFinding.REGRESSION, ChangeFinding.IMPROVEMENT, ChangeFinding.SMALL_CHANGE)
    return finding + "s" * (has_plural and count != 1)


def legend(comparison: CampaignComparison) -> list[tuple[ChangeFinding, str]]:
    """Explain the findings that occur: finding, meaning."""
    margin = percentage(comparison.margin)
    meanings = {
        ChangeFinding.REGRESSION: f"worse, and the whole interval is beyond {margin}",
        ChangeFinding.IMPROVEMENT: f"better, and the whole interval is beyond {margin}",
        ChangeFinding.INCONCLUSIVE: f"the interval reaches across {margin}, or there is none: measure more repeats",
        ChangeFinding.NOT_JUDGED: "the metric was not measured, or too few runs can be used",
        ChangeFinding.SMALL_CHANGE: f"certainly a change, and certainly at most {margin}",
        ChangeFinding.WITHIN_NOISE: f"at most {margin}, and possibly no change at all",
    }
    occurring = {change.finding for compared in comparison.experiments for change in compared.metrics}
    return [(finding, meanings[finding]) for finding in GRAVEST_FIRST if finding in occurring]


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
