"""Write an audit as one HTML page that works offline, has no scripts, and looks like the report."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from loadstone import report  # for its styles
from loadstone.audits.chart import MAX_ROWS, draw_rates
from loadstone.audits.collect import AuditedFiles
from loadstone.audits.layout import audit_cells, reading_lines
from loadstone.suite.verdict import Verdict
from loadstone.text import several


def audit_page(audited: AuditedFiles) -> str:
    """Write the page: the findings, the chart, the table, and how the files were read."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("loadstone.audits"), PackageLoader(report.__name__)]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = audited.audit.rows
    picture = draw_rates(audited)
    return environment.get_template("audit.html").render(
        title=f"{several(len(rows), 'load test')} checked by arithmetic",
        summary=summary(audited),
        files=[file.path.name for file in audited.files if file.table],
        findings=audited.audit.findings,
        picture=None if picture is None else Markup(picture),  # noqa: S704 - Vega escapes the labels in it
        undrawn=max(0, len(rows) - MAX_ROWS),
        cells=audit_cells(audited),
        unusable=[row.bound in (Verdict.ERRORS, Verdict.INVALID) for row in rows],
        reading=list(reading_lines(audited)),
    )


def summary(audited: AuditedFiles) -> str:
    """Count the rows by what limited them."""
    counts: dict[str, int] = {}
    for row in audited.audit.rows:
        counts[str(row.bound)] = counts.get(str(row.bound), 0) + 1
    return "; ".join(f"{bound}: {several(number, 'row')}" for bound, number in counts.items())
