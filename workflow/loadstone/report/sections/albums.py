"""Response times over the number of albums, with the fitted straight lines a + b·n."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import pandas as pd

from loadstone import text
from loadstone.report.campaign import GET, GET_ONE, POST, Campaign
from loadstone.report.charts.albums import response_by_albums
from loadstone.report.charts.shared import Chart
from loadstone.report.doubts import Doubts, marked
from loadstone.report.section import Section, drawn
from loadstone.results.bounded import Bounded
from loadstone.results.scaling import AlbumLine
from loadstone.suite.hypotheses import ALL
from loadstone.suite.model import Sweep
from loadstone.suite.settings import GunicornServer, Server
from loadstone.theory.linear_model import find_miss

FACTOR = "server.albums"
LINE_POINTS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """A line through the runs of one sweep and endpoint: a + b·n, n albums."""

    series: str
    endpoint: str
    a_ms: float
    b_us: Bounded
    """Change of the mean response time per album, µs; it may be negative."""
    whose: str
    """The hypothesis whose fit it is, or `least squares`."""
    lowest: float
    highest: float
    miss: str = ""
    """Where it misses its runs twofold, and is not drawn; empty for a line that does not."""


def _sweeps(campaign: Campaign) -> dict[str, Sweep]:
    return {name: sweep for name, sweep in campaign.plan.suite.sweeps.items() if sweep.vary == FACTOR}


def _series(campaign: Campaign) -> dict[str, str]:
    """Name the sweeps by how they differ: store and users, or their own name where these are the same."""
    first = {name: sweep.levels[0].experiment for name, sweep in _sweeps(campaign).items()}
    known = {name: campaign.plan.experiments[experiment] for name, experiment in first.items()}
    called = {name: f"{_store(s.server)}, {text.several(s.load.users, 'user')}" for name, s in known.items()}
    taken = list(called.values())
    return {name: label if taken.count(label) == 1 else name for name, label in called.items()}


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


def growth_sentence(campaign: Campaign) -> str:
    """State the largest growth of a store inside a window, over the runs that `by_albums` shows; empty if unknown."""
    shown = {level.experiment for sweep in _sweeps(campaign).values() for level in sweep.levels}
    known = [window.growth for (name, _), window in campaign.windows.items() if name in shown and window.albums]
    if not known:
        return ""
    largest = max(known)
    grew = f"grew by at most {text.percent(largest)}" if largest > 0 else "did not grow"
    return f"Inside the windows of these runs, the store {grew}."


def line_rows(campaign: Campaign) -> list[LineRow]:
    """List the lines through the album sweeps, by endpoint."""
    series, measured = _series(campaign), by_albums(campaign)
    rows = [
        LineRow(
            series=series[name],
            endpoint=line.endpoint,
            a_ms=line.a_ms,
            b_us=line.b_us,
            whose=f"as in hypothesis {line.hypothesis}" if line.hypothesis else "least squares",
            lowest=line.lowest,
            highest=line.highest,
            miss=_missed(campaign, line, measured[measured["series"] == series[name]]),
        )
        for name in series
        for line in campaign.scaling[name].album_lines
    ]
    return sorted(rows, key=lambda row: row.endpoint)


def _missed(campaign: Campaign, line: AlbumLine, measured: pd.DataFrame) -> str:
    """State where a line misses the runs that count twofold."""
    mine = measured[measured["endpoint"] == line.endpoint]
    runs = zip(mine["experiment"], mine["repeat"], strict=True)
    counting = mine[[(str(name), int(repeat)) in campaign.verdicts.counting for name, repeat in runs]]
    levels = counting["level"].tolist()
    fitted = [line.a_ms + (line.b_us.value or 0.0) * level / 1000 for level in levels]
    miss = find_miss(levels, counting["mean_ms"].tolist(), fitted)
    if miss is None:
        return ""
    at, mean = (f"{text.figure(ms)} ms" for ms in (miss.fitted, miss.mean))
    return f"fits no straight line: at {text.several(round(miss.x), 'album')} it is at {at}, and {mean} was measured"


def line_points(lines: Sequence[LineRow], measured: pd.DataFrame) -> pd.DataFrame:
    """Lay the lines out in points: series, endpoint, albums, mean_ms. A line that misses its runs is not drawn.

    On a logarithmic axis a line that goes below 0 has no end: it is drawn down to half of the lowest mean measured.
    """
    lowest = measured.groupby("endpoint")["mean_ms"].min().to_dict() if len(measured) else {}
    rows = [
        (line.series, line.endpoint, albums, mean_ms)
        for line in lines
        if not line.miss
        for albums in np.geomspace(max(1.0, line.lowest), line.highest, LINE_POINTS).tolist()
        if (mean_ms := line.a_ms + (line.b_us.value or 0.0) * albums / 1000) > lowest[line.endpoint] / 2
    ]
    return pd.DataFrame(rows, columns=["series", "endpoint", "albums", "mean_ms"])


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumsView:
    """What the section shows."""

    charts: list[str]
    lines: list[LineRow]
    growth: str
    """How much the stores of these runs grew, in a sentence."""


def section(campaign: Campaign, doubts: Doubts) -> Section | None:
    """Response times over the number of albums, in the sweeps in which that is the factor."""
    table, rows = by_albums(campaign), line_rows(campaign)
    points, lines = marked(table, doubts).drop(columns="level"), line_points(rows, table)
    names = sorted(set(table["series"]))
    charts: dict[str, Chart | None] = {}
    for number, endpoint in enumerate((GET, GET_ONE, POST)):
        mine, fitted = (part[part["endpoint"] == endpoint].drop(columns="endpoint") for part in (points, lines))
        charts[f"albums-{number}"] = response_by_albums(mine, fitted, endpoint, names)
    shown = drawn(charts)
    if not shown:
        return None
    view = AlbumsView(charts=list(shown), lines=rows, growth=growth_sentence(campaign))
    return Section(anchor="albums", title="Scaling: response against album count", view=view, charts=shown)
