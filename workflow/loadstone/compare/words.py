"""How the figures of a comparison are written, in a terminal, on the page and in a log: one place for all."""

import re
from collections.abc import Sequence

from loadstone.analyse.wording import figure
from loadstone.compare.comparison import (
    GRAVEST_FIRST,
    IMPROVEMENT,
    INCONCLUSIVE,
    NOISE,
    NOT_JUDGED,
    REGRESSION,
    SMALL,
    Change,
    Compared,
    Comparison,
    Finding,
    LeftOut,
)
from loadstone.suite.types import format_percentage
from loadstone.theory.intervals import Interval

MAX_NAMED = 4
"""Names spelt out where only some can be."""

HASH_DIGITS = 12
"""Of a commit or checksum: enough to tell two apart."""

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
"""Fact of the environment → what people call it; versions go by the name of the package."""


def percentage(share: float) -> str:
    """Write a margin as it was given: 5 %, 2.5 %."""
    return format_percentage(share).replace("%", " %")


def quantity(value: float | None) -> str:
    """Write a metric's value."""
    return "–" if value is None else figure(value)


def number(value: float) -> str:
    """Write a ratio: three decimals near 1, three digits far from it."""
    return f"{value:.3f}" if 0.1 <= value < 10 else figure(value)


def ratio(found: Interval | None) -> str:
    """Write a ratio without its interval."""
    return "–" if found is None else number(found.value)


def bounds(found: Interval | None, between: str = "–") -> str:
    """Write the interval of a ratio, or that there is none."""
    if found is None:
        return "–"
    return (
        "one run" if found.low is None or found.high is None else f"{number(found.low)} {between} {number(found.high)}"
    )


def setting(value: object) -> str:
    """Write a value as a suite has it: 50, 20s, true, [1, 2]; absent where there is none."""
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(setting(part) for part in value)}]"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def fact(key: str) -> str:
    """Call a fact of the environment by its name."""
    return FACTS.get(key, key.removeprefix("source.versions."))


def facts(value: object) -> str:
    """Write what runs say of the environment, checksums cut short."""
    return "absent" if value is None else re.sub(r"\b[0-9a-f]{40,}\b", lambda found: found[0][:HASH_DIGITS], str(value))


def joined(names: Sequence[str], most: int = MAX_NAMED) -> str:
    """Name the first of some, and how many more there are."""
    if len(names) == most + 1:
        most += 1  # "and 1 more" is no shorter than a name
    rest = len(names) - most
    return ", ".join(names[:most]) + f" and {rest} more" * (rest > 0)


def several(count: int, thing: str) -> str:
    """Write a number with what it counts."""
    return f"{count} {thing}{'s' * (count != 1)}"


def one_line(text: str) -> str:
    """Keep a line a line, whatever a file holds."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def summary(comparison: Comparison) -> str:
    """Count the experiments by what was found of them."""
    counts = [(finding, len(comparison.of(finding))) for finding in GRAVEST_FIRST]
    told = ", ".join(f"{count} {_plural(finding, count)}" for finding, count in counts if count)
    changed = sum(compared.verdict_changed for compared in comparison.experiments)
    verdicts = f"; {several(changed, 'verdict')} changed" if changed else "; no verdict changed"
    return (
        f"{several(len(comparison.experiments), 'experiment')}, held against {percentage(comparison.margin)}: "
        + told
        + verdicts
    )


def _plural(finding: Finding, count: int) -> str:
    return finding + "s" * (finding in (REGRESSION, IMPROVEMENT, SMALL) and count != 1)


def legend(comparison: Comparison) -> list[tuple[Finding, str]]:
    """Say what the findings mean that occur: finding, meaning."""
    margin = percentage(comparison.margin)
    meanings: dict[Finding, str] = {
        REGRESSION: f"the whole interval is beyond {margin} to the worse",
        IMPROVEMENT: f"the whole interval is beyond {margin} to the better",
        INCONCLUSIVE: f"the interval reaches across {margin}, or there is none: more repeats would tell",
        NOT_JUDGED: "its runs can't be used, or it wasn't measured",
        SMALL: f"a change for certain, of at most {margin}",
        NOISE: f"at most {margin}, and perhaps no change at all",
    }
    found = {change.finding for compared in comparison.experiments for change in compared.metrics}
    return [(finding, meanings[finding]) for finding in GRAVEST_FIRST if finding in found]


def counted(compared: Compared) -> str:
    """Say how many runs count: 3 runs each, 3 and 2 runs."""
    before, after = compared.runs
    return f"{several(before, 'run')} each" if before == after else f"{before} and {after} runs"


def left_out(compared: Compared) -> list[str]:
    """Say which runs don't count and why, runs of one reason together."""
    groups: dict[tuple[str, str, str], list[LeftOut]] = {}
    for run in compared.left_out:
        groups.setdefault((run.side, run.verdict, run.reason), []).append(run)
    return [
        f"{side}, repeat{'s' * (len(runs) != 1)} {', '.join(str(run.repeat) for run in runs)}: {verdict}"
        + f": {reason}" * bool(reason)
        for (side, verdict, reason), runs in groups.items()
    ]


def settings_by_change(comparison: Comparison) -> list[tuple[Change, str]]:
    """List the changed keys of experiments, each with the experiments that it concerns."""
    found: dict[str, tuple[Change, list[str]]] = {}
    for compared in comparison.experiments:
        for change in compared.settings:
            found.setdefault(repr(change), (change, []))[1].append(compared.experiment)
    everywhere = len(comparison.experiments)
    return [
        (change, "all experiments" if len(names) == everywhere > 1 else joined(names))
        for _, (change, names) in sorted(found.items())
    ]


def suite_lines(comparison: Comparison) -> list[str]:
    """Write what the suite says otherwise, in general and of experiments."""
    general = [f"{change.key}: {setting(change.before)} → {setting(change.after)}" for change in comparison.suite]
    return general + [
        f"{change.key}: {setting(change.before)} → {setting(change.after)}: {names}"
        for change, names in settings_by_change(comparison)
    ]


def environment_lines(comparison: Comparison) -> list[str]:
    """Write what differs in machine and source."""
    lines = [f"{fact(change.key)}: {facts(change.before)} → {facts(change.after)}" for change in comparison.environment]
    if comparison.both_dirty:
        lines.append("both were measured with uncommitted changes: the code may differ though its commit doesn't")
    return lines
