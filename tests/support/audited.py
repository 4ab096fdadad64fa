"""Rows to audit, as their owners state them."""

from typing import Any

from loadstone.analyse.audit import Audit, audit
from loadstone.analyse.audit_row import RowAudit
from loadstone.figures.options import parse_think_time
from loadstone.figures.row import LoadTestRow


def rows(think: str | None, *tests: dict[str, Any]) -> Audit:
    """Audit rows with the pauses that their owner states."""
    shared: dict[str, Any] = {"think": parse_think_time(think)} if think else {}
    return audit([LoadTestRow(**{"label": f"test {n}", **shared, **test}) for n, test in enumerate(tests)])


def row(think: str | None, **test: Any) -> RowAudit:
    """Audit one row."""
    return rows(think, test).rows[0]


def text_of(found: Audit) -> str:
    return "\n".join(found.findings)
