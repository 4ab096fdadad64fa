"""One run over time: users, rate and failures, response times, CPU, in charts of one time axis, to be stacked.

A chart is drawn when its experiment is opened on the page (see `charts.experiments`), which keeps the rows of one run.
Each chart spans the whole run, and its vertical axis takes the same room, so that one moment is at one place in all.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from loadstone.report.charts.experiments import IS_OF, OF
from loadstone.report.charts.shared import BLUE, GREEN, GREY, ORANGE, PINK, RED, Chart, layered
from loadstone.report.timelines import MEAN, OTHERS, PERCENTILES, ROLES, Timelines

AXIS_PX = 46
"""Pixels that the labels of a vertical axis take."""
MIDDLE = "(datum.begin + datum.end) / 2"
WIDTH = "(datum.end - datum.begin)"
OUTSIDE_OPACITY = 0.4
"""Of the line outside the window."""
ROLE_COLOURS = dict(zip([*ROLES.values(), OTHERS], [BLUE, ORANGE, PINK, GREEN], strict=True))
ROLE_DASHES = dict(zip(ROLE_COLOURS, [[1, 0], [1, 0], [6, 3], [2, 2]], strict=True))
TIME_COLOURS = dict(zip([*PERCENTILES.values(), MEAN], [GREY, BLUE, "#8A6FD1", GREEN], strict=True))
KIND_COLOURS = [RED, "#A83600", "#CC79A7", ORANGE, "#8A6FD1", GREY]
"""Of the kinds of failure of a run: five, and the others."""


def users(found: Timelines) -> Chart | None:
    """Users over time; None if no run counted them."""
    if not found.bins["users"].notna().any():
        return None
    layers = _line(found.bins, alt.Y("users:Q", title="users", axis=_axis(3)), {"color": alt.value(GREY)})
    return _stacked(found, layers, found.bins, {"users": ("users", ",.1~f")}, 62)


def rate(found: Timelines) -> Chart | None:
    """Requests/s over time, and under the line the failures/s by kind."""
    if found.bins.empty:
        return None
    y = alt.Y("rate:Q", title="requests/s", axis=_axis(5), scale=alt.Scale(zero=True))
    layers = [] if found.failures.empty else [_failure_bars(found.failures)]
    layers += [each.transform_calculate(rate=f"datum.requests / {WIDTH}") for each in _line(found.bins, y, _BLUE)]
    tips = {"rate": ("requests/s", ",.3~r"), "failures": ("failed", ",d")}
    hover = _hover(found.bins, tips).transform_calculate(rate=f"datum.requests / {WIDTH}")
    return layered([*_ground(found), *layers, hover], 130, OF)


def _failure_bars(failures: pd.DataFrame) -> alt.Chart:
    legend = alt.Legend(columns=1, labelLimit=320, symbolType="square", symbolStrokeWidth=0)
    colour = alt.Color("kind:N", title=None, scale=alt.Scale(range=KIND_COLOURS), legend=legend)
    y = alt.Y("low:Q", title="requests/s", axis=_axis(5))
    bars: alt.Chart = alt.Chart(failures).mark_rect(opacity=0.85)
    return bars.encode(x=_x("begin"), x2="end:Q", y=y, y2="high:Q", color=colour).transform_filter(IS_OF)


def response(found: Timelines) -> Chart | None:
    """Percentiles of the response time over time, on a logarithmic axis; None if no request succeeded."""
    present = [name for name in TIME_COLOURS if found.times[name].notna().any()]
    if not present:
        return None
    axis = _axis(4)
    y = alt.Y("ms:Q", title="response, ms (log.)", axis=axis, scale=alt.Scale(type="log", nice=True))
    colour = _colours("statistic", {name: TIME_COLOURS[name] for name in present}, _strokes(3))
    layers = [
        each.transform_fold([*present], as_=["statistic", "ms"]) for each in _line(found.times, y, {"color": colour})
    ]
    return _stacked(found, layers, found.times, {name: (f"{name}, ms", ",.3~r") for name in present}, 140)


def cpu(found: Timelines) -> Chart | None:
    """CPUs used over time by role; None without samples."""
    present = [name for name in ROLE_COLOURS if found.bins[name].notna().any()]
    if not present:
        return None
    dashes = alt.Scale(domain=present, range=[ROLE_DASHES[name] for name in present])
    colour = _colours("role", {name: ROLE_COLOURS[name] for name in present}, _strokes(2))
    look = {"color": colour, "strokeDash": alt.StrokeDash("role:N", title=None, scale=dashes, legend=_strokes(2))}
    y = alt.Y("cpus:Q", title="CPUs used", axis=_axis(4), scale=alt.Scale(zero=True))
    layers = [each.transform_fold([*present], as_=["role", "cpus"]) for each in _line(found.bins, y, look)]
    rule = alt.Chart(found.windows).mark_rule(color=GREY, strokeDash=[2, 3])
    tip = alt.Tooltip("cores:Q", title="CPUs of the machine")
    is_near = "isValid(datum.cores)"  # else a line at 0 that nobody sees: a scale wants a figure
    near = rule.transform_calculate(at=f"{is_near} ? datum.cores : 0").encode(
        y=alt.Y("at:Q", title="CPUs used", axis=_axis(4)),
        opacity=alt.condition(is_near, alt.value(1), alt.value(0)),
        tooltip=alt.condition(is_near, tip, alt.value(None)),
    )
    layers.append(near.transform_filter(IS_OF))
    return _stacked(found, layers, found.bins, {name: (name, ".2~f") for name in present}, 130)


_BLUE = {"color": alt.value(BLUE)}
Tips = dict[str, tuple[str, str]]
"""Field → its title and its format in a tooltip."""


def _stacked(found: Timelines, layers: Sequence[alt.Chart], table: pd.DataFrame, tips: Tips, height: int) -> Chart:
    return layered([*_ground(found), *layers, _hover(table, tips)], height, OF)


def _ground(found: Timelines) -> list[alt.Chart]:
    """Shade the window, on an axis that spans the whole run."""
    base = alt.Chart(found.windows).transform_filter(IS_OF)
    return [
        base.mark_rect(opacity=0).encode(x=_x("zero"), x2="until:Q"),
        base.mark_rect(opacity=0.08, color=BLUE).encode(x=_x("begin"), x2="end:Q"),
    ]


def _line(table: pd.DataFrame, y: alt.Y, look: Mapping[str, Any]) -> list[alt.Chart]:
    """Draw a line through the middles of bins: thin and pale over the whole run, and strong inside the window."""
    base = alt.Chart(table).encode(x=_x("middle"), y=y, detail="repeat:N", **look)
    pale = base.mark_line(strokeWidth=1.2, opacity=OUTSIDE_OPACITY)
    return [
        pale.transform_filter(IS_OF).transform_calculate(middle=MIDDLE),
        base.mark_line(strokeWidth=2).transform_filter(f"{IS_OF} && datum.inside").transform_calculate(middle=MIDDLE),
    ]


def _hover(table: pd.DataFrame, tips: Tips) -> alt.Chart:
    """Show the figures of the bin under the pointer."""
    tooltip = [
        alt.Tooltip("begin:Q", title="from second", format=",.2~f"),
        alt.Tooltip("end:Q", title="to", format=",.2~f"),
        *(alt.Tooltip(f"{field}:Q", title=title, format=written) for field, (title, written) in tips.items()),
    ]
    base: alt.Chart = alt.Chart(table).mark_rect(opacity=0)
    return base.encode(x=_x("begin"), x2="end:Q", tooltip=tooltip).transform_filter(IS_OF)


def _x(field: str) -> alt.X:
    """Lay out time; the page names the axis below the charts."""
    axis = alt.Axis(grid=True, tickCount=8, format=",d", tickMinStep=1)
    return alt.X(f"{field}:Q", title=None, axis=axis, scale=alt.Scale(nice=False, zero=False))


def _axis(ticks: int, written: str = ",~r") -> alt.Axis:
    return alt.Axis(tickCount=ticks, minExtent=AXIS_PX, maxExtent=AXIS_PX, labelLimit=AXIS_PX, format=written)


def _colours(field: str, colours: Mapping[str, str], legend: alt.Legend) -> alt.Color:
    """Give each line its colour."""
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    return alt.Color(f"{field}:N", title=None, scale=scale, legend=legend)


def _strokes(columns: int) -> alt.Legend:
    """Make a legend of lines. So many columns fit a narrow page too."""
    return alt.Legend(symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1, columns=columns)
