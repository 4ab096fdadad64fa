"""Charts of response times over the albums in the store."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from loadstone.report.charts.shared import SERIES_COLOURS, Chart, layered, run_points

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
