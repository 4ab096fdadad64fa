"""Straight lines through response times over the number of albums in the store: those of `scaling.json`."""

from collections.abc import Mapping, Sequence

import pandas as pd

from loadstone.analyse.campaign import Measured
from loadstone.results.bounded import Bounded
from loadstone.results.scaling import AlbumLine
from loadstone.results.tables import RunKey
from loadstone.suite.hypotheses import ALL
from loadstone.suite.model import Sweep
from loadstone.theory.linear_model import AlbumModel, fit_album_model

MIN_LEVELS = 2


def album_lines(name: str, measured: Measured) -> tuple[AlbumLine, ...]:
    """Fit a line to each endpoint of a sweep over `server.albums`, by ascending name.

    It is that of a hypothesis about the sweep and endpoint, which may take several sweeps together that differ in
    users, or else a least-squares line of its own. There is none for fewer than two levels.
    """
    sweeps = measured.plan.suite.sweeps
    endpoints = sorted(set(response_by_albums({name: sweeps[name]}, measured)["endpoint"]))
    lines = (_line(name, endpoint, measured) for endpoint in endpoints)
    return tuple(line for line in lines if line is not None)


def _line(name: str, endpoint: str, measured: Measured) -> AlbumLine | None:
    plan = measured.plan
    hypothesis, over = _trend_over(name, endpoint, measured)
    together = response_by_albums({each: plan.suite.sweeps[each] for each in over}, measured)
    together = together[together["endpoint"] == endpoint]
    mine = together[together["sweep"] == name]
    if mine["level"].nunique() < MIN_LEVELS:
        return None
    users = [float(plan.experiments[experiment].load.users) for experiment in together["experiment"]]
    try:
        model = fit_album_model(
            together["level"].tolist(), together["mean_ms"].tolist(), users if len(set(users)) > 1 else None
        )
    except ValueError:
        return None
    own_users = plan.experiments[str(mine["experiment"].iloc[0])].load.users
    return AlbumLine(
        endpoint=endpoint,
        users=own_users,
        a_ms=_at_no_albums(model, own_users),
        b_us=Bounded(value=1000 * model.b.value, low=_scaled(model.b.low), high=_scaled(model.b.high)),
        hypothesis=hypothesis,
        lowest=float(mine["level"].min()),
        highest=float(mine["level"].max()),
    )


def response_by_albums(sweeps: Mapping[str, Sweep], measured: Measured) -> pd.DataFrame:
    """Pair response times with the levels of sweeps over `server.albums`, in the runs that count.

    Columns experiment, sweep, endpoint, level, mean_ms: one row per run and endpoint with a successful request.
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


def _counts(measured: Measured, run: RunKey) -> bool:
    """Whether a run counts, and its store held albums: a server of another kind may not say."""
    albums = measured.windows[run].albums
    return measured.counts(run) and albums is not None and sum(albums) > 0


def _trend_over(name: str, endpoint: str, measured: Measured) -> tuple[str | None, Sequence[str]]:
    """Find the first hypothesis about the mean response of a sweep's endpoint, and the sweeps it takes together."""
    for hypothesis, each in measured.plan.suite.hypotheses.items():
        trend = each.trend
        if trend is not None and trend.metric == "mean" and trend.endpoint == endpoint and name in trend.over:
            return hypothesis, trend.over
    return None, (name,)


def _at_no_albums(model: AlbumModel, users: int) -> float:
    return model.a.value + (0.0 if model.c is None else users * model.c.value)


def _scaled(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else 1000 * milliseconds
