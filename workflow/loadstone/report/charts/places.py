"""Where requests are that users wait for: one bar per experiment, split by place."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from loadstone.report.charts.shared import GREEN, PINK, RED, SKY, Chart, layered, squares
from loadstone.results.verdicts import Place
from loadstone.text import tenths

LIGHT, DARK = "#FFFFFF", "#1D2329"
LOOK = {
    Place.NOT_ACCEPTED: ("#4F3A91", LIGHT),
    Place.UNREAD: ("#8A6FD1", DARK),
    Place.LOCK: ("#BFB0EA", DARK),
    Place.RUNNING: (RED, DARK),
    Place.WAITING_FOR_CPU: (PINK, DARK),
    Place.DISK: ("#8C5A2B", LIGHT),
    Place.SLEEPING: ("#F0E442", DARK),
    Place.DOWNSTREAM: (GREEN, DARK),
    Place.UNSENT: (SKY, DARK),
    Place.ELSEWHERE: ("#B4BAC0", DARK),
}
"""Place → its colour, and that of its label. Violet is what waits for the server's own doing; running, waiting for a
CPU, downstream and network have the colours of the verdicts of these kinds."""
ROW_HEIGHT = 30
BAR_HEIGHT = 18
ROOM = 46
"""Pixels to the right of a bar, for the number of requests."""
LETTER = 6.4
"""Pixels that a letter of a label takes, on average."""


def places(table: pd.DataFrame, order: Sequence[str]) -> Chart | None:
    """Draw one bar per experiment; columns experiment, place, requests, share, begin, end, total.

    A bar shows shares: `begin` and `end` are sums of them. Labels are left out where they do not fit, which the browser
    knows.
    """
    if table.empty:
        return None
    present = [place for place in Place if place in set(table["place"])]
    shown = table.assign(
        ink=[LOOK[place][1] for place in table["place"]],
        number=[tenths(requests) for requests in table["requests"]],
    )
    shares = alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".0%")
    x = alt.X(
        "begin:Q",
        title="share of the requests in progress",
        axis=shares,
        scale=alt.Scale(domain=[0, alt.ExprRef(f"1 + {ROOM} / max({ROOM}, width - {ROOM})")], nice=False),
    )
    y = alt.Y("experiment:N", title=None, scale=alt.Scale(domain=list(order)), axis=alt.Axis(labelLimit=210))
    colour = alt.Color(
        "place:N",
        title=None,
        scale=alt.Scale(domain=present, range=[LOOK[place][0] for place in present]),
        legend=squares(labels=200, columns=5),
    )
    tooltip = [
        alt.Tooltip("experiment:N"),
        alt.Tooltip("place:N"),
        alt.Tooltip("requests:Q", title="requests", format=",.3~r"),
        alt.Tooltip("share:Q", title="share", format=".3~p"),
    ]
    bars = alt.Chart(shown).mark_bar(height=BAR_HEIGHT, stroke=DARK, strokeOpacity=0.5, strokeWidth=0.8)
    labels = (
        alt.Chart(shown)
        .mark_text(fontSize=11, color=alt.ExprRef("datum.ink"))
        .encode(x=alt.X("middle:Q"), y=y, text="label:N", tooltip=tooltip)
        .transform_calculate(
            middle="(datum.begin + datum.end) / 2",
            room=f"datum.share * (width - {ROOM}) / {LETTER}",
        )
        .transform_calculate(
            label="length(datum.place + ' ' + datum.number) < datum.room ? datum.place + ' ' + datum.number"
            " : length(datum.number) < datum.room ? datum.number : ''"
        )
        .transform_filter("datum.label !== ''")
    )
    sums = shown.drop_duplicates("experiment")[["experiment", "total"]]
    totals = (
        alt.Chart(sums.assign(total=[tenths(total) for total in sums["total"]], end=1.0))
        .mark_text(align="left", dx=6, fontWeight="bold")
        .encode(x=alt.X("end:Q"), y=y, text="total:N")
    )
    layers = [bars.encode(x=x, x2="end:Q", y=y, color=colour, tooltip=tooltip), labels, totals]
    return layered(layers, ROW_HEIGHT * len(order))
