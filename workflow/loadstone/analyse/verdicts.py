"""The verdicts of a campaign: signals gathered from each run's tables, judged, and agreed upon by experiment."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from loadstone.analyse.bottleneck import MIXED, Signals, Verdict, judge
from loadstone.analyse.requests import ALL
from loadstone.analyse.steady import steady
from loadstone.analyse.thinking import Cycle
from loadstone.record import RunRecord

AGREEMENT = 0.80
"""Share of an experiment's runs that have to have one verdict for the experiment to have it."""


def signals_of(
    record: RunRecord, cycle: Cycle, endpoints: pd.DataFrame, course: pd.DataFrame, processes: pd.DataFrame
) -> Signals:
    """Gather what was measured of one run. What wasn't is None: the verdict names it as missing."""
    begin, end = (when - record.phases.load_started for when in record.window)
    whole_seconds = course[(course["second"] >= begin) & (course["second"] + 1 <= end)]
    together = endpoints[endpoints["endpoint"] == ALL].iloc[0]
    server = record.run.server
    cpu = {str(role): group["cpu"].dropna().tolist() for role, group in processes.groupby("role")}
    host = processes[processes["role"] == "host"]
    cores = record.machine.cores
    return Signals(
        users=float(record.run.load.users),
        throughput=cycle.throughput,
        response_s=_known(cycle.response_s) or 0.0,
        think_s=_known(cycle.think_s) or 0.0,
        failures=float(together["failures"]),
        requests=float(together["requests"]),
        server_workers=server.workers,
        server_threads=None if server.worker_class == "gevent" else server.threads,
        server_cores=float(cores),
        server_cpu=sum(cpu["server-worker"]) if cpu.get("server-worker") else None,
        server_seconds=_scaled(together["server_ms"], 1 / 1000),
        generator_cpu=cpu.get("load-worker") or None,
        host_busy=_share(host["cpu"], cores),
        host_steal=_share(host["steal"], cores),
        bytes_per_s=_scaled(together["bytes_mean"], together["goodput_rps"]),
        steady=steady(whole_seconds["requests"].tolist(), whole_seconds["mean_ms"].tolist()),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _scaled(value: float, factor: float) -> float | None:
    return None if math.isnan(value) else float(value * factor)


def _share(column: pd.Series, cores: int) -> float | None:
    values = column.dropna()
    return min(1.0, max(0.0, float(values.iloc[0]) / cores)) if len(values) else None


def verdicts_of(signals: dict[tuple[str, int], Signals]) -> dict[str, Any]:
    """Judge all runs, given by (experiment, repeat): the content of `verdicts.json`."""
    judged = {run: judge(found) for run, found in signals.items()}
    experiments: dict[str, list[Verdict]] = {}
    for (experiment, _), verdict in judged.items():
        experiments.setdefault(experiment, []).append(verdict)
    return {
        "experiments": {
            name: {
                "verdict": agree([verdict.verdict for verdict in verdicts]),
                "parties": sorted({party for verdict in verdicts for party in verdict.parties}),
                "runs": dict(Counter(verdict.verdict for verdict in verdicts)),
            }
            for name, verdicts in sorted(experiments.items())
        },
        "runs": [
            {"experiment": experiment, "repeat": repeat, **verdict_json(verdict)}
            for (experiment, repeat), verdict in sorted(judged.items())
        ],
    }


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Lay a verdict out for machines."""
    return {
        "verdict": verdict.verdict,
        "parties": list(verdict.parties),
        "also": verdict.also,
        "evidence": [asdict(evidence) for evidence in verdict.evidence],
        "runner_up": verdict.runner_up,
        "remark": verdict.remark,
        "probe": verdict.probe,
        "missing": list(verdict.missing),
    }


def agree(verdicts: Sequence[str]) -> str:
    """One verdict for the runs of an experiment: that of at least 80 % of them, else mixed."""
    verdict, count = Counter(verdicts).most_common(1)[0]
    return verdict if count >= AGREEMENT * len(verdicts) else MIXED
