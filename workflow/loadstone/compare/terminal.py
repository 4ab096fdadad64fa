"""Show a comparison in a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadstone.compare import wording
from loadstone.compare.model import (
    METRICS,
    CampaignComparison,
    ChangeFinding,
    ExperimentComparison,
    MetricChange,
)
from loadstone.text import named, several

MAX_LISTED = 8
"""Experiments that a reason lists."""

STYLES = {
    ChangeFinding.SLOWER: "bold red",
    ChangeFinding.FASTER: "bold green",
    ChangeFinding.CANNOT_TELL: "yellow",
}


def show_comparison(
    console: Console,
    comparison: CampaignComparison,
    folders: tuple[str, str],
    notes: Sequence[str],
    *,
    everything: bool = False,
) -> None:
    """Print the summary, the folders, a table of what changed, or of everything, what else changed, and the notes."""
    console.print(Text(wording.summary(comparison), style="bold"), soft_wrap=True)
    for side, folder in zip(("before", "after"), folders, strict=True):
        console.print(f"{side:7} {wording.one_line(folder)}", soft_wrap=True)
    listed = comparison.experiments if everything else comparison.changed
    if listed:
        console.print()
        console.print(_table(comparison, listed))
        for finding, meaning in wording.legend(comparison):
            console.print(Text.assemble((f"{finding}: ", STYLES.get(finding, "")), meaning))
    for title, lines in _sections(comparison):
        console.print()
        console.print(Text(title, style="bold"))
        for line in lines:
            console.print(f"  {wording.one_line(line)}", soft_wrap=True)
    rest = len(comparison.experiments) - len(listed)
    if notes or rest:
        console.print()
    for note in notes:
        console.print(note, soft_wrap=True)
    if rest:
        console.print(f"--all lists the figures of {several(rest, 'experiment')} more.", soft_wrap=True)


def _table(comparison: CampaignComparison, listed: Sequence[ExperimentComparison]) -> Table:
    """Lay out one row per experiment, with one line per metric."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 1, 0), pad_edge=False)
    table.add_column("experiment", overflow="fold")
    table.add_column("", no_wrap=True)
    for heading in ("before", "after", "ratio", f"{wording.confidence(comparison.confidence)} interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("finding", no_wrap=True)
    for compared in listed:
        cells = zip(*(_cells(change) for change in compared.metrics), strict=True)
        name = Text.assemble(wording.one_line(compared.experiment), "\n", (wording.count_runs(compared), "dim"))
        table.add_row(name, *(Text("\n").join(column) for column in cells))
    return table


def _cells(change: MetricChange) -> list[Text]:
    metric = METRICS[change.metric]
    return [
        Text(f"{metric.name}, {metric.unit}"),
        Text(wording.quantity(change.before)),
        Text(wording.quantity(change.after)),
        Text(wording.ratio(change.ratio)),
        Text(wording.bounds(change.ratio)),
        Text(wording.finding(change), style=STYLES.get(change.finding, "") if change.finding else "dim"),
    ]


def _sections(comparison: CampaignComparison) -> Iterator[tuple[str, list[str]]]:
    """List what else changed: title, lines; without sections that are empty."""
    sections = {
        "Can't tell": [f"{reason}: {named(names, MAX_LISTED)}" for reason, names in wording.untold(comparison)],
        "Verdicts that changed": [
            f"{compared.experiment}: {' → '.join(compared.verdicts)}"
            for compared in comparison.experiments
            if compared.verdict_changed
        ],
        "Runs that do not count": [line for compared in comparison.experiments for line in _left_out(compared)],
        "Settings that changed": wording.suite_lines(comparison),
        "Experiments only before": list(comparison.only_before),
        "Experiments only after": list(comparison.only_after),
        "Machine and software that changed": wording.environment_lines(comparison),
    }
    yield from ((title, lines) for title, lines in sections.items() if lines)


def _left_out(compared: ExperimentComparison) -> Iterator[str]:
    yield from (f"{compared.experiment}: {line}" for line in wording.list_left_out(compared))
