"""Response times over the number of albums, with the straight lines a + b·n that were fitted to them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import pandas as pd

from loadstone.report import numbers
from loadstone.report.data import Campaign
from loadstone.report.estimates import Estimate
from loadstone.suite.hypotheses import ALL, Trend
from loadstone.suite.model import Sweep
from loadstone.suite.settings import GunicornServer, Server
from loadstone.theory.linear_model import LinearModel, fit_linear_model

FACTOR = "server.albums"
LINE_POINTS = 24
MIN_LEVELS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumLine:
    """A line through the runs of one sweep and endpoint: a + b·n, n albums."""

    series: str
    endpoint: str
    a_ms: float
    b_us: Estimate
    """Change of the mean response with each album, µs; it may be negative."""
    whose: str
    """The hypothesis whose fit it is, or that it is a least-squares line of its own."""
    lowest: float
    highest: float


def _sweeps(campaign: Campaign) -> dict[str, Sweep]:
    return {name: sweep for name, sweep in campaign.plan.suite.sweeps.items() if sweep.vary == FACTOR}


def _series(campaign: Campaign) -> dict[str, str]:
    """Name the sweeps by what sets them apart: store and users, or their own name where that isn't enough."""
    first = {name: sweep.levels[0].experiment for name, sweep in _sweeps(campaign).items()}
    known = {name: campaign.plan.experiments[experiment] for name, experiment in first.items()}
    called = {name: f"{_store(s.server)}, {numbers.several(s.load.users, 'user')}" for name, s in known.items()}
    taken = list(called.values())
    return {name: text if taken.count(text) == 1 else name for name, text in called.items()}


def _store(server: Server) -> str:
    return server.store if isinstance(server, GunicornServer) else server.url


def by_albums(campaign: Campaign) -> pd.DataFrame:
    """Pair response times with album counts in sweeps over `server.albums`.

    Columns experiment, repeat, series, endpoint, level (configured), albums (mean of both ends of the window), mean_ms.
    """
    series = _series(campaign)
    levels = {
        level.experiment: (series[name], float(str(level.value)))
        for name, sweep in _sweeps(campaign).items()
        for level in sweep.levels
    }
    table = campaign.summary
    mine = table[table["experiment"].isin(list(levels)) & (table["endpoint"] != ALL)]

    def rows() -> Iterator[tuple[object, ...]]:
        for run in mine.itertuples():
            name, repeat = str(run.experiment), int(str(run.repeat))
            window = campaign.windows[name, repeat]
            albums = fmean((window.albums_begin or 0, window.albums_end or 0))
            yield name, repeat, levels[name][0], run.endpoint, levels[name][1], albums, run.mean_ms

    columns = ["experiment", "repeat", "series", "endpoint", "level", "albums", "mean_ms"]
    found = pd.DataFrame(rows(), columns=columns).dropna()
    return found[found["albums"] > 0]  # the axis is logarithmic


def growth(campaign: Campaign) -> float:
    """Largest relative growth of the store inside a window, over the runs that `by_albums` shows."""
    shown = {level.experiment for sweep in _sweeps(campaign).values() for level in sweep.levels}
    return max((window.growth for (name, _), window in campaign.windows.items() if name in shown), default=0.0)


def album_lines(campaign: Campaign, table: pd.DataFrame) -> list[AlbumLine]:
    """Fit a line to each sweep and endpoint: that of a hypothesis about it, or a least-squares line of its own."""
    if table.empty:
        return []
    used = {key for name in {*table["experiment"]} for key in campaign.used_of(name)}
    sound = table[[(name, repeat) in used for name, repeat in zip(table["experiment"], table["repeat"], strict=True)]]
    series = _series(campaign)
    lines = []
    for endpoint in sorted(set(sound["endpoint"])):
        of_endpoint = sound[sound["endpoint"] == endpoint]
        trends = _trends(campaign, endpoint)
        for name in _sweeps(campaign):
            mine = of_endpoint[of_endpoint["series"] == series[name]]
            claim, over = next(
                ((claim, trend.over) for claim, trend in trends.items() if name in trend.over), ("", [name])
            )
            line = _line(
                campaign, mine, of_endpoint[of_endpoint["series"].isin([series[each] for each in over])], claim
            )
            if line is not None:
                lines.append(line)
    return lines


def _trends(campaign: Campaign, endpoint: str) -> dict[str, Trend]:
    found = campaign.plan.suite.hypotheses.items()
    known = {name: each.trend for name, each in found if each.trend is not None}
    return {name: trend for name, trend in known.items() if trend.metric == "mean" and trend.endpoint == endpoint}


def _line(campaign: Campaign, mine: pd.DataFrame, together: pd.DataFrame, claim: str) -> AlbumLine | None:
    """Fit `together` (one sweep, or several that differ in users) and take the line that runs through `mine`."""
    if mine["level"].nunique() < MIN_LEVELS:
        return None
    users = [float(campaign.plan.experiments[name].load.users) for name in together["experiment"]]
    crossed = len(set(users)) > 1
    try:
        model = fit_linear_model(together["level"].tolist(), together["mean_ms"].tolist(), users if crossed else None)
    except ValueError:
        return None
    name = str(mine["experiment"].iloc[0])
    return AlbumLine(
        series=str(mine["series"].iloc[0]),
        endpoint=str(mine["endpoint"].iloc[0]),
        a_ms=_at_no_albums(model, campaign.plan.experiments[name].load.users),
        b_us=Estimate(value=1000 * model.b.value, low=_scaled(model.b.low), high=_scaled(model.b.high)),
        whose=f"as in hypothesis {claim}" if claim else "least squares",
        lowest=float(mine["level"].min()),
        highest=float(mine["level"].max()),
    )


def _at_no_albums(model: LinearModel, users: int) -> float:
    return model.a.value + (0.0 if model.c is None else users * model.c.value)


def _scaled(value: float | None) -> float | None:
    return None if value is None else 1000 * value


def drawn(lines: Sequence[AlbumLine], measured: pd.DataFrame) -> pd.DataFrame:
    """Lay the lines out in points: series, endpoint, albums, mean_ms.

    On a logarithmic axis a line that goes below 0 has no end: it is drawn down to half of the lowest mean measured.
    """
    lowest = measured.groupby("endpoint")["mean_ms"].min().to_dict() if len(measured) else {}
    rows = [
        (line.series, line.endpoint, albums, mean_ms)
        for line in lines
        for albums in np.geomspace(max(1.0, line.lowest), line.highest, LINE_POINTS).tolist()
        if (mean_ms := line.a_ms + line.b_us.value * albums / 1000) > lowest[line.endpoint] / 2
    ]
    return pd.DataFrame(rows, columns=["series", "endpoint", "albums", "mean_ms"])
