"""Charts of distributions, on an axis that gives each further nine the same room, and of capacity searches."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from loadstone.report.charts.shared import BLUE, GREY, ORANGE, RED, Chart, experiment_look, layered

PLAIN = alt.Axis(format="~r")
TIMES = "response time, ms (logarithmic)"
NINES = [2, 10, 100, 1000, 10_000]
"""1/(1 - probability) at 50, 90, 99, 99.9 and 99.99 %."""
WIDE_TIMES = 20
"""Ratio of the longest to the shortest time from which the axis is logarithmic."""
PICKED = "picked"
"""Signal that holds the experiments that the reader has picked from the list beside the charts (page.js sets it)."""
IS_PICKED = f"indexof({PICKED}, datum.experiment) >= 0"
IN_TAIL = "datum.probability >= 0.5 && datum.probability < 1 && (1 - datum.probability) * datum.successes > 0.999"
"""The upper half, up to the percentile that one request lies above."""


def nines(field: str) -> alt.X:
    """Lay out percentiles by 1/(1 - probability)."""
    axis = alt.Axis(values=NINES, labelExpr="format(100 - 100 / datum.value, '~r') + ' %'", grid=True)
    return alt.X(f"{field}:Q", title="percentile", scale=alt.Scale(type="log", nice=False), axis=axis)


def _tips(names: Sequence[str]) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{name}:N") for name in names] + [
        alt.Tooltip("probability:Q", title="percentile", format=".2~%"),
    ]


def tails_of_scheduled(table: pd.DataFrame) -> Chart | None:
    """Both distributions of one open or paced load at a time, chosen from a list.

    Columns load, probability, tail, timed, ms.
    """
    if table.empty:
        return None
    names = list(dict.fromkeys(table["load"]))
    chosen = alt.selection_point(fields=["load"], bind=alt.binding_select(options=names, name="Load "), value=names[0])
    kinds = [RESPONSE, SERVICE]
    legend = alt.Legend(labelLimit=320, symbolType="stroke", symbolStrokeWidth=3)
    look = {
        "color": alt.Color(
            "timed:N",
            title=None,
            scale=alt.Scale(domain=kinds, range=[ORANGE, BLUE]),
            legend=legend,
        ),
        "strokeDash": alt.StrokeDash(
            "timed:N", title=None, scale=alt.Scale(domain=kinds, range=[[1, 0], [6, 3]]), legend=legend
        ),
    }
    tooltip = [*_tips(["load", "timed"]), alt.Tooltip("ms:Q", title="answered within, ms", format=",.3~r")]
    y = alt.Y("ms:Q", title="ms (logarithmic)", scale=alt.Scale(type="log", nice=True), axis=PLAIN)
    lines = alt.Chart(table).mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=16))
    return layered([lines.encode(x=nines("tail"), y=y, tooltip=tooltip, **look).transform_filter(chosen)], 260, chosen)


def percentiles(table: pd.DataFrame, order: Sequence[str], first: Sequence[str]) -> Chart | None:
    """Percentiles of the picked experiments over each other, one endpoint at a time.

    Columns experiment, endpoint, probability, successes, response_ms, doubt.
    """
    if table.empty:
        return None
    y = alt.Y("response_ms:Q", title=TIMES, scale=alt.Scale(type="log", nice=True), axis=PLAIN)
    lines = alt.Chart(table).mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=16))
    chart = (
        lines.encode(x=nines("tail"), y=y, tooltip=_latency_tips(table), **experiment_look(order, PICKED))
        .transform_filter(IS_PICKED)
        .transform_filter("datum.endpoint == endpoint")
        .transform_filter(IN_TAIL)
        .transform_calculate(tail="1 / (1 - datum.probability)")
    )
    return layered([chart], 300, *_parameters(table, first))


def shares(table: pd.DataFrame, order: Sequence[str], first: Sequence[str]) -> Chart | None:
    """Share of requests answered within a time, of the picked experiments; columns as `percentiles`."""
    if table.empty:
        return None
    y = alt.Y("probability:Q", title="share of successful requests", axis=alt.Axis(format="%"))
    lines = alt.Chart(table).mark_line(strokeWidth=2)
    x = alt.X("response_ms:Q", title=TIMES, scale=alt.Scale(type="log", nice=False), axis=PLAIN)
    chart = (
        lines.encode(x=x, y=y, tooltip=_latency_tips(table), **experiment_look(order, PICKED))
        .transform_filter(IS_PICKED)
        .transform_filter("datum.endpoint == endpoint")
    )
    return layered([chart], 300, *_parameters(table, first))


def _latency_tips(table: pd.DataFrame) -> list[alt.Tooltip]:
    value = alt.Tooltip("response_ms:Q", title="answered within, ms", format=",.3~r")
    doubtful = [alt.Tooltip("doubt:N", title="be careful")] * bool((table["doubt"] != "").any())
    return [*_tips(["experiment", "endpoint"]), value, *doubtful]


def _parameters(table: pd.DataFrame, first: Sequence[str]) -> list[alt.Parameter]:
    endpoints = sorted(table["endpoint"].unique(), key=lambda name: (name != "all", name))
    bound = alt.binding_select(options=endpoints, name="Endpoint ")
    return [alt.param(name=PICKED, value=list(first)), alt.param(name="endpoint", value=endpoints[0], bind=bound)]


def capacity_chart(points: pd.DataFrame, metric: str, limit_ms: float) -> Chart | None:
    """An objective's metric over the arrival rate; columns probe, rate, value_ms, outcome, why."""
    if points.empty:
        return None
    values = [*points["value_ms"], limit_ms]
    wide = min(values) > 0 and max(values) > WIDE_TIMES * min(values)
    scale = alt.Scale(type="log", nice=True) if wide else alt.Scale(zero=True, nice=True)
    title = f"{metric}, ms" + " (logarithmic)" * wide
    rates = sorted({*points["rate"]})
    ends = alt.Scale(type="log", domain=[rates[0] / 1.1, rates[-1] * 1.1], nice=False)
    x = alt.X("rate:Q", title="arrivals per second (logarithmic)", scale=ends, axis=alt.Axis(format=",~r"))

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title=title, scale=scale, axis=PLAIN)

    objective = pd.DataFrame({"limit": [limit_ms], "label": ["objective"]})
    base = alt.Chart(objective)
    tooltip = [
        alt.Tooltip("probe:Q"),
        alt.Tooltip("rate:Q", title="arrivals/s", format=",.3~r"),
        alt.Tooltip("value_ms:Q", title=f"{metric}, ms", format=",.3~r"),
        alt.Tooltip("outcome:N", title="objective"),
        alt.Tooltip("why:N"),
    ]
    kinds = [MET, MISSED]
    colour = alt.Color("outcome:N", title="objective", scale=alt.Scale(domain=kinds, range=[BLUE, RED]))
    shape = alt.Shape("outcome:N", title="objective", scale=alt.Scale(domain=kinds, range=["circle", "cross"]))
    line = alt.Chart(points[["rate", "value_ms"]]).mark_line(color=GREY, strokeWidth=1)
    dots = alt.Chart(points).mark_point(size=70, filled=True, opacity=0.9)
    layers = [
        base.mark_rule(color=ORANGE, strokeWidth=2, strokeDash=[6, 3]).encode(y=y("limit")),
        base.mark_text(align="left", dx=4, dy=-7).encode(x=alt.value(0), y=y("limit"), text="label:N"),
        line.encode(x=x, y=y("value_ms")),
        dots.encode(x=x, y=y("value_ms"), color=colour, shape=shape, tooltip=tooltip),
    ]
    return layered(layers, 240)


RESPONSE, SERVICE = "response, from the intended start", "service, from sending"
"""What the two distributions count."""


MET, MISSED = "met", "missed"
