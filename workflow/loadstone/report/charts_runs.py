"""Charts that show runs from the inside: their course, and their response times over the albums in the store."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from loadstone.report.charts import BLUE, GREY, SERIES_COLOURS, Chart, layered, picker, run_points

LOG = alt.Scale(type="log")
PLAIN = alt.Axis(format="~r")


def response_by_albums(table: pd.DataFrame, lines: pd.DataFrame, endpoint: str, names: Sequence[str]) -> Chart | None:
    """Mean response of one endpoint against the number of albums, with the lines that were fitted.

    Columns experiment, repeat, series, albums, mean_ms, doubt; and series, albums, mean_ms.
    """
    if table.empty:
        return None
    scale = alt.Scale(domain=list(names), range=[SERIES_COLOURS[n % len(SERIES_COLOURS)] for n in range(len(names))])
    legend = alt.Legend(columns=2, labelLimit=220)
    colour = alt.Color("series:N", title=None, scale=scale, legend=legend)
    y = alt.Y("mean_ms:Q", title="mean response, ms (logarithmic)", scale=LOG, axis=PLAIN)
    ticks = alt.Axis(format="~s", values=[1, 10, 100, 1000, 10_000, 100_000, 1_000_000])
    x = alt.X("albums:Q", title="albums in the store (logarithmic)", scale=alt.Scale(type="log"), axis=ticks)
    tooltip = [
        alt.Tooltip("experiment:N"),
        alt.Tooltip("repeat:Q"),
        alt.Tooltip("albums:Q", format=",.0f"),
        alt.Tooltip("mean_ms:Q", title="mean response, ms", format=",.3~r"),
    ]
    layers = run_points(table, {"x": x, "y": y}, {"color": colour}, tooltip, size=60)
    if not lines.empty:
        layers.insert(0, alt.Chart(lines).mark_line(strokeWidth=1.4).encode(x=x, y=y, color=colour))
    chart: alt.LayerChart = layered(layers, 240).properties(title=endpoint)
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
