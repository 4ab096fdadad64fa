"""The tables behind the charts: pure functions of a campaign."""

from collections.abc import Mapping

import pandas as pd

from loadstone.plan.baselines import is_baseline
from loadstone.report.data import Campaign
from loadstone.report.ladders import median_runs
from loadstone.suite.hypotheses import ALL

GET, GET_ONE, POST = "GET /albums", "GET /albums/<id>", "POST /albums"
ENDPOINTS = (GET, GET_ONE, POST)
STATISTICS = {"mean_ms": "mean", "p95_ms": "95th percentile", "p99_ms": "99th percentile"}
MAX_COURSE_SECONDS = 40_000
"""Seconds of all runs together up to which the page shows every run's course."""


def busiest(campaign: Campaign) -> str:
    """Name the first experiment that has as many users as any: a telling one to begin with."""
    users = {name: campaign.plan.experiments[name].load.users for name in campaign.experiments}
    return max(users, key=users.__getitem__)


def used_rows(campaign: Campaign, experiment: str, endpoint: str) -> pd.DataFrame:
    """Pick the rows of one experiment and endpoint that means are taken of, one a repeat."""
    table = campaign.summary
    used = [repeat for _, repeat in campaign.used_of(experiment)]
    return table[(table["experiment"] == experiment) & (table["endpoint"] == endpoint) & table["repeat"].isin(used)]


def throughput(campaign: Campaign) -> pd.DataFrame:
    """List the successful requests/s of all runs: experiment, repeat, goodput_rps."""
    table = campaign.summary
    found = table[(table["endpoint"] == ALL) & (table["goodput_rps"] > 0)]
    return found[["experiment", "repeat", "goodput_rps"]]


def throughput_means(campaign: Campaign) -> pd.DataFrame:
    """List the mean of each experiment's runs with its 95 % interval: experiment, value, low, high."""
    return _means(campaign, {"goodput_rps": ""}).drop(columns="statistic")


def response_means(campaign: Campaign) -> pd.DataFrame:
    """List the same of mean and percentiles: experiment, statistic, value, low, high."""
    return _means(campaign, STATISTICS)


def _means(campaign: Campaign, metrics: Mapping[str, str]) -> pd.DataFrame:
    """Take means over runs where there are two or more: one has no interval."""
    rows = [
        (name, statistic, found.value, found.low, found.high)
        for name in campaign.experiments
        for metric, statistic in metrics.items()
        if (found := campaign.interval_of(name, metric)) and found.low is not None
    ]
    return pd.DataFrame(rows, columns=["experiment", "statistic", "value", "low", "high"])


def heat(campaign: Campaign) -> pd.DataFrame:
    """Lay out the heat map of each long experiment's median run: experiment, second, until, low_ms, high_ms, rate."""
    chosen = pd.MultiIndex.from_tuples([*median_runs(campaign).values(), ("", 0)])
    table = campaign.heat
    mine = table[pd.MultiIndex.from_frame(table[["experiment", "repeat"]]).isin(chosen)]
    rate = mine["requests"] / (mine["until"] - mine["second"])
    return mine.assign(rate=rate).drop(columns=["repeat", "requests"])


def get_and_post(campaign: Campaign) -> pd.DataFrame:
    """List the mean response of two endpoints: experiment, repeat, endpoint, mean_ms."""
    table = campaign.summary
    return table[table["endpoint"].isin([GET, POST])][["experiment", "repeat", "endpoint", "mean_ms"]].dropna()


def response_statistics(campaign: Campaign) -> pd.DataFrame:
    """Lay mean and percentiles of all endpoints together in rows: experiment, repeat, statistic, ms."""
    together = campaign.summary[campaign.summary["endpoint"] == ALL].rename(columns=STATISTICS)
    return together.melt(["experiment", "repeat"], list(STATISTICS.values()), "statistic", "ms").dropna()


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

    Columns experiment, repeat, second, requests, mean_ms; and experiment, repeat, begin, end. The last second of a run
    is left out: it is not whole. Where there are too many, those of the median runs alone are taken.
    """
    seconds = campaign.course[["experiment", "repeat", "second", "requests", "mean_ms"]]
    last = seconds.groupby(["experiment", "repeat"])["second"].transform("max")
    shown = seconds[seconds["second"] < last]
    began = {(r.run.experiment, r.run.repeat): r.phases.load_started for r in campaign.records}
    keys = [key for key in began if not is_baseline(key[0])]
    if is_thinned(campaign):
        medians = median_runs(campaign)
        keys = [medians.get(name) or campaign.runs_of(name)[0] for name in campaign.experiments]
        shown = shown[pd.MultiIndex.from_frame(shown[["experiment", "repeat"]]).isin(keys)]
    windows = [(*key, *(round(moment - began[key], 2) for moment in campaign.windows[key].span)) for key in keys]
    return shown, pd.DataFrame(windows, columns=["experiment", "repeat", "begin", "end"])


def is_thinned(campaign: Campaign) -> bool:
    """Whether the runs' courses are too much for a page."""
    return len(campaign.course) > MAX_COURSE_SECONDS
