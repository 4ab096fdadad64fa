"""Metrics of runs, as hypotheses name them: one number a run, of the runs whose numbers can be used."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import pandas as pd
from scipy import stats

from loadstone.analyse.campaign import Measured
from loadstone.results.tables import PERCENTILES, RunKey
from loadstone.results.verdicts import CampaignVerdicts
from loadstone.suite.verdict import Verdict
from loadstone.theory.intervals import CONFIDENCE, Interval

COLUMNS = {
    "throughput": "throughput_rps",
    "goodput": "goodput_rps",
    "mean": "mean_ms",
    **{name.removesuffix("_ms").replace("_", "."): name for name in PERCENTILES},
    "max": "max_ms",
    "server_time": "server_ms",
    "bytes": "bytes_mean",
}
"""Metric → its column in the table over all runs."""

FAILURES = "failures"
GENERATOR = "load-worker"


class NotJudgeable(Exception):
    """There is too little to go by; the text says why."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A metric in the runs of one experiment that can be used."""

    values: dict[int, float]
    """Repeat → value."""
    left_out: dict[int, str]
    """Repeat → why not."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of a campaign by the names that hypotheses use."""

    measured: Measured
    processes: pd.DataFrame
    """Experiment × repeat × process, as `summarise` left it."""
    verdicts: CampaignVerdicts

    def sample(self, experiment: str, metric: str, endpoint: str) -> Sample:
        """Take a metric of all runs of an experiment, those left out that are invalid or had too many errors.

        The share of failures is judged in runs with errors too. Raises `NotJudgeable` where most runs are left out.
        """
        unusable = (Verdict.INVALID,) if metric == FAILURES else (Verdict.INVALID, Verdict.ERRORS)
        known = self._values(experiment, metric, endpoint)
        values: dict[int, float] = {}
        left_out: dict[int, str] = {}
        for (name, repeat), run in sorted(self.verdicts.by_run.items()):
            if name != experiment:
                continue
            verdict, value = run.verdict, known.get(repeat, math.nan)
            if verdict in unusable:
                left_out[repeat] = verdict
            elif math.isnan(value):
                left_out[repeat] = f"{metric} not measured"
            else:
                values[repeat] = value
        if len(left_out) >= len(values):
            why = " and ".join(sorted(set(left_out.values())))
            count = f"{len(left_out)} of {len(left_out) + len(values)} runs"
            raise NotJudgeable(f"{count} of {experiment} can't be used: {why}")
        return Sample(values, left_out)

    def _values(self, experiment: str, metric: str, endpoint: str) -> dict[int, float]:
        if metric.endswith("_per_request"):
            repeats = [repeat for name, repeat in self.measured.signals if name == experiment]
            return {repeat: self._per_request((experiment, repeat), metric) for repeat in repeats}
        rows = self._rows(experiment, endpoint)
        found = rows["failures"] / rows["requests"] if metric == FAILURES else rows[COLUMNS[metric]]
        return dict(zip(rows["repeat"].astype(int).tolist(), found.astype(float).tolist(), strict=True))

    def _rows(self, experiment: str, endpoint: str) -> pd.DataFrame:
        table = self.measured.summary
        return table[(table["experiment"] == experiment) & (table["endpoint"] == endpoint)]

    def counted(self, share: Interval, experiment: str, endpoint: str, repeats: Collection[int]) -> Interval:
        """Widen the interval of a share of failures to what so few requests can tell (Clopper & Pearson 1934).

        Runs without a failure don't scatter, and yet prove no more than the number of their requests.
        """
        rows = self._rows(experiment, endpoint)
        rows = rows[rows["repeat"].isin(list(repeats))]
        failures, requests = float(rows["failures"].sum()), float(rows["requests"].sum())
        if share.low is None or share.high is None:
            return share
        tail = (1 - CONFIDENCE) / 2
        low = stats.beta.ppf(tail, failures, requests - failures + 1) if failures else 0.0
        high = stats.beta.ppf(1 - tail, failures + 1, requests - failures) if failures < requests else 1.0
        return replace(share, low=min(share.low, float(low)), high=max(share.high, float(high)))

    def _per_request(self, run: RunKey, metric: str) -> float:
        """Divide what the processes used a second by the throughput: the service demand law."""
        signals = self.measured.signals[run]
        if signals.throughput <= 0:
            return math.nan
        match metric:
            case "server_cpu_per_request":
                used = math.nan if signals.server_cpu is None else 1000 * signals.server_cpu
            case "generator_cpu_per_request":
                used = 1000 * sum(signals.generator_cpu) if signals.generator_cpu else math.nan
            case _:
                used = self._switches(run)
        return used / signals.throughput

    def _switches(self, run: RunKey) -> float:
        """Add up the generator's context switches a second, voluntary and not."""
        table = self.processes
        of_run = (table["experiment"] == run[0]) & (table["repeat"] == run[1]) & (table["role"] == GENERATOR)
        rows = table[of_run]
        return float(rows[["voluntary_per_s", "involuntary_per_s"]].to_numpy(float).sum()) if len(rows) else math.nan
