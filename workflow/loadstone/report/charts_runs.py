"""Charts that show runs from the inside: their course, their distribution of response times, their albums."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from loadstone.report.charts import BLUE, GREY, STORE_COLOURS, Chart, endpoint_colour, layered, picker, run_points

LOG = alt.Scale(type="log")
TIGHT = alt.Scale(type="log", nice=False)
PLAIN = alt.Axis(format="~r")


def latency_distribution(table: pd.DataFrame, order: Sequence[str], first: str) -> Chart | None:
    """Share of requests answered within a time, one line an endpoint and repeat; the experiment is picked from a list.

    Columns experiment, repeat, endpoint, probability, response_ms, doubt.
    """
    if table.empty:
        return None
    chosen = picker(order, first)
    colour = endpoint_colour(table)
    layers = []
    for doubtful, part in table.groupby(table["doubt"] != ""):
        tooltip = [
            alt.Tooltip("endpoint:N"),
            alt.Tooltip("repeat:Q"),
            alt.Tooltip("probability:Q", title="share", format=".2~%"),
            alt.Tooltip("response_ms:Q", title="answered within, ms", format=",.3~r"),
            *([alt.Tooltip("doubt:N", title="be careful")] if doubtful else []),
        ]
        lines = alt.Chart(part if doubtful else part.drop(columns="doubt")).mark_line(
            interpolate="linear", strokeWidth=1.8, opacity=0.8, strokeDash=[4, 3] if doubtful else [1, 0]
        )
        layers.append(
            lines.encode(
                x=alt.X("response_ms:Q", title="response time, ms (logarithmic)", scale=TIGHT, axis=PLAIN),
                y=alt.Y("probability:Q", title="share of successful requests", axis=alt.Axis(format="%")),
                color=colour,
                detail="repeat:N",
                tooltip=tooltip,
            ).transform_filter(chosen)
        )
    return layered(layers, 300, chosen)


def response_by_albums(table: pd.DataFrame, endpoint: str) -> Chart | None:
    """Mean response of one endpoint against the number of albums.

    Columns experiment, repeat, store, level, albums, mean_ms, doubt.
    """
    if table.empty:
        return None
    stores = sorted(table["store"].unique())
    scale = alt.Scale(domain=stores, range=[STORE_COLOURS[n % len(STORE_COLOURS)] for n in range(len(stores))])
    colour = alt.Color("store:N", title="store", scale=scale)
    y = alt.Y("mean_ms:Q", title="mean response, ms", scale=LOG, axis=PLAIN)

    def x(field: str) -> alt.X:
        ticks = alt.Axis(format="~s", values=[1, 10, 100, 1000, 10_000, 100_000, 1_000_000])
        return alt.X(f"{field}:Q", title="albums in the store", scale=alt.Scale(type="log"), axis=ticks)

    means = table[table["level"] > 0].groupby(["store", "level"], as_index=False)["mean_ms"].mean()
    lines = alt.Chart(means).mark_line(strokeWidth=1.2).encode(x=x("level"), y=y, color=colour)
    tooltip = [
        alt.Tooltip("experiment:N"),
        alt.Tooltip("repeat:Q"),
        alt.Tooltip("albums:Q", format=",.0f"),
        alt.Tooltip("mean_ms:Q", title="mean response, ms", format=",.3~r"),
    ]
    points = run_points(table.drop(columns="level"), {"x": x("albums"), "y": y}, {"color": colour}, tooltip, size=60)
    chart: alt.LayerChart = layered([lines, *points], 240).properties(title=endpoint)
    return chart


def course(seconds: pd.DataFrame, windows: pd.DataFrame, order: Sequence[str], first: str) -> Chart | None:
    """Requests by the second, the window as found shaded, the experiment picked from a list.

    Columns as `tables.course` has, and doubt.
    """
    if seconds.empty:
        return None
    chosen = picker(order, first)
    x_title, whole = "seconds since the load began", alt.Axis(format="d", tickMinStep=1)
    shade = (
        alt.Chart(windows)
        .mark_rect(opacity=0.07, color=BLUE)
        .encode(x=alt.X("begin:Q", title=x_title, axis=whole), x2="end:Q")
        .transform_filter(chosen)
    )
    layers = [shade]
    for doubtful, part in seconds.groupby(seconds["doubt"] != ""):
        colour = GREY if doubtful else BLUE
        tooltip = [alt.Tooltip("repeat:Q"), alt.Tooltip("second:Q"), alt.Tooltip("requests:Q", title="requests/s")]
        if doubtful:
            tooltip.append(alt.Tooltip("doubt:N", title="be careful"))
        dots = alt.OverlayMarkDef(size=18, color=colour, filled=not bool(doubtful))
        layers.append(
            alt.Chart(part if doubtful else part.drop(columns="doubt"))
            .mark_line(strokeWidth=1.8, opacity=0.85, color=colour, point=dots)
            .encode(
                x=alt.X("second:Q", title=x_title, axis=whole),
                y=alt.Y("requests:Q", title="requests/s", scale=alt.Scale(zero=True)),
                detail="repeat:N",
                tooltip=tooltip,
            )
            .transform_filter(chosen)
        )
    return layered(layers, 240, chosen)
