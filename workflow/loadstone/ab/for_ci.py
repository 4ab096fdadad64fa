"""Two commits' comparison as Markdown, for a job's summary, and as JUnit's XML."""

from loadstone.ab.wording import HEADINGS, RIGHT, notes, table_rows
from loadstone.compare.markup import Case, markdown_table, markdown_text, write_junit
from loadstone.results.ab import AbFinding, AbResult

OUTCOMES = {AbFinding.FAILS_MORE: "failed", AbFinding.SLOWER: "failed", AbFinding.CANNOT_TELL: "skipped"}
"""Finding → outcome of its test case; all others pass."""


def to_markdown(result: AbResult) -> str:
    """Write the answer, the table, its notes, and what points to more failures with B."""
    rows = [[f"{cells[0]}", *cells[1:]] for cells in table_rows(result)]
    return (
        f"### {markdown_text(result.outcome)}\n\n"
        f"A is {markdown_text(result.a.label)}, B is {markdown_text(result.b.label)}.\n\n"
        + markdown_table(HEADINGS, rows, RIGHT)
        + "\n"
        + "".join(f"- {markdown_text(line)}\n" for line in (*notes(result), *_failures(result)))
    )


def _failures(result: AbResult) -> list[str]:
    return [f"{e.experiment}: {e.failures.reason}" for e in result.experiments if e.failures.reason]


def to_junit(result: AbResult) -> str:
    """Write one test case per experiment: failed if it is slower or fails more, skipped if it cannot be told."""
    cases = [
        Case(
            name=compared.experiment,
            outcome=OUTCOMES.get(compared.finding, "passed"),  # type: ignore[arg-type]
            message=f"{compared.finding}: {compared.reason}",
            seconds=compared.expected_s,
        )
        for compared in result.experiments
    ]
    return write_junit("loadstone.ab", cases)
