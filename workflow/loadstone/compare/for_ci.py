"""A comparison of two campaigns as Markdown, for a job's summary, and as JUnit's XML."""

from loadstone.compare import wording
from loadstone.compare.markup import Case, markdown_table, markdown_text, write_junit
from loadstone.compare.model import METRICS, CampaignComparison, ChangeFinding

RIGHT = frozenset({"before", "after", "ratio"})
OUTCOMES = {ChangeFinding.SLOWER: "failed", ChangeFinding.CANNOT_TELL: "skipped"}
"""Finding → outcome of its test case; all others pass."""


def to_markdown(comparison: CampaignComparison, folders: tuple[str, str], *, everything: bool = False) -> str:
    """Write the summary, one row per metric of what changed, or of everything, and what cannot be told."""
    interval = f"{wording.confidence(comparison.confidence)} interval"
    headings = ("experiment", "metric", "before", "after", "ratio", interval, "finding")
    rows = [
        [
            compared.experiment,
            f"{METRICS[change.metric].name}, {METRICS[change.metric].unit}",
            wording.quantity(change.before),
            wording.quantity(change.after),
            wording.ratio(change.ratio),
            wording.bounds(change.ratio),
            wording.finding(change),
        ]
        for compared in (comparison.experiments if everything else comparison.changed)
        for change in compared.metrics
    ]
    before, after = map(markdown_text, folders)
    lines = [f"can't tell: {reason}: {', '.join(names)}" for reason, names in wording.untold(comparison)]
    lines += [
        f"{compared.experiment}: {line}"
        for compared in comparison.experiments
        for line in wording.list_left_out(compared)
    ]
    table = markdown_table(headings, rows, RIGHT | {interval}) if rows else "No experiment became slower or faster.\n"
    return (
        f"### {markdown_text(wording.summary(comparison))}\n\nBefore: {before}. After: {after}.\n\n"
        + table
        + "\n" * bool(lines)
        + "".join(f"- {markdown_text(line)}\n" for line in lines)
    )


def to_junit(comparison: CampaignComparison) -> str:
    """Write one test case per experiment: failed if it is slower, skipped if that cannot be told."""
    cases = [
        Case(
            name=compared.experiment,
            outcome=OUTCOMES.get(compared.finding, "passed"),  # type: ignore[arg-type]
            message=f"{compared.finding}: {wording.reason(compared, comparison)}",
        )
        for compared in comparison.experiments
    ]
    return write_junit("loadstone.compare", cases)
