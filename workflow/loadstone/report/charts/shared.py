"""What all charts share: colours, axes, and points that show which runs to be careful with.

The colours are those of Okabe and Ito, which colour-blind readers can distinguish, with orange and sky darkened: each
colour has a contrast of 3 or more to both grounds of the page. They stand for limits, endpoints, roles and laws.
Experiments have a palette of their own, so that none has the colour of a limit. A hollow point is a run to be careful
with; its tooltip shows the reason. A chart without data is None.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from loadstone.suite.hypotheses import ALL

BLUE, ORANGE, GREEN, PINK, SKY, RED = "#0072B2", "#BD8200", "#009E73", "#CC79A7", "#2E9BB8", "#D55E00"
GREY = "#888888"
ENDPOINT_COLOURS = {ALL: GREY, "GET /albums": BLUE, "GET /albums/<id>": GREEN, "POST /albums": ORANGE}
SERIES_COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED)
PALETTE = (BLUE, ORANGE, GREEN, RED, PINK, SKY, "#8A6FD1", "#7A7A7A")
"""Of endpoints that have no fixed colour."""
EXPERIMENTS = ("#6A58F5", "#667722", "#BB33BB", "#A8603C", "#3F9A2E", "#E0218A", "#5C7F99")
"""Of experiments alone."""
DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [12, 4], [5, 2, 1, 2, 1, 2])
"""An experiment's colour and dash follow from its place on the page, so that it has the same ones everywhere."""

Chart = alt.Chart | alt.LayerChart


def axis_of(x: alt.X, field: str) -> alt.X:
    """Take an axis for another field."""
    moved: alt.X = x.copy()
    moved.shorthand = f"{field}:Q"
    return moved


def colour_of(place: int) -> str:
    """Give an experiment its colour by its place on the page."""
    return EXPERIMENTS[place % len(EXPERIMENTS)]


def experiment_look(order: Sequence[str], shown: str) -> dict[str, Any]:
    """Separate experiments by colour and dash; the legend names those in the list of the signal `shown`."""
    dashes = [DASHES[n // len(EXPERIMENTS) % len(DASHES)] for n in range(len(order))]
    look: dict[str, Any] = {"symbolType": "stroke", "symbolStrokeWidth": 3, "labelLimit": 320}
    legend = alt.Legend(values=alt.ExprRef(shown), columns=1, **look)
    return {
        "color": experiment_colours(order, legend),
        "strokeDash": alt.StrokeDash(
            "experiment:N", title=None, legend=legend, scale=alt.Scale(domain=list(order), range=dashes)
        ),
    }


def experiment_colours(order: Sequence[str], legend: alt.Legend | None) -> alt.Color:
    """Give each experiment its colour."""
    scale = alt.Scale(domain=list(order), range=[colour_of(place) for place in range(len(order))])
    return alt.Color("experiment:N", title=None, legend=legend, scale=scale)


def squares(*, labels: int, columns: int) -> alt.Legend:
    """Make a legend of colours alone; a narrow page puts it into one column. `labels` is a label's most pixels."""
    return alt.Legend(columns=columns, symbolType="square", symbolStrokeWidth=0, labelLimit=labels)


def layered(layers: Sequence[alt.Chart], height: int, *parameters: alt.Parameter) -> alt.LayerChart:
    """Lay charts over each other, as wide as the page allows."""
    chart: alt.LayerChart = alt.LayerChart(layer=list(layers)).properties(width="container", height=height)
    return chart.add_params(*parameters) if parameters else chart


def run_points(
    table: pd.DataFrame,
    place: Mapping[str, Any],
    look: Mapping[str, Any],
    tooltip: Sequence[alt.Tooltip],
    size: int = 45,
) -> list[alt.Chart]:
    """Draw one point per run: filled if it is sound, else hollow, and grey unless its colour has a meaning.

    `table` has the column doubt, as `soundness.marked` makes it.
    """
    layers: list[alt.Chart] = []
    meant = "color" in look
    doubtful, sound = table[table["doubt"] != ""], table[table["doubt"] == ""].drop(columns="doubt")
    if not doubtful.empty:
        colour = alt.Undefined if meant else GREY
        points = alt.Chart(doubtful).mark_point(filled=False, size=size, strokeWidth=1.4, opacity=0.9, color=colour)
        layers.append(points.encode(**place, **look, tooltip=[*tooltip, alt.Tooltip("doubt:N", title="be careful")]))
    if not sound.empty:
        colour = alt.Undefined if meant else BLUE
        points = alt.Chart(sound).mark_point(filled=True, size=size, opacity=0.9, color=colour)
        layers.append(points.encode(**place, **look, tooltip=list(tooltip)))
    return layers


def other_endpoints(table: pd.DataFrame) -> list[str]:
    """Name the endpoints of other services than the album API."""
    return sorted(set(table["endpoint"]) - set(ENDPOINT_COLOURS))


def endpoint_look(table: pd.DataFrame, legend: alt.Legend) -> dict[str, Any]:
    """Separate endpoints by colour; where these do not suffice, by dash as well."""
    look: dict[str, Any] = {"color": endpoint_colour(table, legend)}
    others = other_endpoints(table)
    if len(others) > len(PALETTE):
        domain = [*(name for name in ENDPOINT_COLOURS if name in set(table["endpoint"])), *others]
        plain = len(domain) - len(others)
        dashes = [DASHES[0]] * plain + [DASHES[n // len(PALETTE) % len(DASHES)] for n in range(len(others))]
        scale = alt.Scale(domain=domain, range=dashes)
        look["strokeDash"] = alt.StrokeDash("endpoint:N", title=None, scale=scale, legend=legend)
    return look


def endpoint_colour(table: pd.DataFrame, legend: alt.Legend | None = None) -> alt.Color:
    """Colour by endpoint: fixed colours for the album API, a palette in the order of names for others."""
    present = [name for name in ENDPOINT_COLOURS if name in set(table["endpoint"])]
    others = other_endpoints(table)
    left = PALETTE if set(present) <= {ALL} else (PINK, SKY, RED)
    colours = [ENDPOINT_COLOURS[name] for name in present] + [left[n % len(left)] for n in range(len(others))]
    scale = alt.Scale(domain=[*present, *others], range=colours)
    return alt.Color("endpoint:N", title=None, scale=scale, legend=legend or alt.Undefined)
