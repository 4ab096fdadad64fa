"""An audit as Markdown, for an issue, a pull request or a job's summary."""

from loadstone.audits.collect import AuditedFiles
from loadstone.audits.layout import audit_cells, reading_lines
from loadstone.compare.markup import markdown_table, markdown_text


def audit_markdown(audited: AuditedFiles) -> str:
    """Write the table, its legend, the findings, and how the files were read."""
    cells = audit_cells(audited)
    findings = "".join(f"- {markdown_text(finding)}\n" for finding in audited.audit.findings) or "Nothing was found.\n"
    reading = "".join(f"- {markdown_text(line)}\n" for line in reading_lines(audited))
    table = markdown_table(cells.headings, cells.rows, cells.right)
    return f"{table}\n{markdown_text(cells.legend)}\n\n{findings}\nHow it was read:\n\n{reading}"
