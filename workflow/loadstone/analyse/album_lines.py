"""Fit straight lines to response times over the number of albums in the store; `scaling.json` holds them."""

from collections.abc import Mapping, Sequence

import pandas as pd

from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.results.bounded import Bounded
from loadstone.results.scaling import AlbumLine
from loadstone.results.tables import RunKey
from loadstone.suite.hypotheses import ALL
from loadstone.suite.model import Sweep
from loadstone.theory.linear_model import LinearModel, fit_linear_model

MIN_LEVELS = 2
"""Levels that a line needs."""


def fit_album_lines(name: str, measured: MeasuredCampaign) -> tuple[AlbumLine, ...]:
    """Fit a line to each endpoint of a sweep over `server.albums`, in the order of endpoint names.

    Where a hypothesis is about the mean response of the sweep and endpoint, the line is the fit of that hypothesis,
    which may use several sweeps with different numbers of users. Otherwise it is a least-squares line through the sweep
    alone. An endpoint with fewer than two levels has no line.
    """
    sweeps = measured.plan.suite.sweeps
    endpoints = sorted(set(_responses_by_level({name: sweeps[name]}, measured)["endpoint"]))
    lines = (_fit_line(name, endpoint, measured) for endpoint in endpoints)
    return tuple(line for line in lines if line is not None)


def _fit_line(name: str, endpoint: str, measured: MeasuredCampaign) -> AlbumLine | None:
    plan = measured.plan
    hypothesis, over = _trend_over(name, endpoint, measured)
    responses = _responses_by_level({sweep: plan.suite.sweeps[sweep] for sweep in over}, measured)
    responses = responses[responses["endpoint"] == endpoint]
    own = responses[responses["sweep"] == name]
    if own["level"].nunique() < MIN_LEVELS:
        return None
    users = [float(plan.experiments[experiment].load.users) for experiment in responses["experiment"]]
    try:
        model = fit_linear_model(
            responses["level"].tolist(), responses["mean_ms"].tolist(), users if len(set(users)) > 1 else None
        )
    except ValueError:
        return None
    own_users = plan.experiments[str(own["experiment"].iloc[0])].load.users
    return AlbumLine(
        endpoint=endpoint,
        users=own_users,
        a_ms=_at_no_albums(model, own_users),
        b_us=Bounded(value=1000 * model.b.value, low=_scaled(model.b.low), high=_scaled(model.b.high)),
        hypothesis=hypothesis,
        lowest=float(own["level"].min()),
        highest=float(own["level"].max()),
    )


def _responses_by_level(sweeps: Mapping[str, Sweep], measured: MeasuredCampaign) -> pd.DataFrame:
    """Tabulate the response times of sweeps over `server.albums`, in the runs that count.

    Columns experiment, sweep, endpoint, level, mean_ms; one row per run and endpoint with a successful request.
    """
    levels = {
        level.experiment: (name, float(str(level.value))) for name, sweep in sweeps.items() for level in sweep.levels
    }
    table = measured.summary
    rows = table[table["experiment"].isin(list(levels)) & (table["endpoint"] != ALL)].dropna(subset="mean_ms")
    rows = rows[[_counts(measured, (str(n), int(r))) for n, r in zip(rows["experiment"], rows["repeat"], strict=True)]]
    return pd.DataFrame(
        {
            "experiment": rows["experiment"],
            "sweep": [levels[name][0] for name in rows["experiment"]],
            "endpoint": rows["endpoint"],
            "level": [levels[name][1] for name in rows["experiment"]],
            "mean_ms": rows["mean_ms"],
        }
    )


def _counts(measured: MeasuredCampaign, run: RunKey) -> bool:
    """Whether a run counts and its store is known to hold albums; other kinds of server may not report them."""
    albums = measured.windows[run].albums
    return measured.counts(run) and albums is not None and sum(albums) > 0


def _trend_over(name: str, endpoint: str, measured: MeasuredCampaign) -> tuple[str | None, Sequence[str]]:
    """Find the first hypothesis about the mean response of a sweep's endpoint, and all sweeps that it is about."""
    for hypothesis, settings in measured.plan.suite.hypotheses.items():
        trend = settings.trend
        if trend is not None and trend.metric == "mean" and trend.endpoint == endpoint and name in trend.over:
            return hypothesis, trend.over
    return None, (name,)


def _at_no_albums(model: LinearModel, users: int) -> float:
    return model.a.value + (0.0 if model.c is None else users * model.c.value)


def _scaled(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else 1000 * milliseconds
