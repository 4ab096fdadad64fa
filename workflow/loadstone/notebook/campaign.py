"""A campaign in a notebook: each of its results as a pandas table, read when you ask for it.

    import loadstone

    campaign = loadstone.open("results")
    campaign.summary().query("endpoint == 'all'")
    campaign.requests("fifty-users", 1, ["endpoint", "response_ms"])

Opening a campaign reads its plan and nothing else. Each method then reads its own files, anew with each call. Every
error is a `LoadstoneError` whose message is one line per file or name.

This module is longer than others since it describes the columns of each table where `help` shows them.
"""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import SupportsIndex

import orjson
import pandas as pd

from loadstone.errors import ResultError, SuiteError
from loadstone.notebook.frames import (
    LEVEL,
    add_levels,
    choose_columns,
    level_column,
    period,
    run_row,
    sweep_row,
    verdict_row,
)
from loadstone.plan.baselines import is_baseline
from loadstone.plan.file import read_plan
from loadstone.plan.schedule import Plan, Run
from loadstone.results.bounded import Bounded
from loadstone.results.campaign_folder import FINISH_FIRST, check_runs, find_results
from loadstone.results.integrity import check_requests, check_sums, open_parquet, reading
from loadstone.results.repeats import read_repeats
from loadstone.results.requests import end_times, in_window
from loadstone.results.run_record import RunRecord, read_record
from loadstone.results.scaling import read_scaling
from loadstone.results.summary import read_summary
from loadstone.results.tables import COLUMNS, read_run_tables
from loadstone.results.verdicts import read_verdicts
from loadstone.results.window import Window, read_window
from loadstone.text import listed, several, short


@dataclass(frozen=True, slots=True, repr=False)
class StoredCampaign:
    """A campaign, as `loadstone.open` returns it.

    Tables that have the columns `experiment` and `repeat` have `sweep` and `level` next to them: the sweep to which the
    experiment belongs, and the value of the sweep's factor. Both are empty outside sweeps. `level` is a column of
    numbers if all levels in it are numbers; otherwise each of its values is what the suite has.

    The names of columns state units: `_ms` is milliseconds, `_rps` is requests per second. Times of day are in unix
    seconds.
    """

    results: Path
    """Folder with the results."""
    plan: Plan
    """The suite with all settings, and its runs in order."""

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of the suite's experiments, levels of sweeps and probes included, baselines not."""
        return tuple(name for name in self.plan.experiments if not is_baseline(name))

    @property
    def sweeps(self) -> tuple[str, ...]:
        """Names of the suite's sweeps."""
        return tuple(self.plan.suite.sweeps)

    def runs(self) -> pd.DataFrame:
        """List all planned runs in the order of the plan, baselines included, with the settings of each.

        Columns:

        - experiment, repeat, sweep, level
        - kind: experiment, probe or baseline
        - measured: whether the run has been measured; if not, the next five columns are empty
        - started: when the load began, a time in UTC
        - window_begin, window_end: the part of the run that counts, unix seconds; empty if it is not summarised yet
        - requests: requests of the whole run, ramp-up and warm-up included
        - checks_ok: whether all checks of the run passed, such as the count of requests in three places
        - seed, duration, warm_up, server.workers, load.users, …: the settings, by their keys in the suite; times are
          in seconds

        Raises `ResultError` if the record or the window of a run is damaged, or is of another suite.
        """
        rows = [run_row(run, *self._record_and_window(run)) for run in self.plan.runs]
        table = pd.DataFrame(rows)
        started = pd.to_datetime(table["started"], unit="s", utc=True)
        return add_levels(self.plan.suite, table.assign(started=started))

    def requests(
        self,
        experiment: str,
        repeat: SupportsIndex,
        columns: str | Sequence[str] | None = None,
        *,
        window_only: bool = False,
    ) -> pd.DataFrame:
        """Read the requests of a run, one row per request, roughly in the order of time.

        `columns` names the columns to read; without it, all are read. Only these are read from the file: a run of a
        million requests has tens of megabytes, and two of its columns have a few. With `window_only`, only requests
        that count are returned, which are those that ended in the run's window; figures of other tables are about them.

        Columns:

        - time: when the request was sent, unix seconds
        - endpoint: such as GET /albums
        - user: number of the user, unique in the run
        - worker: number of the Locust worker process
        - response_ms: time from sending to the last byte
        - server_ms: time inside the server, from its Server-Timing header; empty without one
        - bytes: length of the body
        - status: HTTP status, 0 where no response came
        - error: kind of failure; empty if the request succeeded
        - intended: when the request was due, unix seconds; empty in closed loads

        Raises `SuiteError` if there is no such experiment, repeat or column, and `ResultError` if the run has not been
        measured, is of another suite, or is damaged.
        """
        run = self._run(experiment, repeat)
        folder = self._folder("runs", run)
        path = folder / "requests.parquet"
        for file in (path, folder / "run.json"):
            self._require(file, f"{run.label} has not been measured")
        check_requests(read_record(folder / "run.json", run), path)
        with reading(path), open_parquet(path) as file:
            names = choose_columns(path, file.schema_arrow.names, columns)
            of_window = ("time", "response_ms") if window_only else ()
            table = file.read(columns=list(dict.fromkeys((*names, *of_window))))
        if window_only:
            window = self._folder("summaries", run) / "window.json"
            self._require(window, f"{run.label} has not been summarised")
            table = table.filter(in_window(end_times(table), read_window(window).span))
        frame: pd.DataFrame = table.select(names).to_pandas()
        return frame

    def summary(self) -> pd.DataFrame:
        """Read the figures of each run by endpoint: one row per run for all endpoints together, and one per endpoint.

        It is `summary.csv`. Select `endpoint == "all"` before you sum up or average: the rows of single endpoints count
        the same requests again.

        Columns: experiment, repeat, sweep, level, and those of `loadstone.results.tables.ENDPOINT_COLUMNS`: endpoint,
        requests, failures, throughput_rps, goodput_rps, mean_ms, p50_ms to p99_9_ms, max_ms, server_ms, bytes_mean,
        service_ms, lag_ms, late, failure_kinds.

        Raises `ResultError` if the file is missing, damaged or of another suite.
        """
        path = self._require(self.results / "summary.csv")
        table = read_summary(path)
        keys = zip(table["experiment"], table["repeat"], strict=True)
        check_runs(path, self.plan, {(str(name), int(repeat)) for name, repeat in keys})
        return add_levels(self.plan.suite, table)

    def means(self) -> pd.DataFrame:
        """Read the geometric mean of each figure over an experiment's repeats, with its 95 % interval.

        Runs that do not count, see `verdicts`, are left out of means.

        Columns:

        - experiment, sweep, level
        - metric: throughput_rps, goodput_rps, mean_ms, p50_ms, p90_ms, p95_ms, p99_ms or p99_9_ms
        - runs: number of runs that count
        - value: the mean, in the unit of the metric
        - low, high: ends of the 95 % interval, with the run as the unit; empty below four runs, or if a run has 0 (the
          mean is then the arithmetic one): `summary` has the runs themselves

        Raises `ResultError` if the file is missing, damaged or of another suite.
        """
        path = self._require(self.results / "repeats.json")
        check_sums([self.results], (path.name,))
        of_experiments = read_repeats(path).experiments
        self._check_names(path, of_experiments)
        rows = [
            {"experiment": name, "metric": metric, "runs": repeats.runs, **dict(interval)}
            for name, repeats in of_experiments.items()
            for metric, interval in repeats.intervals.items()
        ]
        columns = ["experiment", "metric", "runs", *Bounded.model_fields]
        table = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(Bounded.model_fields, float))
        return add_levels(self.plan.suite, table)

    def verdicts(self) -> pd.DataFrame:
        """Read what limited the throughput of each run, with the signals that show it.

        Columns:

        - experiment, repeat, sweep, level
        - verdict: what limited the run's throughput, such as users' pauses or server's CPU
        - parties: the same, or the two or more of several limits, joined by commas
        - counts: whether means take the run in
        - experiment_verdict: what the experiment's runs agree on
        - runner_up: the next nearest to its limit, with its figure
        - remark: a caution; often empty
        - next_measurement: the measurement that would settle the verdict
        - u_think, u_server, u_slot, u_gen, u_host, X/ceiling, …: the signals in the verdict's evidence; shares from 0
          to 1, other units as in the report; empty for a run in which a signal was not measured

        Raises `ResultError` if the file is missing, damaged or of another suite.
        """
        path = self._require(self.results / "verdicts.json")
        check_sums([self.results], (path.name,))
        verdicts = read_verdicts(path)
        check_runs(path, self.plan, verdicts.by_run.keys())
        self._check_names(path, verdicts.experiments)
        rows = [verdict_row(run, verdicts.experiments[run.experiment].verdict) for run in verdicts.runs]
        return add_levels(self.plan.suite, pd.DataFrame(rows))

    def scaling(self, sweep: str) -> pd.DataFrame:
        """Read a sweep, one row per level in the order of the suite.

        Columns:

        - level, experiment
        - verdict: what limited throughput at this level
        - runs: number of runs that count
        - goodput_rps, goodput_low, goodput_high: mean of successful requests per second, with its 95 % interval
        - mean_ms, mean_low, mean_high: mean response time, with its 95 % interval
        - speedup, speedup_low, speedup_high: goodput over that of the first level, with its 95 % interval

        Means are geometric. Figures are empty where no request succeeded, intervals of means below four runs. Raises
        `SuiteError` if there is no such sweep, and `ResultError` if the file is missing, damaged or of another suite.
        """
        if sweep not in self.plan.suite.sweeps:
            raise SuiteError(f"{self.results}: no sweep {short(sweep)}; sweeps: {listed(self.sweeps) or 'none'}")
        path = self._require(self.results / "scaling.json")
        check_sums([self.results], (path.name,))
        result = read_scaling(path).get(sweep)
        levels = result.levels if result else ()
        planned = self.plan.suite.sweeps[sweep].levels
        if [level.experiment for level in levels] != [level.experiment for level in planned]:
            raise ResultError(f"{path}: the levels of {sweep} are not those in plan.json: {FINISH_FIRST}")
        rows = [sweep_row(level) for level in levels]
        table = pd.DataFrame(rows)
        table.insert(0, LEVEL, level_column([level.value for level in planned]))
        return table

    def table(self, name: str) -> pd.DataFrame:
        """Read one of the tables that each run has, of all runs together.

        `name` is one of:

        - latency: quantiles of the response time by endpoint, for distributions
        - course: requests, failures and mean response time in each second of the run
        - heat: how often each response time occurred over time, of runs of a minute or more
        - processes: CPU and memory of each process
        - endpoints: the rows of `summary`

        The columns experiment, repeat, sweep and level come first; `loadstone.results.tables` describes the others.
        Raises `SuiteError` if there is no such table, and `ResultError` if the table of a run is missing or damaged.
        """
        if name not in COLUMNS:
            raise SuiteError(f"no table {short(name)}; tables: {listed(COLUMNS)}")
        folders = [self._folder("summaries", run) for run in self.plan.runs]
        for folder, run in zip(folders, self.plan.runs, strict=True):
            self._require(folder / f"{name}.csv", f"{run.label} has not been summarised")
        check_sums(folders, (f"{name}.csv",))
        return add_levels(self.plan.suite, read_run_tables(self.plan, self.results / "summaries", name))

    def __repr__(self) -> str:
        """Show where the campaign is, what it has, and when it was measured."""
        own = self.experiments
        starts = [start for run in self.plan.runs if (start := self._start(run)) is not None]
        lines = [
            f"Loadstone campaign in {self.results}",
            f"  {several(len(own), 'experiment')}: {listed(own)}",
            *(f"  sweep {name} of {sweep.vary}: {several(len(sweep.levels), 'level')}"
              for name, sweep in self.plan.suite.sweeps.items()),
            f"  {len(starts)} of {several(len(self.plan.runs), 'run')} measured" + period(starts),
        ]  # fmt: skip
        return "\n".join(lines)

    def _folder(self, part: str, run: Run) -> Path:
        return self.results / part / run.experiment / str(run.repeat)

    def _run(self, experiment: str, repeat: SupportsIndex) -> Run:
        runs = {run.repeat: run for run in self.plan.runs if run.experiment == experiment}
        if not runs:
            names = listed(self.plan.experiments)
            raise SuiteError(f"{self.results}: no experiment {short(experiment)}; experiments: {names}")
        try:
            return runs[operator.index(repeat)]
        except (TypeError, KeyError):
            allowed = listed([str(number) for number in sorted(runs)])
            raise SuiteError(f"{self.results}: {experiment}: no repeat {short(repeat)}; repeats: {allowed}") from None

    def _record_and_window(self, run: Run) -> tuple[RunRecord | None, Window | None]:
        record, window = self._folder("runs", run) / "run.json", self._folder("summaries", run) / "window.json"
        return (
            read_record(record, run) if record.exists() else None,
            read_window(window) if window.exists() else None,
        )

    def _start(self, run: Run) -> float | None:
        """Find when a run's load began; None if it has not been measured, or if its record is damaged."""
        try:
            content = orjson.loads((self._folder("runs", run) / "run.json").read_bytes())
            return float(content["phases"]["load_started"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _require(self, path: Path, why: str = "not analysed yet") -> Path:
        if not path.exists():
            raise ResultError(f"{path}: no such file: {why}; {FINISH_FIRST}")
        return path

    def _check_names(self, path: Path, names: Mapping[str, object]) -> None:
        if missing := [name for name in self.plan.experiments if name not in names]:
            raise ResultError(f"{path}: nothing about {listed(missing)}: {FINISH_FIRST}")


def open_campaign(folder: str | PathLike[str]) -> StoredCampaign:
    """Open a campaign: its results folder, or the folder around it. Only its plan is read.

    Raises `SuiteError` if the folder has no results, `DamagedError` if the plan is damaged.
    """
    results = find_results(Path(folder).expanduser())
    return StoredCampaign(results, read_plan(results / "plan.json"))
