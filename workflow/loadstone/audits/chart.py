"""The chart of an audit's page: each row's rate next to what so many users can send, as a picture without scripts."""

import altair as alt
import pandas as pd
import vl_convert

from loadstone.analyse.audit_row import RowAudit
from loadstone.audits.collect import AuditedFiles
from loadstone.report.charts.shared import BLUE, GREEN, ORANGE, RED
from loadstone.suite.verdict import Verdict
from loadstone.text import printable, shortened

MAX_ROWS = 60
"""Rows that are drawn; the table has all of them."""

RATE, UNUSABLE, GOODPUT, POSSIBLE = (
    "rate of the row",
    "rate that cannot be used",
    "of which succeeded",
    "what so many users can send, N/(R + Z)",
)
KINDS = {
    RATE: ("diamond", BLUE),
    UNUSABLE: ("cross", RED),
    GOODPUT: ("circle", GREEN),
    POSSIBLE: ("stroke", ORANGE),
}
MAX_LABEL = 30
"""Characters of a row's name."""
WIDTH, ROW_HEIGHT = 780, 26
LOGARITHMIC = 20.0
"""Ratio of the highest to the lowest rate from which the axis is logarithmic."""


def draw_rates(audited: AuditedFiles) -> str | None:
    """Draw the rates of the first rows as SVG; None if no row has a rate."""
    table = _table(audited.audit.rows[:MAX_ROWS])
    if table.empty:
        return None
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    return str(vl_convert.vegalite_to_svg(_chart(table).to_dict(), vl_version=version))


def _table(rows: list[RowAudit]) -> pd.DataFrame:
    """One line per mark: columns row, kind, rps."""
    marks = []
    labels: dict[str, int] = {}
    for row in rows:
        label = shortened(printable(row.row.label), MAX_LABEL)
        labels[label] = labels.get(label, 0) + 1
        name = label if labels[label] == 1 else f"{label} ({labels[label]})"
        unusable = row.bound in (Verdict.ERRORS, Verdict.INVALID)
        failed = bool(row.failed_share)
        figures = {
            UNUSABLE if unusable else RATE: row.rps,
            GOODPUT: row.goodput_rps if failed else None,
            POSSIBLE: row.possible_rps,
        }
        marks += [{"row": name, "kind": kind, "rps": rps} for kind, rps in figures.items() if rps]
    return pd.DataFrame(marks, columns=["row", "kind", "rps"])


def _chart(table: pd.DataFrame) -> alt.LayerChart:
    rows = list(dict.fromkeys(table["row"]))
    kinds = [kind for kind in KINDS if kind in set(table["kind"])]
    shapes, colours = zip(*(KINDS[kind] for kind in kinds), strict=True)
    low, high = table["rps"].min(), table["rps"].max()
    logarithmic = high >= LOGARITHMIC * low
    scale = alt.Scale(type="log", domain=[low / 1.5, high * 1.5]) if logarithmic else alt.Scale(domain=[0, high * 1.08])
    title = "requests/s (logarithmic)" if logarithmic else "requests/s"
    legend = alt.Legend(columns=2, labelLimit=320, orient="top", symbolStrokeWidth=2)
    encoding = {
        "x": alt.X("rps:Q", title=title, scale=scale, axis=alt.Axis(format=",~r")),
        "y": alt.Y("row:N", title=None, scale=alt.Scale(domain=rows), axis=alt.Axis(grid=True, labelLimit=230)),
        "color": alt.Color("kind:N", title=None, scale=alt.Scale(domain=kinds, range=list(colours)), legend=legend),
        "shape": alt.Shape("kind:N", title=None, scale=alt.Scale(domain=kinds, range=list(shapes)), legend=legend),
    }
    layers = []
    for kind in kinds:
        marks = alt.Chart(table[table["kind"] == kind])
        marks = marks.mark_point(filled=kind == RATE, size=260 if kind == POSSIBLE else 90, strokeWidth=2, opacity=1)
        angle = {"angle": alt.value(90)} if kind == POSSIBLE else {}
        layers.append(marks.encode(**encoding, **angle))
    ink = "currentColor"
    config = {
        "background": "transparent",
        "padding": {"left": 60, "right": 20, "top": 5, "bottom": 5},  # fonts differ: a browser's labels may be wider
        "font": "system-ui, sans-serif",
        "view": {"stroke": None},
        "axis": {
            **dict.fromkeys(("labelColor", "titleColor", "tickColor", "domainColor", "gridColor"), ink),
            "gridOpacity": 0.15,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
        },
        "legend": {"labelColor": ink, "labelFontSize": 12},
    }
    return alt.LayerChart(layer=layers, config=config, width=WIDTH, height=ROW_HEIGHT * len(rows))
