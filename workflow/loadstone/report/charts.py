"""Charts: each function takes a table and returns a chart. Nothing is computed here that could be wrong.

Colours are Okabe and Ito's, told apart by colour-blind readers too; an endpoint or a role has the same one everywhere.
"""

from collections.abc import Sequence

import altair as alt
import pandas as pd

BLUE, ORANGE, GREEN, PINK, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
ENDPOINT_COLOURS = {"GET /albums": BLUE, "GET /albums/<id>": GREEN, "POST /albums": ORANGE}
ROLE_COLOURS = {"server-worker": BLUE, "server-master": SKY, "load-worker": ORANGE, "load-master": PINK}
STORE_COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED)
ROW_HEIGHT = 20
WIDEST_LABEL = 240

Chart = alt.Chart | alt.LayerChart


def throughput(table: pd.DataFrame, order: Sequence[str]) -> Chart:
    """Requests/s by experiment; columns experiment, repeat, goodput_rps."""
    return _by_experiment(
        alt.Chart(table).mark_point(filled=True, size=55, opacity=0.75, color=BLUE),
        "goodput_rps",
        "successful requests/s (logarithmic)",
        order,
    )


def response_times(table: pd.DataFrame, order: Sequence[str]) -> Chart:
    """Response times by experiment; columns experiment, repeat, statistic (mean, 95th or 99th percentile), ms."""
    names = ["mean", "95th percentile", "99th percentile"]
    points = (
        alt.Chart(table)
        .mark_point(filled=True, size=45, opacity=0.75)
        .encode(
            color=alt.Color("statistic:N", title=None, scale=alt.Scale(domain=names, range=[BLUE, ORANGE, RED])),
            shape=alt.Shape("statistic:N", title=None, scale=alt.Scale(domain=names)),
        )
    )
    return _by_experiment(points, "ms", "response time, ms (logarithmic)", order)


def get_against_post(table: pd.DataFrame, order: Sequence[str]) -> Chart:
    """Mean response of two endpoints by experiment; columns experiment, repeat, endpoint, mean_ms."""
    points = alt.Chart(table).mark_point(filled=True, size=45, opacity=0.75).encode(color=_endpoint_colour(table))
    return _by_experiment(points, "mean_ms", "mean response time, ms (logarithmic)", order)


def _by_experiment(points: alt.Chart, value: str, title: str, order: Sequence[str]) -> alt.Chart:
    tooltip = [
        alt.Tooltip("experiment:N"),
        alt.Tooltip("repeat:Q"),
        *(alt.Tooltip(f"{extra}:N") for extra in ("endpoint", "statistic") if extra in points.data.columns),
        alt.Tooltip(f"{value}:Q", title=title.replace(" (logarithmic)", ""), format=",.3~r"),
    ]
    return points.encode(
        x=alt.X(f"{value}:Q", title=title, scale=alt.Scale(type="log", nice=True), axis=alt.Axis(format="~r")),
        y=alt.Y("experiment:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=WIDEST_LABEL, grid=True)),
        tooltip=tooltip,
    ).properties(width="container", height=ROW_HEIGHT * len(order))


def latency_distribution(table: pd.DataFrame, order: Sequence[str], first: str) -> Chart:
    """Share of requests answered within a time, one line an endpoint and repeat; the experiment is picked from a list.

    Columns experiment, repeat, endpoint, probability, response_ms.
    """
    chosen = _picker(order, first)
    chart: alt.Chart = (
        alt.Chart(table)
        .mark_line(interpolate="linear", strokeWidth=1.8, opacity=0.8)
        .encode(
            x=alt.X(
                "response_ms:Q",
                title="response time, ms (logarithmic)",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(format="~r"),
            ),
            y=alt.Y("probability:Q", title="share of successful requests", axis=alt.Axis(format="%")),
            color=_endpoint_colour(table),
            detail="repeat:N",
            tooltip=[
                alt.Tooltip("endpoint:N"),
                alt.Tooltip("repeat:Q"),
                alt.Tooltip("probability:Q", title="share", format=".2~%"),
                alt.Tooltip("response_ms:Q", title="answered within, ms", format=",.3~r"),
            ],
        )
        .add_params(chosen)
        .transform_filter(chosen)
        .properties(width="container", height=300)
    )
    return chart


def response_by_albums(table: pd.DataFrame, endpoint: str) -> Chart:
    """Mean response of one endpoint against the number of albums; columns store, repeat, albums, mean_ms."""
    stores = sorted(table["store"].unique())
    base = alt.Chart(table).encode(
        x=alt.X(
            "albums:Q",
            title="albums in the store",
            scale=alt.Scale(type="log"),
            axis=alt.Axis(format="~s", values=[1, 10, 100, 1000, 10_000, 100_000]),
        ),
        y=alt.Y("mean_ms:Q", title="mean response, ms", scale=alt.Scale(type="log"), axis=alt.Axis(format="~r")),
        color=alt.Color(
            "store:N", title="store", scale=alt.Scale(domain=stores, range=list(STORE_COLOURS[: len(stores)]))
        ),
        tooltip=[
            alt.Tooltip("store:N"),
            alt.Tooltip("repeat:Q"),
            alt.Tooltip("albums:Q", format=",.0f"),
            alt.Tooltip("mean_ms:Q", title="mean response, ms", format=",.3~r"),
        ],
    )
    points = base.mark_point(filled=True, size=60, opacity=0.8)
    lines = base.mark_line(opacity=0.4).encode(y="mean(mean_ms):Q", x="level:Q", tooltip=alt.value(None))
    layers: alt.LayerChart = (lines + points).properties(width="container", height=240, title=endpoint)
    return layers


def speedup(points: pd.DataFrame, curve: pd.DataFrame, factor: str) -> Chart:
    """Speed-up over a swept factor; points: level, repeat, goodput_rps, speedup; curve: level, speedup, law."""
    laws = list(dict.fromkeys(curve["law"]))
    y = alt.Y("speedup:Q", title="speed-up over X₁", scale=alt.Scale(zero=True))
    lines = (
        alt.Chart(curve)
        .mark_line()
        .encode(
            x=alt.X("level:Q", title=factor, axis=alt.Axis(tickMinStep=1)),
            y=y,
            color=alt.Color("law:N", title=None, scale=alt.Scale(domain=laws, range=[ORANGE, "#888888"])),
            strokeDash=alt.StrokeDash("law:N", scale=alt.Scale(domain=laws, range=[[1, 0], [4, 4]]), legend=None),
        )
    )
    layers: alt.LayerChart = (lines + _levels(points, factor, y)).properties(width="container", height=260)
    return layers


def sweep_points(points: pd.DataFrame, factor: str) -> Chart:
    """Throughput over a swept factor where there is no fit; columns level, repeat, goodput_rps."""
    y = alt.Y("goodput_rps:Q", title="successful requests/s", scale=alt.Scale(zero=True))
    chart: alt.Chart = _levels(points, factor, y).properties(width="container", height=260)
    return chart


def _levels(points: pd.DataFrame, factor: str, y: alt.Y) -> alt.Chart:
    dots: alt.Chart = (
        alt.Chart(points)
        .mark_point(filled=True, size=60, opacity=0.8, color=BLUE)
        .encode(
            x=alt.X("level:Q", title=factor, axis=alt.Axis(tickMinStep=1)),
            y=y,
            tooltip=[
                alt.Tooltip("level:Q", title=factor),
                alt.Tooltip("repeat:Q"),
                alt.Tooltip("goodput_rps:Q", title="requests/s", format=",.3~r"),
            ],
        )
    )
    return dots


def course(seconds: pd.DataFrame, windows: pd.DataFrame, order: Sequence[str], first: str) -> Chart:
    """Requests by the second, the window shaded, the experiment picked from a list; columns as `tables.course` has."""
    chosen = _picker(order, first)
    shade = (
        alt.Chart(windows)
        .mark_rect(opacity=0.12, color=BLUE)
        .encode(x=alt.X("begin:Q", title="seconds since the load began"), x2="end:Q")
        .transform_filter(chosen)
    )
    lines = (
        alt.Chart(seconds)
        .mark_line(strokeWidth=1.8, opacity=0.85, color=BLUE, point=alt.OverlayMarkDef(size=18, color=BLUE))
        .encode(
            x=alt.X("second:Q", title="seconds since the load began"),
            y=alt.Y("requests:Q", title="requests/s", scale=alt.Scale(zero=True)),
            detail="repeat:N",
            tooltip=[alt.Tooltip("repeat:Q"), alt.Tooltip("second:Q"), alt.Tooltip("requests:Q", title="requests/s")],
        )
        .add_params(chosen)
        .transform_filter(chosen)
    )
    layers: alt.LayerChart = (shade + lines).properties(width="container", height=240)
    return layers


def cpu(table: pd.DataFrame, order: Sequence[str]) -> Chart:
    """CPUs used by each process; columns experiment, repeat, role, process, cpu."""
    roles = list(ROLE_COLOURS)
    points = (
        alt.Chart(table)
        .mark_point(filled=True, size=45, opacity=0.75)
        .encode(
            x=alt.X("cpu:Q", title="CPUs used by one process (1 = a whole CPU)", scale=alt.Scale(domainMin=0)),
            y=alt.Y("experiment:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=WIDEST_LABEL, grid=True)),
            color=alt.Color(
                "role:N", title=None, scale=alt.Scale(domain=roles, range=[ROLE_COLOURS[role] for role in roles])
            ),
            shape=alt.Shape("role:N", title=None, scale=alt.Scale(domain=roles)),
            tooltip=[
                alt.Tooltip("experiment:N"),
                alt.Tooltip("repeat:Q"),
                alt.Tooltip("role:N"),
                alt.Tooltip("process:Q", title="process, busiest first"),
                alt.Tooltip("cpu:Q", title="CPUs used", format=".3~r"),
            ],
        )
    )
    chart: alt.Chart = points.properties(width="container", height=ROW_HEIGHT * len(order))
    return chart


def _picker(order: Sequence[str], first: str) -> alt.Parameter:
    listed = alt.binding_select(options=list(order), name="Experiment ")
    return alt.selection_point(fields=["experiment"], bind=listed, value=first)


def _endpoint_colour(table: pd.DataFrame) -> alt.Color:
    present = [endpoint for endpoint in ENDPOINT_COLOURS if endpoint in set(table["endpoint"])]
    scale = alt.Scale(domain=present, range=[ENDPOINT_COLOURS[endpoint] for endpoint in present])
    return alt.Color("endpoint:N", title=None, scale=scale)
