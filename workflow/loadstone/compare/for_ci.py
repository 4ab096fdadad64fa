"""A comparison of two campaigns as Markdown, for a job's summary, and as JUnit's XML."""

from loadstone.compare import wording
from loadstone.compare.markup import Case, markdown_table, markdown_text, write_junit
from loadstone.compare.model import METRICS, CampaignComparison, ChangeFinding, ExperimentComparison

HEADINGS = ("experiment", "metric", "before", "after", "ratio", "95 % interval", "finding")
RIGHT = frozenset({"before", "after", "ratio", "95 % interval"})
OUTCOMES = {
    ChangeFinding.REGRESSION: "failed",
    ChangeFinding.INCONCLUSIVE: "skipped",
    ChangeFinding.NOT_JUDGED: "skipped",
}
"""Finding → outcome of its test case; all others pass."""


def to_markdown(comparison: CampaignComparison, folders: tuple[str, str]) -> str:
    """Write the summary, and one row per experiment and metric."""
    rows = [
        [
            compared.experiment,
            f"{METRICS[change.metric].name}, {METRICS[change.metric].unit}",
            wording.quantity(change.before),
            wording.quantity(change.after),
            wording.ratio(change.ratio),
            wording.bounds(change.ratio),
            change.finding,
        ]
        for compared in comparison.experiments
        for change in compared.metrics
    ]
    before, after = map(markdown_text, folders)
    left_out = [
        f"- {markdown_text(f'{compared.experiment}: {line}')}\n"
        for compared in comparison.experiments
        for line in wording.list_left_out(compared)
    ]
    return (
        f"### {markdown_text(wording.summary(comparison))}\n\nBefore: {before}. After: {after}.\n\n"
        + markdown_table(HEADINGS, rows, RIGHT)
        + "\n" * bool(left_out)
        + "".join(left_out)
    )


def to_junit(comparison: CampaignComparison) -> str:
    """Write one test case per experiment: failed for a regression, skipped if nothing can be concluded."""
    cases = [
        Case(
            name=compared.experiment,
            outcome=OUTCOMES.get(compared.finding, "passed"),  # type: ignore[arg-type]
            message=_describe(compared),
        )
        for compared in comparison.experiments
    ]
    return write_junit("loadstone.compare", cases)


def _describe(compared: ExperimentComparison) -> str:
    figures = "; ".join(
        f"{METRICS[change.metric].name} {wording.ratio(change.ratio)} ({wording.bounds(change.ratio, 'to')})"
        for change in compared.metrics_with(compared.finding)
    )
    return f"{compared.finding}: {compared.not_judged or figures}"
