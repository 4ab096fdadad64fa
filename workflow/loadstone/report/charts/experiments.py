"""Charts of a single experiment.

A chart is drawn when its experiment is opened on the page, which sets the parameter `of` to the experiment's name. The
page holds the data of all experiments once.
"""

import altair as alt
import pandas as pd

from loadstone.report.charts.distributions import IN_TAIL, PLAIN, nines
from loadstone.report.charts.shared import BLUE, Chart, endpoint_look, layered

OF = alt.param(name="of", value="")
ENDPOINTS = alt.param(name="endpoints", value=[])
"""Endpoints of the experiment, for the legend."""
IS_OF = "datum.experiment === of"
SECONDS = "seconds since the load began"
HEIGHT = 200
LONG_NAME = 22
"""Characters from which the names of endpoints need a line each in a legend."""


def distribution(table: pd.DataFrame) -> Chart | None:
    """Percentiles of the median run, one line per endpoint; columns as in `distributions.percentiles`."""
    if table.empty:
        return None
    tooltip = [
        alt.Tooltip("endpoint:N"),
        alt.Tooltip("probability:Q", title="percentile", format=".2~%"),
        alt.Tooltip("response_ms:Q", title="answered within, ms", format=",.3~r"),
    ]
    y = alt.Y("response_ms:Q", title="ms (logarithmic)", scale=alt.Scale(type="log", nice=True), axis=PLAIN)
    lines = alt.Chart(table).mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=16))
    long = table["endpoint"].str.len().max() > LONG_NAME
    legend = alt.Legend(values=alt.ExprRef("endpoints"), columns=1 if long else 2, labelLimit=360 if long else 160)
    chart = (
        lines.encode(x=nines("tail"), y=y, tooltip=tooltip, **endpoint_look(table, legend))
        .transform_filter(IS_OF)
        .transform_filter(IN_TAIL)
        .transform_calculate(tail="1 / (1 - datum.probability)")
    )
    return layered([chart], HEIGHT, OF, ENDPOINTS)


def heat(cells: pd.DataFrame) -> Chart | None:
    """Requests per second by time and response time; columns experiment, second, until, low_ms, high_ms, rate."""
    if cells.empty:
        return None
    tooltip = [
        alt.Tooltip("second:Q", title="from second"),
        alt.Tooltip("until:Q", title="to second"),
        alt.Tooltip("low_ms:Q", title="response from, ms", format=",.3~r"),
        alt.Tooltip("high_ms:Q", title="to, ms", format=",.3~r"),
        alt.Tooltip("rate:Q", title="requests/s", format=",.3~r"),
    ]
    shade = alt.Opacity("rate:Q", title="requests/s", scale=alt.Scale(type="log", range=[0.12, 1.0]))
    chart = (
        alt.Chart(cells)
        .mark_rect(color=BLUE)
        .encode(
            x=alt.X("second:Q", title=SECONDS, axis=alt.Axis(format="d", tickMinStep=1)),
            x2="until:Q",
            y=alt.Y("low_ms:Q", title="ms (logarithmic)", scale=alt.Scale(type="log", nice=False), axis=PLAIN),
            y2="high_ms:Q",
            opacity=shade,
            tooltip=tooltip,
        )
        .transform_filter(IS_OF)
    )
    return layered([chart], HEIGHT, OF)
