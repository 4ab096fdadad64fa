"""Published rates against the possible ones, and against those of as many users without pauses."""

import altair as alt
import pandas as pd

from loadstone.report.charts.shared import BLUE, GREEN, GREY, ORANGE, Chart, axis_of, layered

PUBLISHED, MEASURED, POSSIBLE, SERVER = (
    "published",
    "measured again",
    "most that these users can send, N/(Z+R)",
    "as many users, no think time",
)
KINDS = {
    PUBLISHED: ("diamond", GREY),
    MEASURED: ("circle", BLUE),
    POSSIBLE: ("stroke", ORANGE),
    SERVER: ("square", GREEN),
}
ROW_HEIGHT = 38
LABEL_ROOM = 64
"""Pixels to the right of the highest rate, for its label."""


def published(table: pd.DataFrame) -> Chart | None:
    """One row per published row; columns row, kind, rps, times."""
    if table.empty:
        return None
    rows = list(dict.fromkeys(table["row"]))
    kinds = [kind for kind in KINDS if kind in set(table["kind"])]
    shapes, colours = zip(*(KINDS[kind] for kind in kinds), strict=True)
    lowest, highest = table["rps"].min() / 1.6, table["rps"].max()
    end = alt.ExprRef(f"{highest} * pow({highest / lowest}, {LABEL_ROOM} / max({LABEL_ROOM}, width - {LABEL_ROOM}))")
    x = alt.X(
        "rps:Q",
        title="requests/s (logarithmic)",
        scale=alt.Scale(type="log", domainMin=lowest, domainMax=end, nice=False),
        axis=alt.Axis(format=",~r", labelFlush=25, values=[10.0**power for power in range(-3, 7)]),
    )
    y = alt.Y("row:N", title=None, scale=alt.Scale(domain=rows), axis=alt.Axis(grid=True, labelLimit=210))
    legend = alt.Legend(columns=1, labelLimit=360, symbolStrokeWidth=2)
    look = {
        "color": alt.Color("kind:N", title=None, scale=alt.Scale(domain=kinds, range=list(colours)), legend=legend),
        "shape": alt.Shape("kind:N", title=None, scale=alt.Scale(domain=kinds, range=list(shapes)), legend=legend),
    }
    tooltip = [alt.Tooltip("row:N"), alt.Tooltip("kind:N"), alt.Tooltip("rps:Q", title="requests/s", format=",.3~r")]
    plain = table.drop(columns="times")
    shown = {kind: alt.Chart(plain[plain["kind"] == kind]) for kind in kinds}
    layers = []
    if SERVER in shown:
        both = table[table["kind"].isin([PUBLISHED, SERVER])]
        span = both.groupby("row")["rps"].agg(low="min", high="max").reset_index()
        rule = alt.Chart(span).mark_rule(color=GREEN, opacity=0.45, strokeWidth=1.5)
        layers.append(rule.encode(y=y, x=axis_of(x, "low"), x2="high:Q"))
        text = alt.Chart(table[table["kind"] == SERVER]).mark_text(align="left", dx=9, color=GREEN, fontWeight="bold")
        layers.append(text.encode(x=x, y=y, text="times:N"))
    for kind, chart in shown.items():
        size = {PUBLISHED: 130, MEASURED: 55, POSSIBLE: 260}.get(kind, 75)
        marks = chart.mark_point(filled=kind in (MEASURED, SERVER), size=size, strokeWidth=2, opacity=1)
        angle = {"angle": alt.value(90)} if kind == POSSIBLE else {}
        layers.append(marks.encode(x=x, y=y, tooltip=tooltip, **look, **angle))
    return layered(layers, ROW_HEIGHT * len(rows))
