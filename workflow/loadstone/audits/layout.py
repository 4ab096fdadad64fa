"""How an audit is laid out: as JSON, as the cells of a table, and as lines about what was read."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from loadstone.analyse.audit_row import RowAudit
from loadstone.analyse.audit_wording import stated
from loadstone.audits.collect import AuditedFiles, FigureFile
from loadstone.text import MAX_LISTED, figure, lasting, listed, percent, shortened

MAX_JSON_INTEGER = 2**63
"""Integers from this one on are written as floating-point numbers."""

MAX_PAIR = 120
"""Characters of a column's name and meaning."""

MAX_NAME = 40
"""Characters of a row's name in a table."""


def audit_json(audited: AuditedFiles) -> dict[str, Any]:
    """Lay out an audit: how each file was read, of each row every figure and what follows from it, then the findings.

    The keys are always the same; what is unknown is null.
    """
    audit = audited.audit
    return {
        "files": [_file_json(file) for file in audited.files],
        "rows": [{"file": str(path), **_row_json(row)} for path, row in zip(audited.sources, audit.rows, strict=True)],
        "capacities": [
            {
                "rps": capacity.rps,
                "rows": [row.row.label for row in capacity.rows],
                "reached_with_users": capacity.first_users,
                "not_reached_with_users": capacity.below,
                "knee_users": capacity.knee,
            }
            for capacity in audit.capacities
        ],
        "users_to_saturate": {
            str(servers): users if users < MAX_JSON_INTEGER else float(users)
            for servers, users in audit.users_to_saturate.items()
        },
        "findings": audit.findings,
    }


def _file_json(file: FigureFile) -> dict[str, Any]:
    table = file.table
    return {
        "file": str(file.path),
        "kind": table.kind if table else None,
        "understood": dict(table.understood) if table else {},
        "left_out": list(table.left_out) if table else [],
        "notes": list(table.notes) if table else [],
        "refused": file.refusal or None,
    }


def _row_json(audited: RowAudit) -> dict[str, Any]:
    row = audited.row
    return {
        "row": row.label,
        "factors": dict(row.factors),
        "users": row.users,
        "think_time_s": asdict(row.think) if row.think else None,
        "ramp_s": row.ramp_s,
        "requests": row.requests,
        "failures": row.failures,
        "failed_share": audited.failed_share,
        "duration_s": row.duration_s,
        "implied_duration_s": row.implied_s,
        "stated_rps": row.rps,
        "rps": audited.rps,
        "goodput_rps": audited.goodput_rps,
        "mean_response_s": row.mean_s,
        "implied_response_s": audited.implied_response_s,
        "implied_pause_s": audited.implied_pause_s,
        "quantiles_s": {f"{share:g}": value for share, value in sorted(row.quantiles_s.items())},
        "longest_response_s": row.max_s,
        "active_users": audited.active_users,
        "possible_rps": audited.possible_rps,
        "think_share": audited.think_share,
        "noise_rps": audited.noise_rps,
        "account": str(audited.account),
        "bound": str(audited.bound),
        "contradictions": audited.contradictions,
        "cautions": audited.cautions,
    }


LEGEND = {
    "can send": "can send: N/(R + Z), the rate of so many users with such pauses and response times.",
    "accounted for": "accounted for: X·(R + Z), the users that the rate needs.",
    "requests take": "requests take: requests divided by requests/s; the duration is the stated one.",
}
"""Column → what it means."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A table of text."""

    headings: list[str]
    rows: list[list[str]]

    @property
    def right(self) -> set[str]:
        """Headings of the columns that are right-aligned: all figures."""
        return set(self.headings[1:-1])

    @property
    def legend(self) -> str:
        """What the computed columns mean."""
        return " ".join(text for heading, text in LEGEND.items() if heading in self.headings)


def audit_cells(audited: AuditedFiles) -> Cells:
    """Lay out one line per row; columns of figures that no row has are left out."""
    rows = audited.audit.rows
    columns = {
        "row": [shortened(row.name[1:-1], MAX_NAME) for row in rows],
        "users": [_stated(row.row.users) for row in rows],
        "requests/s": [figure(row.rps) for row in rows],
        "failed": [percent(row.failed_share) for row in rows],
        "mean response": [lasting(row.row.mean_s) for row in rows],
        "can send": [figure(row.possible_rps) for row in rows],
        "accounted for": [_unit(figure(row.active_users), "users") for row in rows],
        "requests take": [lasting(row.row.implied_s) for row in rows],
        "duration": [_unit(_stated(row.row.duration_s), "s") for row in rows],
        "limited by": [str(row.bound) for row in rows],
    }
    kept = {
        name: cells
        for name, cells in columns.items()
        if name in ("row", "requests/s", "limited by") or any(cell != "–" for cell in cells)
    }
    return Cells(list(kept), [list(cells) for cells in zip(*kept.values(), strict=True)])


def _stated(value: float | None) -> str:
    return "–" if value is None else stated(value)


def _unit(text: str, unit: str) -> str:
    return text if text == "–" else f"{text} {unit}"


def reading_lines(audited: AuditedFiles) -> Iterator[str]:
    """State of each file how it was read: what was understood, what was left out, what was assumed.

    Files that were read alike share their lines.
    """
    alike: dict[tuple[str, ...], list[FigureFile]] = {}
    for file in audited.files:
        lines = tuple(_file_lines(file))
        alike.setdefault(lines, []).append(file)
    several_files = len(audited.files) > 1
    for lines, files in alike.items():
        names = f"{listed([file.path.name for file in files])}: " if several_files else ""
        yield f"{names}{lines[0]}"
        yield from lines[1:]


def _file_lines(file: FigureFile) -> Iterator[str]:
    table = file.table
    if table is None:
        yield f"not read: {file.refusal}"
        return
    yield f"Read as {table.kind}: {_understood(table.understood.items())}."
    yield f"Left out: {listed(table.left_out) if table.left_out else 'nothing'}."
    for note in table.notes:
        yield f"Assumed: {note}."


def _understood(items: Iterable[tuple[str, str]]) -> str:
    pairs = [column if column == meaning else f"{column} = {meaning}" for column, meaning in items]
    shown = [shortened(pair, MAX_PAIR) for pair in pairs[:MAX_LISTED]]
    more = f" and {len(pairs) - MAX_LISTED} more" if len(pairs) > MAX_LISTED else ""
    return f"{'; '.join(shown)}{more}" if pairs else "its figures have fixed places"
