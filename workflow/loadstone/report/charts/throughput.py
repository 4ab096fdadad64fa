"""Charts of throughput: against response time, and against users; the colour and shape of a point is its limit."""

from collections.abc import Iterable
from typing import Any

import altair as alt
import pandas as pd

from loadstone.report.charts.shared import GREY, Chart, layered, run_points
from loadstone.report.verdict_kinds import looks

WIDE_RANGE = 20
"""Ratio of the largest to the smallest figure from which an axis is logarithmic."""
BEYOND = 1.25
"""Factor by which an axis reaches beyond the figures."""
HEIGHT = 320
RATE = "successful requests/s"
LABEL_LIMIT = 260
"""Pixels of a label in a legend."""
BOUND_DASHES = ([6, 4], [2, 3])


def response_over_throughput(table: pd.DataFrame) -> Chart | None:
    """The 95th percentile of response times over throughput, a point per run.

    Columns experiment, repeat, verdict, goodput_rps, p95_ms, doubt.
    """
    if table.empty:
        return None
    rate, p95 = "goodput_rps", "p95_ms"
    x = alt.X(f"{rate}:Q", **_axis(table[rate], RATE))
    y = alt.Y(f"{p95}:Q", **_axis(table[p95], "95 % of requests answered within, ms"))
    tooltip = [*_tips(rate), alt.Tooltip(f"{p95}:Q", title="p95, ms", format=",.3~r")]
    return layered(run_points(table, {"x": x, "y": y}, _limits(table["verdict"]), tooltip, size=60), HEIGHT)


def throughput_over_users(table: pd.DataFrame, bounds: pd.DataFrame) -> Chart | None:
    """Throughput over a swept number of users, a point per run, below what bounds it.

    Columns experiment, repeat, verdict, users, goodput_rps, doubt; and bound, users, rps. A bound far above the runs
    leaves the chart at its upper edge.
    """
    if table.empty:
        return None
    highest = BEYOND * float(table["goodput_rps"].max())
    scale = alt.Scale(domain=[0, highest] if highest > 0 else [0, 1], nice=False)
    wide = table["users"].max() >= WIDE_RANGE * table["users"].min() > 0
    kind = alt.Scale(type="log", padding=16) if wide else alt.Scale(zero=True, nice=False, padding=16)
    ticks = sorted(set(table["users"].tolist()))
    axis = alt.Axis(values=ticks, labelOverlap=True, labelSeparation=6, labelExpr="format(datum.value, ',~r')")
    x = alt.X("users:Q", title="users (logarithmic)" if wide else "users", scale=kind, axis=axis)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title=RATE, scale=scale, axis=alt.Axis(format=",~r"))

    layers: list[alt.Chart] = []
    if not bounds.empty:
        names = list(dict.fromkeys(bounds["bound"]))
        legend = alt.Legend(symbolType="stroke", symbolStrokeWidth=2, labelLimit=LABEL_LIMIT, columns=1)
        dashes = alt.Scale(domain=names, range=list(BOUND_DASHES[: len(names)]))
        dash = alt.StrokeDash("bound:N", title=None, scale=dashes, legend=legend)
        lines = alt.Chart(bounds).mark_line(clip=True, color=GREY, strokeWidth=2)
        tooltip = [alt.Tooltip("bound:N"), alt.Tooltip("users:Q"), alt.Tooltip("rps:Q", format=",.3~r")]
        layers.append(lines.encode(x=x, y=y("rps"), strokeDash=dash, tooltip=tooltip))
    tips = [*_tips("goodput_rps"), alt.Tooltip("users:Q")]
    layers += run_points(table, {"x": x, "y": y("goodput_rps")}, _limits(table["verdict"]), tips, size=60)
    return layered(layers, HEIGHT)


def _axis(values: "pd.Series[float]", title: str) -> dict[str, Any]:
    """Choose a logarithmic axis for figures that range widely, and otherwise one from 0."""
    axis = alt.Axis(format=",~r", labelOverlap=True)
    low, high = float(values.min()), float(values.max())
    if low > 0 and high >= WIDE_RANGE * low:
        scale = alt.Scale(type="log", domain=[low / BEYOND, high * BEYOND], nice=False)
        return {"title": f"{title} (logarithmic)", "scale": scale, "axis": axis}
    return {"title": title, "scale": alt.Scale(domain=[0, high * BEYOND or 1], nice=False), "axis": axis}


def _tips(rate: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("experiment:N"),
        alt.Tooltip("repeat:Q"),
        alt.Tooltip("verdict:N", title="limited by"),
        alt.Tooltip(f"{rate}:Q", title="requests/s", format=",.3~r"),
    ]


def _limits(verdicts: Iterable[str]) -> dict[str, Any]:
    """Give each verdict the colour of its kind, and a shape."""
    found = looks(verdicts)
    names = list(found)
    colours, shapes = ([look[place] for look in found.values()] for place in (0, 1))
    legend = alt.Legend(labelLimit=LABEL_LIMIT, columns=2)
    return {
        "color": alt.Color(
            "verdict:N", title="limited by", scale=alt.Scale(domain=names, range=colours), legend=legend
        ),
        "shape": alt.Shape("verdict:N", title="limited by", scale=alt.Scale(domain=names, range=shapes), legend=legend),
    }
