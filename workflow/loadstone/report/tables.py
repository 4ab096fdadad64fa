"""The tables behind the charts: pure functions of a campaign."""

from collections.abc import Iterator

import pandas as pd

from loadstone.analyse.requests import ALL
from loadstone.baselines import is_baseline
from loadstone.report.data import Campaign

GET, GET_ONE, POST = "GET /albums", "GET /albums/<id>", "POST /albums"
ENDPOINTS = (GET, GET_ONE, POST)


def busiest(campaign: Campaign) -> str:
    """Name the first experiment that has as many users as any: a telling one to begin with."""
    users = {name: campaign.plan.experiments[name].load.users for name in campaign.experiments}
    return max(users, key=users.__getitem__)


def runs_of(campaign: Campaign, experiment: str, endpoint: str) -> pd.DataFrame:
    """Pick the rows of one experiment and endpoint, one a repeat."""
    table = campaign.summary
    return table[(table["experiment"] == experiment) & (table["endpoint"] == endpoint)]


def throughput(campaign: Campaign) -> pd.DataFrame:
    """List the successful requests/s of all runs: experiment, repeat, goodput_rps."""
    table = campaign.summary
    found = table[(table["endpoint"] == ALL) & (table["goodput_rps"] > 0)]
    return found[["experiment", "repeat", "goodput_rps"]]


def get_and_post(campaign: Campaign) -> pd.DataFrame:
    """List the mean response of two endpoints: experiment, repeat, endpoint, mean_ms."""
    table = campaign.summary
    return table[table["endpoint"].isin([GET, POST])][["experiment", "repeat", "endpoint", "mean_ms"]].dropna()


def latency(campaign: Campaign) -> pd.DataFrame:
    """List the latency distributions: experiment, repeat, endpoint, probability, response_ms."""
    table = campaign.latency
    return table[table["endpoint"] != ALL]


def response_statistics(campaign: Campaign) -> pd.DataFrame:
    """Lay mean and percentiles of all endpoints together in rows: experiment, repeat, statistic, ms."""
    names = {"mean_ms": "mean", "p95_ms": "95th percentile", "p99_ms": "99th percentile"}
    together = campaign.summary[campaign.summary["endpoint"] == ALL].rename(columns=names)
    return together.melt(["experiment", "repeat"], list(names.values()), "statistic", "ms").dropna()


def album_sweeps(campaign: Campaign) -> list[str]:
    """Name the experiments of sweeps over the number of albums."""
    sweeps = campaign.plan.suite.sweeps.values()
    return [level.experiment for sweep in sweeps for level in sweep.levels if sweep.vary == "server.albums"]


def by_albums(campaign: Campaign) -> pd.DataFrame:
    """Pair response times with album counts in sweeps over `server.albums`.

    Columns experiment, repeat, store, endpoint, level (configured), albums (mean of both ends of the window), mean_ms.
    """

    def rows() -> Iterator[tuple[object, ...]]:
        for experiment in album_sweeps(campaign):
            server = campaign.plan.suite.experiments[experiment].server
            mine = campaign.summary[campaign.summary["experiment"] == experiment]
            for run in mine[mine["endpoint"] != ALL].itertuples():
                window = campaign.windows[experiment, int(str(run.repeat))]
                albums = (window.albums_begin + window.albums_end) / 2
                yield experiment, run.repeat, server.store, run.endpoint, server.albums, albums, run.mean_ms

    columns = ["experiment", "repeat", "store", "endpoint", "level", "albums", "mean_ms"]
    table = pd.DataFrame(rows(), columns=columns).dropna()
    return table[table["albums"] > 0]  # the axis is logarithmic


def growth(campaign: Campaign) -> float:
    """Largest relative growth of the store inside a window, over the runs that `by_albums` shows."""
    shown = set(album_sweeps(campaign))
    return max((window.growth for (name, _), window in campaign.windows.items() if name in shown), default=0.0)


def cpu_by_process(campaign: Campaign) -> pd.DataFrame:
    """List what every process used, the busiest of a role first: experiment, repeat, role, process (from 1), cpu."""
    table = campaign.processes
    own = ~table["experiment"].map(is_baseline).astype(bool)
    processes = table[own & (table["role"] != "host")].dropna(subset="cpu").copy()
    rank = processes.groupby(["experiment", "repeat", "role"])["cpu"].rank(method="first", ascending=False)
    processes["process"] = rank.astype(int)
    return processes[["experiment", "repeat", "role", "process", "cpu"]]


def course(campaign: Campaign) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay out throughput second by second, and the windows as found, in seconds since the load began.

    Columns experiment, repeat, second, requests; and experiment, repeat, begin, end. The last second of a run is left
    out: it is not whole.
    """
    seconds = campaign.course[["experiment", "repeat", "second", "requests"]]
    last = seconds.groupby(["experiment", "repeat"])["second"].transform("max")
    keys = [(r.run.experiment, r.run.repeat, r.phases.load_started) for r in campaign.records]
    windows = [
        (name, repeat, *(round(moment - began, 2) for moment in campaign.windows[name, repeat].span))
        for name, repeat, began in keys
        if not is_baseline(name)
    ]
    return seconds[seconds["second"] < last], pd.DataFrame(windows, columns=["experiment", "repeat", "begin", "end"])
