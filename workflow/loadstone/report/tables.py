"""The figures behind the page's tables and charts: pure functions of a campaign."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loadstone.analyse.requests import ALL
from loadstone.analyse.scaling import amdahl
from loadstone.report.data import Campaign

GET, GET_ONE, POST = "GET /albums", "GET /albums/<id>", "POST /albums"
ENDPOINTS = (GET, GET_ONE, POST)


@dataclass(frozen=True, slots=True)
class Compared:
    """One published figure beside ours."""

    published: float
    ours: list[float]
    """One value a repeat."""

    @property
    def mean(self) -> float:
        """Mean of the repeats."""
        return float(np.mean(self.ours)) if self.ours else float("nan")

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.mean / self.published if self.published else float("nan")


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One row of the published table and the experiment that repeats it."""

    row: str
    experiment: str
    users: int
    user: str
    workers: int
    throughput: Compared
    get_albums: Compared
    post_albums: Compared
    aggregated: Compared
    closed_loop: float
    """N / (Z + R), requests/s: what so many users can send at most, with the configured mean think time Z and the
    measured mean response time R (the interactive response time law; Denning & Buzen 1978)."""


def published_rows(campaign: Campaign) -> list[PublishedRow]:
    """Set the published table beside the experiments that repeat its rows."""
    wanted = campaign.plan.suite.published
    if wanted is None or campaign.published is None:
        return []
    figures = {row["row"]: row for row in campaign.published.to_dict("records")}
    return [
        _published_row(campaign, figures, wanted.rows[experiment], experiment)
        for experiment in campaign.experiments
        if wanted.rows.get(experiment) in figures
    ]


def _published_row(
    campaign: Campaign, figures: Mapping[str, Mapping[Hashable, Any]], row: str, experiment: str
) -> PublishedRow:
    load = campaign.plan.suite.experiments[experiment].load
    theirs = figures[row]

    def compare(column: str, endpoint: str, ours: str) -> Compared:
        values = runs_of(campaign, experiment, endpoint)[ours].dropna().tolist()
        return Compared(float(theirs[column]), values)

    aggregated = compare("aggregated_avg_ms", ALL, "mean_ms")
    return PublishedRow(
        row=row,
        experiment=experiment,
        users=load.users,
        user=load.user,
        workers=load.workers,
        throughput=compare("rps", ALL, "throughput_rps"),
        get_albums=compare("get_albums_avg_ms", GET, "mean_ms"),
        post_albums=compare("post_albums_avg_ms", POST, "mean_ms"),
        aggregated=aggregated,
        closed_loop=load.users / (load.mean_think_time_s + aggregated.mean / 1000),
    )


def runs_of(campaign: Campaign, experiment: str, endpoint: str) -> pd.DataFrame:
    """Pick the rows of one experiment and endpoint, one a repeat."""
    table = campaign.summary
    return table[(table["experiment"] == experiment) & (table["endpoint"] == endpoint)]


def response_statistics(campaign: Campaign) -> pd.DataFrame:
    """Lay mean and percentiles of all endpoints together in rows: experiment, repeat, statistic, ms."""
    names = {"mean_ms": "mean", "p95_ms": "95th percentile", "p99_ms": "99th percentile"}
    together = campaign.summary[campaign.summary["endpoint"] == ALL].rename(columns=names)
    return together.melt(["experiment", "repeat"], list(names.values()), "statistic", "ms").dropna()


def by_albums(campaign: Campaign) -> pd.DataFrame:
    """Pair response times with album counts in sweeps over `server.albums`.

    Columns store, repeat, endpoint, level (configured), albums (mean of both ends of the window), mean_ms.
    """
    counts = {(r.run.experiment, r.run.repeat): r.albums for r in campaign.records}

    def rows() -> Iterator[tuple[object, ...]]:
        for sweep in campaign.plan.suite.sweeps.values():
            for level in sweep.levels if sweep.vary == "server.albums" else ():
                store = campaign.plan.suite.experiments[level.experiment].server.store
                mine = campaign.summary[campaign.summary["experiment"] == level.experiment]
                for run in mine[mine["endpoint"] != ALL].itertuples():
                    found = counts[level.experiment, int(str(run.repeat))]
                    albums = (found.window_begin + found.window_end) / 2
                    yield store, run.repeat, run.endpoint, level.value, albums, run.mean_ms

    return pd.DataFrame(rows(), columns=["store", "repeat", "endpoint", "level", "albums", "mean_ms"])


def cpu_by_role(campaign: Campaign) -> pd.DataFrame:
    """Add up CPUs by role, mean over repeats: experiment, role, cpu."""
    processes = campaign.processes[campaign.processes["role"] != "host"]
    of_run = processes.groupby(["experiment", "repeat", "role"], as_index=False)["cpu"].sum()
    means: pd.DataFrame = of_run.groupby(["experiment", "role"], as_index=False)["cpu"].mean()
    return means


def scaling_curve(parameters: dict[str, float], levels: list[float]) -> pd.DataFrame:
    """Draw the fitted law and linear scaling from its X₁: level, throughput_rps, law."""
    at = np.linspace(min(levels), max(levels), 60)
    fitted = [amdahl(n, parameters["x1"], parameters["sigma"]) for n in at]
    linear = [parameters["x1"] * n for n in at if parameters["x1"] * n <= 1.5 * max(fitted)]
    return pd.concat(
        [
            pd.DataFrame({"level": at, "throughput_rps": fitted, "law": "Amdahl"}),
            pd.DataFrame({"level": at[: len(linear)], "throughput_rps": linear, "law": "linear"}),
        ]
    )
