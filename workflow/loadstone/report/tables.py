"""The figures behind the page's tables and charts: pure functions of a campaign."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loadstone.analyse.intervals import Interval, mean_of_runs
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
    def interval(self) -> Interval | None:
        """Mean of the repeats with its 95 % interval; None without a run that has the figure."""
        return mean_of_runs(self.ours) if self.ours else None

    @property
    def mean(self) -> float:
        """Mean of the repeats."""
        return self.interval.value if self.interval else float("nan")

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
    stated_users: float
    """What the published table says, which may be wrong."""
    user: str
    workers: int
    throughput: Compared
    get_albums: Compared
    post_albums: Compared
    aggregated: Compared
    verdict: str
    closed_loop: float
    """N / (Z + R), requests/s: what so many users can send at most, with the configured mean think time Z and the
    measured mean response time R (the interactive response time law; Denning & Buzen 1978)."""


def published_rows(campaign: Campaign) -> list[PublishedRow]:
    """Set the published table beside the experiments that repeat its rows."""
    wanted = campaign.plan.suite.published
    rows = wanted.rows if wanted else {}
    return [_published_row(campaign, rows[name], name) for name in campaign.experiments if name in rows]


def _published_row(campaign: Campaign, row: str, experiment: str) -> PublishedRow:
    load = campaign.plan.suite.experiments[experiment].load
    theirs = campaign.published[row]

    def compare(column: str, endpoint: str, ours: str) -> Compared:
        values = runs_of(campaign, experiment, endpoint)[ours].dropna().tolist()
        return Compared(theirs[column], values)

    aggregated = compare("aggregated_avg_ms", ALL, "mean_ms")
    return PublishedRow(
        row=row,
        experiment=experiment,
        users=load.users,
        stated_users=theirs.get("users", float(load.users)),
        user=load.user,
        workers=load.workers,
        throughput=compare("rps", ALL, "throughput_rps"),
        get_albums=compare("get_albums_avg_ms", GET, "mean_ms"),
        post_albums=compare("post_albums_avg_ms", POST, "mean_ms"),
        aggregated=aggregated,
        verdict=campaign.verdicts["experiments"][experiment]["verdict"],
        closed_loop=load.users / (load.mean_think_time_s + aggregated.mean / 1000),
    )


def busiest(campaign: Campaign) -> str:
    """Name the first experiment that has as many users as any: a telling one to begin with."""
    users = {name: campaign.plan.suite.experiments[name].load.users for name in campaign.experiments}
    return max(users, key=users.__getitem__)


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


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """What bound one experiment, with the mean of its runs' figures."""

    experiment: str
    verdict: str
    parties: list[str]
    runs: dict[str, int]
    figures: dict[str, float]
    """Signal → mean over the runs that have it."""
    remarks: list[str]
    runner_up: str | None


SIGNALS = ("X·(R+Z)/N", "u_think", "u_server", "u_slot", "u_gen", "u_host")
"""Signals that the page lists, in this order."""


def verdict_rows(campaign: Campaign) -> list[VerdictRow]:
    """List the verdicts of all experiments, in the page's order."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for run in campaign.verdicts["runs"]:
        runs.setdefault(run["experiment"], []).append(run)
    return [_verdict_row(name, campaign.verdicts["experiments"][name], runs[name]) for name in campaign.experiments]


def _verdict_row(name: str, agreed: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> VerdictRow:
    values: dict[str, list[float]] = {}
    for run in runs:
        for evidence in run["evidence"]:
            values.setdefault(evidence["signal"], []).append(evidence["value"])
    return VerdictRow(
        experiment=name,
        verdict=agreed["verdict"],
        parties=agreed["parties"],
        runs=agreed["runs"],
        figures={signal: float(np.mean(found)) for signal, found in values.items()},
        remarks=sorted({run["remark"] for run in runs if run["remark"]}),
        runner_up=next((run["runner_up"] for run in runs if run["runner_up"]), None),
    )


def growth(campaign: Campaign) -> float:
    """Largest relative growth of the store inside a window, over the runs that `by_albums` shows."""
    shown = {
        level.experiment
        for sweep in campaign.plan.suite.sweeps.values()
        for level in sweep.levels
        if sweep.vary == "server.albums"
    }
    counts = [record.albums for record in campaign.records if record.run.experiment in shown]
    return max((c.window_end / max(1, c.window_begin) - 1 for c in counts), default=0.0)


def cpu_by_process(campaign: Campaign) -> pd.DataFrame:
    """List what every process used, the busiest of a role first: experiment, repeat, role, process (from 1), cpu."""
    processes = campaign.processes[campaign.processes["role"] != "host"].copy()
    rank = processes.groupby(["experiment", "repeat", "role"])["cpu"].rank(method="first", ascending=False)
    processes["process"] = rank.astype(int)
    return processes[["experiment", "repeat", "role", "process", "cpu"]]


def course(campaign: Campaign) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay out throughput second by second, and where the window lies, in seconds since the load began.

    Columns experiment, repeat, second, requests; and experiment, repeat, begin, end. The last second of a run is left
    out: it is not whole.
    """
    seconds = campaign.course[["experiment", "repeat", "second", "requests"]]
    last = seconds.groupby(["experiment", "repeat"])["second"].transform("max")
    windows = [
        (r.run.experiment, r.run.repeat, *(round(t - r.phases.load_started, 2) for t in r.window))
        for r in campaign.records
    ]
    return seconds[seconds["second"] < last], pd.DataFrame(windows, columns=["experiment", "repeat", "begin", "end"])


def bounds_of_levels(campaign: Campaign, sweep: str) -> list[tuple[str, str]]:
    """Pair each level of a sweep with what bound its experiment."""
    experiments = campaign.verdicts["experiments"]
    levels = campaign.plan.suite.sweeps[sweep].levels
    return [(str(level.value), experiments[level.experiment]["verdict"]) for level in levels]


def scaling_points(sweep: Mapping[str, Any]) -> pd.DataFrame:
    """List the runs of a sweep: level, repeat, goodput_rps, and speedup over the fitted X₁ where there is a fit."""
    points = pd.DataFrame(sweep["points"])[["level", "repeat", "goodput_rps"]]
    if sweep["parameters"]:
        points["speedup"] = points["goodput_rps"] / sweep["parameters"]["x1"]
    return points


def scaling_curve(parameters: Mapping[str, float], levels: Sequence[float]) -> pd.DataFrame:
    """Draw speed-up by the fitted law and in proportion: level, speedup, law."""
    at = np.linspace(min(levels), max(levels), 60)
    fitted = [amdahl(n, 1.0, parameters["sigma"]) for n in at]
    linear = [n for n in at if n <= 1.5 * max(fitted)]
    return pd.concat(
        [
            pd.DataFrame({"level": at, "speedup": fitted, "law": "Amdahl"}),
            pd.DataFrame({"level": linear, "speedup": linear, "law": "in proportion"}),
        ]
    )
