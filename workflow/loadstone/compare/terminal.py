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

STYLES = {
    ChangeFinding.REGRESSION: "bold red",
    ChangeFinding.IMPROVEMENT: "bold green",
    ChangeFinding.INCONCLUSIVE: "yellow",
    ChangeFinding.NOT_JUDGED: "magenta",
}


def show_comparison(
    console: Console, comparison: CampaignComparison, folders: tuple[str, str], notes: Sequence[str]
) -> None:
    """Print the folders compared, the table, what else changed, the notes and the summary."""
    for side, folder in zip(("before", "after"), folders, strict=True):
        console.print(f"{side:7} {wording.one_line(folder)}", soft_wrap=True)
    console.print()
    console.print(_table(comparison))
    console.print()
    for finding, meaning in wording.legend(comparison):
        console.print(Text.assemble((f"{finding}: ", STYLES.get(finding, "")), meaning))
    for title, lines in _sections(comparison):
        console.print()
        console.print(Text(title, style="bold"))
        for line in lines:
            console.print(f"  {wording.one_line(line)}", soft_wrap=True)
    console.print()
    for note in notes:
        console.print(note, soft_wrap=True)
    console.print(Text(wording.summary(comparison), style="bold"), soft_wrap=True)


def _table(comparison: CampaignComparison) -> Table:
    """Lay out one row per experiment, with one line per metric."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 1, 0), pad_edge=False)
    table.add_column("experiment", overflow="fold")
    table.add_column("", no_wrap=True)
    for heading in ("before", "after", "ratio", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("finding", no_wrap=True)
    for compared in comparison.experiments:
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
        Text(change.finding, style=STYLES.get(change.finding, "")),
    ]


def _sections(comparison: CampaignComparison) -> Iterator[tuple[str, list[str]]]:
    """List what else changed: title, lines; without sections that are empty."""
    sections = {
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
