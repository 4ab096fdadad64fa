"""Metrics as hypotheses name them: one number per run, from the runs whose figures can be used."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import pandas as pd
from scipy import stats

from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.results.tables import PERCENTILES, RunKey
from loadstone.results.verdicts import CampaignVerdicts
from loadstone.suite.hypotheses import ALL
from loadstone.suite.verdict import Verdict
from loadstone.text import listed, short
from loadstone.theory.intervals import Interval

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
    """There are too few figures to judge a hypothesis; the message says why."""


@dataclass(frozen=True, slots=True)
class MetricValues:
    """A metric in the runs of one experiment."""

    values: dict[int, float]
    """Repeat → value, in the runs that can be used."""
    left_out: dict[int, str]
    """Repeat → why it is left out, in the other runs."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of a campaign, by the names that hypotheses use."""

    measured: MeasuredCampaign
    processes: pd.DataFrame
    """Experiment × repeat × process, as `summarise` wrote it."""
    verdicts: CampaignVerdicts

    def blocks(self, experiments: Collection[str]) -> int:
        """Return the number of blocks that all of these experiments are in: repeat r of each belongs to block r."""
        last = dict.fromkeys(experiments, 0)
        for name, repeat in self.verdicts.by_run:
            if name in last:
                last[name] = max(last[name], repeat)
        return min(last.values())

    def values_of(self, experiment: str, metric: str, endpoint: str, blocks: float = math.inf) -> MetricValues:
        """Collect a metric over an experiment's runs, leaving out runs whose figures cannot be used.

        Only the first `blocks` repeats count. The share of failures is taken from runs with too many errors as well.
        Raises `NotJudgeable` where half of the runs or more are left out.
        """
        usable = (Verdict.ERRORS,) if metric == FAILURES else ()
        self._check_endpoint(experiment, endpoint)
        measured = self._measured_values(experiment, metric, endpoint)
        values: dict[int, float] = {}
        left_out: dict[int, str] = {}
        for (name, repeat), run in sorted(self.verdicts.by_run.items()):
            if name != experiment or repeat > blocks:
                continue
            verdict, value = run.verdict, measured.get(repeat, math.nan)
            if not verdict.is_sound and verdict not in usable:
                left_out[repeat] = verdict
            elif math.isnan(value):
                left_out[repeat] = self._why_unknown((name, repeat), metric, endpoint)
            else:
                values[repeat] = value
        if len(left_out) >= len(values):
            why = " and ".join(sorted(set(left_out.values())))
            count = f"{len(left_out)} of {len(left_out) + len(values)} runs"
            raise NotJudgeable(f"{count} of {experiment} cannot be used: {why}")
        return MetricValues(values, left_out)

    def _check_endpoint(self, experiment: str, endpoint: str) -> None:
        """Raise `NotJudgeable` for an endpoint that a load of unknown endpoints never requested."""
        table = self.measured.summary
        names = table[table["experiment"] == experiment]["endpoint"]
        known = [name for name in dict.fromkeys(names) if name != ALL]
        if self.measured.plan.experiments[experiment].load.mix is None and endpoint not in (ALL, *known):
            raise NotJudgeable(f"{short(endpoint)} was not requested in {experiment}; measured: {listed(known)}")

    def _measured_values(self, experiment: str, metric: str, endpoint: str) -> dict[int, float]:
        if metric.endswith("_per_request"):
            repeats = [repeat for name, repeat in self.measured.signals if name == experiment]
            return {repeat: self._per_request((experiment, repeat), metric) for repeat in repeats}
        rows = self._rows(experiment, endpoint)
        values = rows["failures"] / rows["requests"] if metric == FAILURES else rows[COLUMNS[metric]]
        return dict(zip(rows["repeat"].astype(int).tolist(), values.astype(float).tolist(), strict=True))

    def _why_unknown(self, run: RunKey, metric: str, endpoint: str) -> str:
        """State whether a metric was measured of too few requests, or not at all."""
        if (column := COLUMNS.get(metric)) in PERCENTILES:
            table = self.measured.summary
            row = (table["experiment"] == run[0]) & (table["repeat"] == run[1]) & (table["endpoint"] == endpoint)
            if table[row][column].notna().any():
                return f"too few requests for {metric}"
        return f"{metric} not measured"

    def _rows(self, experiment: str, endpoint: str) -> pd.DataFrame:
        return self.measured.rows(experiment, endpoint)

    def counts(self, experiment: str, endpoint: str, repeats: Collection[int]) -> tuple[float, float]:
        """Count the failures and the requests of some of an experiment's runs."""
        rows = self._rows(experiment, endpoint)
        rows = rows[rows["repeat"].isin(list(repeats))]
        return float(rows["failures"].sum()), float(rows["requests"].sum())

    def _per_request(self, run: RunKey, metric: str) -> float:
        """Divide what processes used per second by the throughput: the service demand law."""
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
        """Add up the load generator's context switches per second, voluntary and involuntary."""
        table = self.processes
        of_run = (table["experiment"] == run[0]) & (table["repeat"] == run[1]) & (table["role"] == GENERATOR)
        rows = table[of_run]
        return float(rows[["voluntary_per_s", "involuntary_per_s"]].to_numpy(float).sum()) if len(rows) else math.nan


def widen_by_counts(share: Interval, failures: float, requests: float, confidence: float) -> Interval:
    """Widen the interval of a share of failures by what the number of requests allows (Clopper & Pearson 1934).

    Runs without a failure don't scatter, but they prove no more than their number of requests can.
    """
    if share.low is None or share.high is None:
        return share
    tail = (1 - confidence) / 2
    low = stats.beta.ppf(tail, failures, requests - failures + 1) if failures else 0.0
    high = stats.beta.ppf(1 - tail, failures + 1, requests - failures) if failures < requests else 1.0
    return replace(share, low=max(0.0, min(share.low, float(low))), high=min(1.0, max(share.high, float(high))))
