"""Charts that compare all experiments: throughput, response times, two endpoints, CPU."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from loadstone.report.charts.shared import (
    BLUE,
    ORANGE,
    PINK,
    SKY,
    Chart,
    axis_of,
    endpoint_colour,
    experiment_colours,
    layered,
    run_points,
)

ROLE_COLOURS = {"server-worker": BLUE, "server-master": SKY, "load-worker": ORANGE, "load-master": PINK}


ROW_HEIGHT, THREE_ROWS = 20, 30


BEYOND = 1.25
"""Factor by which a logarithmic axis reaches beyond the runs; wider intervals are cut off there."""


STATISTIC_SHAPES = {"mean": "circle", "95th percentile": "square", "99th percentile": "triangle-up"}


def throughput(table: pd.DataFrame, means: pd.DataFrame, order: Sequence[str]) -> Chart | None:
    """Requests/s by experiment; columns experiment, repeat, goodput_rps, doubt; and experiment, value, low, high."""
    look = {"color": experiment_colours(order, legend=None)}
    return _by_experiment(table, "goodput_rps", "successful requests/s (logarithmic)", order, look, means)


def response_times(table: pd.DataFrame, means: pd.DataFrame, order: Sequence[str]) -> Chart | None:
    """Response times by experiment, each statistic in a row of its own.

    Columns experiment, repeat, statistic (those of `STATISTIC_SHAPES`), ms, doubt; and experiment, statistic, value,
    low, high.
    """
    names, shapes = list(STATISTIC_SHAPES), list(STATISTIC_SHAPES.values())
    look = {
        "color": experiment_colours(order, legend=None),
        "shape": alt.Shape("statistic:N", title=None, scale=alt.Scale(domain=names, range=shapes)),
        "yOffset": alt.YOffset("statistic:N", scale=alt.Scale(domain=names)),
    }
    return _by_experiment(table, "ms", "response time, ms (logarithmic)", order, look, means, THREE_ROWS)


def get_against_post(table: pd.DataFrame, order: Sequence[str]) -> Chart | None:
    """Mean response of two endpoints by experiment; columns experiment, repeat, endpoint, mean_ms, doubt."""
    look = {"color": endpoint_colour(table)}
    return _by_experiment(table, "mean_ms", "mean response time, ms (logarithmic)", order, look)


def cpu(table: pd.DataFrame, order: Sequence[str]) -> Chart | None:
    """CPUs used by each process; columns experiment, repeat, role, process, cpu, doubt."""
    roles = list(ROLE_COLOURS)
    colours = [ROLE_COLOURS[role] for role in roles]
    look = {
        "color": alt.Color("role:N", title=None, scale=alt.Scale(domain=roles, range=colours)),
        "shape": alt.Shape("role:N", title=None, scale=alt.Scale(domain=roles)),
    }
    ticks = alt.Axis(tickCount=8, format="~r")
    x = alt.X("cpu:Q", title="CPUs used by one process (1 = a whole CPU)", scale=alt.Scale(domainMin=0), axis=ticks)
    return _rows(table, x, alt.Tooltip("cpu:Q", title="CPUs used", format=".3~r"), order, look)


def _by_experiment(
    table: pd.DataFrame,
    value: str,
    title: str,
    order: Sequence[str],
    look: Mapping[str, Any],
    means: pd.DataFrame | None = None,
    row_height: int = ROW_HEIGHT,
) -> Chart | None:
    if table.empty:
        return None
    domain = [table[value].min() / BEYOND, table[value].max() * BEYOND]
    axis = alt.Axis(format=",~r")
    x = alt.X(f"{value}:Q", title=title, scale=alt.Scale(type="log", domain=domain, nice=False), axis=axis)
    tooltip = alt.Tooltip(f"{value}:Q", title=title.replace(" (logarithmic)", ""), format=",.3~r")
    under = [] if means is None else _intervals(means, x, domain[0] / 2, look)
    return _rows(table, x, tooltip, order, look, under, row_height)


def _intervals(means: pd.DataFrame, x: alt.X, lowest: float, look: Mapping[str, Any]) -> list[alt.Chart]:
    """Draw means as ticks and their 95 % intervals as bars; an interval that reaches 0 does not fit a log axis."""
    known = means.dropna()
    if known.empty:
        return []
    shown = known.assign(start=known["low"].clip(lower=lowest))
    place = {key: value for key, value in look.items() if key in ("color", "yOffset")}
    tooltip = [alt.Tooltip(f"{name}:N") for name in ("experiment", "statistic") if name in known.columns]
    for field, title in {"value": "mean of runs", "low": "95 % interval from", "high": "to"}.items():
        tooltip.append(alt.Tooltip(f"{field}:Q", title=title, format=",.3~r"))
    base = alt.Chart(shown).encode(y=_experiments_axis(), tooltip=tooltip, **place)

    return [
        base.mark_rule(strokeWidth=5, opacity=0.3, clip=True).encode(x=axis_of(x, "start"), x2="high:Q"),
        base.mark_tick(thickness=2, size=12, orient="vertical").encode(x=axis_of(x, "value")),
    ]


def _experiments_axis(order: Sequence[str] = ()) -> alt.Y:
    scale = alt.Scale(domain=list(order)) if order else alt.Undefined
    return alt.Y("experiment:N", title=None, scale=scale, axis=alt.Axis(grid=True))


def _rows(
    table: pd.DataFrame,
    x: alt.X,
    value: alt.Tooltip,
    order: Sequence[str],
    look: Mapping[str, Any],
    under: Sequence[alt.Chart] = (),
    row_height: int = ROW_HEIGHT,
) -> Chart | None:
    """One row per experiment, one point per run and whatever `look` separates."""
    more = [alt.Tooltip(f"{name}:N") for name in ("endpoint", "statistic", "role", "process") if name in table.columns]
    tooltip = [alt.Tooltip("experiment:N"), alt.Tooltip("repeat:Q"), *more, value]
    layers = run_points(table, {"x": x, "y": _experiments_axis(order)}, look, tooltip)
    return layered([*under, *layers], row_height * len(order)) if layers else None
