"""Show a comparison in a terminal, and lay it out for machines."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadstone.compare import words
from loadstone.compare.comparison import (
    IMPROVEMENT,
    INCONCLUSIVE,
    METRICS,
    NOT_JUDGED,
    REGRESSION,
    Compared,
    Comparison,
    Finding,
    MetricChange,
)

WIDTH_ELSEWHERE = 100
"""Columns to use where the output is no terminal."""

STYLES: dict[Finding, str] = {
    REGRESSION: "bold red",
    IMPROVEMENT: "bold green",
    INCONCLUSIVE: "yellow",
    NOT_JUDGED: "magenta",
}


def show_comparison(comparison: Comparison, places: tuple[str, str], notes: Sequence[str]) -> None:
    """Print the table and what else changed; `places` are the folders, `notes` are printed last but one."""
    # nothing that a file holds is taken for markup
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, emoji=False, width=WIDTH_ELSEWHERE)
    for side, place in zip(("before", "after"), places, strict=True):
        console.print(f"{side:7} {words.one_line(place)}", soft_wrap=True)
    console.print()
    console.print(_table(comparison))
    console.print()
    for finding, meaning in words.legend(comparison):
        console.print(Text.assemble((f"{finding}: ", STYLES.get(finding, "")), meaning))
    for title, lines in _sections(comparison):
        console.print()
        console.print(Text(title, style="bold"))
        for line in lines:
            console.print(f"  {words.one_line(line)}", soft_wrap=True)
    console.print()
    for note in notes:
        console.print(note, soft_wrap=True)
    console.print(Text(words.summary(comparison), style="bold"), soft_wrap=True)


def _table(comparison: Comparison) -> Table:
    """Give each experiment a row, in which each metric has a line."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 1, 0), pad_edge=False)
    table.add_column("experiment", overflow="fold")
    table.add_column("", no_wrap=True)
    for heading in ("before", "after", "ratio", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("finding", no_wrap=True)
    for compared in comparison.experiments:
        cells = zip(*(_cells(change) for change in compared.metrics), strict=True)
        name = Text.assemble(words.one_line(compared.experiment), "\n", (words.counted(compared), "dim"))
        table.add_row(name, *(Text("\n").join(column) for column in cells))
    return table


def _cells(change: MetricChange) -> list[Text]:
    metric = METRICS[change.metric]
    return [
        Text(f"{metric.name}, {metric.unit}"),
        Text(words.quantity(change.before)),
        Text(words.quantity(change.after)),
        Text(words.ratio(change.ratio)),
        Text(words.bounds(change.ratio)),
        Text(change.finding, style=STYLES.get(change.finding, "")),
    ]


def _sections(comparison: Comparison) -> Iterator[tuple[str, list[str]]]:
    """Say what else changed: title, lines; those with nothing to say are left out."""
    found = {
        "Verdicts that changed": [
            f"{compared.experiment}: {' → '.join(compared.verdicts)}"
            for compared in comparison.experiments
            if compared.verdict_changed
        ],
        "Runs that don't count": [line for compared in comparison.experiments for line in _left_out(compared)],
        "Lines of the suite that changed": words.suite_lines(comparison),
        "Only before": list(comparison.only_before),
        "Only after": list(comparison.only_after),
        "Machine and software that changed": words.environment_lines(comparison),
    }
    yield from ((title, lines) for title, lines in found.items() if lines)


def _left_out(compared: Compared) -> Iterator[str]:
    yield from (f"{compared.experiment}: {line}" for line in words.left_out(compared))


def as_json(comparison: Comparison, failed_on: Sequence[str]) -> dict[str, Any]:
    """Lay the comparison out for machines; `failed_on` are the lines of what `--fail-on` found."""
    return {
        "margin": comparison.margin,
        "experiments": {compared.experiment: _experiment(compared) for compared in comparison.experiments},
        "only_before": list(comparison.only_before),
        "only_after": list(comparison.only_after),
        "environment": [asdict(change) for change in comparison.environment],
        "suite": [asdict(change) for change in comparison.suite],
        "both_uncommitted": comparison.both_dirty,
        "failed_on": list(failed_on),
    }


def _experiment(compared: Compared) -> dict[str, Any]:
    return {
        "finding": compared.finding,
        "metrics": {change.metric: _metric(change) for change in compared.metrics},
        "runs": _sides(compared.runs),
        "left_out": [asdict(run) for run in compared.left_out],
        "not_judged": compared.not_judged,
        "verdict": _sides(compared.verdicts) | {"changed": compared.verdict_changed},
        "settings": [asdict(change) for change in compared.settings],
    }


def _metric(change: MetricChange) -> dict[str, Any]:
    found = change.ratio
    return {
        "before": change.before,
        "after": change.after,
        "ratio": None if found is None else {"value": found.value, "low": found.low, "high": found.high},
        "finding": change.finding,
    }


def _sides(values: tuple[object, object]) -> dict[str, object]:
    return dict(zip(("before", "after"), values, strict=True))
