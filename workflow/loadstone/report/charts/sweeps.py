"""Charts of sweeps: runs and means over the levels, fitted laws and their residuals, forecasts for users."""

from typing import Any

import altair as alt
import pandas as pd

from loadstone.report.charts.shared import BLUE, GREEN, GREY, ORANGE, PINK, RED, Chart, layered, run_points

WIDE_RANGE = 50
"""Ratio of the largest to the smallest level from which the axis is logarithmic."""
HEADROOM = 1.25
"""Factor by which the throughput axis reaches beyond the highest run or curve; wider intervals are cut off."""
MAX_TICKS = 12
LAW_COLOURS = (ORANGE, GREEN, RED, PINK)
LAW_DASHES = ([1, 0], [7, 4], [2, 3], [9, 3, 2, 3])


def sweep(points: pd.DataFrame, means: pd.DataFrame, curves: pd.DataFrame, factor: str) -> Chart | None:
    """Throughput over a swept factor, with the laws that were fitted.

    Columns: experiment, repeat, level, goodput_rps, doubt; level, value, low, high; law, level, throughput, low, high.
    """
    if points.empty:
        return None
    x = level_axis(points["level"], factor)
    highest = max([*points["goodput_rps"], *curves["throughput"]], default=0.0)
    scale = alt.Scale(domain=[0, HEADROOM * highest] if highest > 0 else [0, 1], nice=True)
    title = "successful requests/s"

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title=title, scale=scale)

    layers: list[alt.Chart] = [*_laws(curves, x, y("throughput"), y("low")), *_means(means, x, y("value"), y("low"))]
    tooltip = [
        alt.Tooltip("experiment:N"),
        alt.Tooltip("repeat:Q"),
        alt.Tooltip("goodput_rps:Q", title="requests/s", format=",.3~r"),
    ]
    layers += run_points(points.drop(columns="mean_ms"), {"x": x, "y": y("goodput_rps")}, {}, tooltip)
    return layered(layers, 220)


def level_axis(levels: "pd.Series[Any]", factor: str) -> alt.X:
    """Choose an axis for levels: numbers, widely spread numbers, or names in their order."""
    values = list(dict.fromkeys(levels.tolist()))
    if not pd.api.types.is_numeric_dtype(levels):
        return alt.X("level:N", title=factor, scale=alt.Scale(domain=values), axis=alt.Axis(labelAngle=0))
    # by an expression: a format would round the levels, 16 to 20
    ticks = alt.Axis(
        labelExpr="format(datum.value, ',~r')",
        labelOverlap=True,
        labelSeparation=6,
        values=sorted(values) if len(values) <= MAX_TICKS else alt.Undefined,
    )
    if min(values) > 0 and max(values) >= WIDE_RANGE * min(values):
        return alt.X("level:Q", title=f"{factor} (logarithmic)", scale=alt.Scale(type="log", padding=20), axis=ticks)
    return alt.X("level:Q", title=factor, scale=alt.Scale(zero=False, padding=20, nice=False), axis=ticks)


def _laws(curves: pd.DataFrame, x: alt.X, y: alt.Y, low: alt.Y) -> list[alt.Chart]:
    if curves.empty:
        return []
    names = list(dict.fromkeys(curves["law"]))
    shown = alt.Legend(symbolOpacity=1, symbolType="stroke")
    colour = alt.Color("law:N", title=None, scale=alt.Scale(domain=names, range=list(LAW_COLOURS)), legend=shown)
    dash = alt.StrokeDash("law:N", title=None, legend=shown, scale=alt.Scale(domain=names, range=list(LAW_DASHES)))
    lines = alt.Chart(curves[["law", "level", "throughput"]]).mark_line(clip=True)
    layers = [lines.encode(x=x, y=y, color=colour, strokeDash=dash)]
    banded = curves.dropna()
    if not banded.empty:
        bands = alt.Chart(banded).mark_area(opacity=0.18, clip=True)
        layers.insert(0, bands.encode(x=x, y=low, y2="high:Q", color=colour))
    return layers


def _means(means: pd.DataFrame, x: alt.X, y: alt.Y, low: alt.Y) -> list[alt.Chart]:
    """Draw a mean with its interval for each level that has one."""
    known = means.dropna()
    if known.empty:
        return []
    tooltip = [
        alt.Tooltip("value:Q", title="mean", format=",.3~r"),
        alt.Tooltip("low:Q", title="interval from", format=",.3~r"),
        alt.Tooltip("high:Q", title="to", format=",.3~r"),
    ]
    base = alt.Chart(known).encode(x=x, tooltip=tooltip)
    return [
        base.mark_rule(strokeWidth=2, color=BLUE, opacity=0.6, clip=True).encode(y=low, y2="high:Q"),
        base.mark_tick(thickness=3, size=22, color=BLUE, orient="horizontal").encode(y=y),
    ]


def residuals(table: pd.DataFrame, factor: str) -> Chart | None:
    """Residuals of the laws, one per run; columns law, level, residual."""
    if table.empty:
        return None
    names = list(dict.fromkeys(table["law"]))
    colour = alt.Color("law:N", title=None, scale=alt.Scale(domain=names, range=[ORANGE, GREEN, RED]))
    x = level_axis(table["level"], factor)
    tooltip = [alt.Tooltip("law:N"), alt.Tooltip("level:Q"), alt.Tooltip("residual:Q", format="+.2~%")]
    y = alt.Y("residual:Q", title="run above the law", axis=alt.Axis(format="+.2~%", tickCount=4))
    points = (
        alt.Chart(table).mark_point(filled=True, size=35, opacity=0.75).encode(x=x, y=y, color=colour, tooltip=tooltip)
    )
    zero = alt.Chart(pd.DataFrame({"residual": [0.0]})).mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="residual:Q")
    return layered([zero, points], 110)


def forecast(
    curves: pd.DataFrame, means: pd.DataFrame, points: pd.DataFrame, knee: float, *, metric: str, title: str
) -> Chart:
    """One metric (rps, ms) over users: prediction, bounds, knee, and what was measured.

    Columns: curve, users, rps, ms; users and the metric with _low and _high; experiment, repeat, users, the metric,
    doubt.
    """
    names = list(dict.fromkeys(curves["curve"]))
    dash = alt.StrokeDash("curve:N", title=None, scale=alt.Scale(domain=names, range=[[1, 0], [5, 4]]))
    colour = alt.Color("curve:N", title=None, scale=alt.Scale(domain=names, range=[ORANGE, GREY]))
    highest = max([*points[metric].dropna(), *curves[metric]], default=1.0)
    scale = alt.Scale(domain=[0, HEADROOM * highest], nice=True)
    x = alt.X("users:Q", title="users", scale=alt.Scale(zero=True, nice=False))

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title=title, scale=scale)

    lines = alt.Chart(curves[["curve", "users", metric]]).mark_line(clip=True)
    at_knee = pd.DataFrame({"users": [knee], "label": ["knee"]})
    layers: list[alt.Chart] = [
        alt.Chart(at_knee).mark_rule(color=GREY, strokeDash=[2, 3]).encode(x=x),
        alt.Chart(at_knee).mark_text(align="left", dx=4, dy=8).encode(x=x, y=alt.value(0), text="label:N"),
        lines.encode(x=x, y=y(metric), color=colour, strokeDash=dash),
    ]
    known = means[["users", metric, f"{metric}_low", f"{metric}_high"]].dropna()
    if not known.empty:
        bars = alt.Chart(known).mark_rule(strokeWidth=2, color=BLUE, opacity=0.6, clip=True)
        layers.append(bars.encode(x=x, y=y(f"{metric}_low"), y2=f"{metric}_high:Q"))
    tooltip = [
        alt.Tooltip("experiment:N"),
        alt.Tooltip("repeat:Q"),
        alt.Tooltip("users:Q"),
        alt.Tooltip(f"{metric}:Q", title=title, format=",.3~r"),
    ]
    shown = points[["experiment", "repeat", "users", metric, "doubt"]].dropna()
    layers += run_points(shown, {"x": x, "y": y(metric)}, {}, tooltip)
    return layered(layers, 240)
