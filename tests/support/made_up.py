"""Made-up campaigns: each run behaves as a test says, all files are written, and the analysis is the real one."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from loadstone.analyse.stage import AnalysisFiles, analyse_campaign
from loadstone.plan.schedule import Plan, Run, make_plan
from loadstone.report.campaign import Campaign, load_campaign
from loadstone.results.run_record import Check, write_record
from loadstone.results.signals import Signals
from loadstone.results.tables import ENDPOINT_COLUMNS, HEAT_COLUMNS, LATENCY_COLUMNS, PROCESS_COLUMNS
from loadstone.results.window import Window
from loadstone.suite.load import load_suite
from loadstone.summarise.requests import LATENCY_PROBABILITIES
from loadstone.theory.scaling import amdahl
from tests.support.example_signals import EAGER, IDLE
from tests.support.records import make_record

LOAD_STARTED = 1_800_000_000.0
ENDPOINTS = ("all", "GET /albums", "GET /albums/<id>", "POST /albums")

Made = dict[str, Any]
"""What a run was like: signals that differ from EAGER's, and what they do not hold: `window`, `check`, `heat`,
`endpoints` (names) and `record` (fields of run.json)."""
NO_HEAT = pd.DataFrame(columns=HEAT_COLUMNS)
Behaviour = Callable[[Run, np.random.Generator], Made]
Make = Callable[..., Campaign]


def make_campaign(folder: Path, text: str, behaviour: Behaviour, published: str | None = None) -> Campaign:
    """Make up a campaign: every run behaves as told, all files are written, the analysis is the real one."""
    table = None
    if published is not None:
        table = folder / "published.csv"
        table.write_text(published, encoding="utf-8")
    suite = folder / "suite.yaml"
    suite.write_text(text, encoding="utf-8")
    plan = make_plan(load_suite(suite))
    results = folder / "results"
    rng = np.random.default_rng(8)
    for number, run in enumerate(plan.runs):
        write_run(results, run, number, EAGER | behaviour(run, rng))
    analyse(plan, results, table)
    return load_campaign(plan, results, table)


def write_run(results: Path, run: Run, number: int, made: Made) -> None:
    """Write all files of one run."""
    began = LOAD_STARTED + 60 * number
    window = {
        "begin": began + 10, "end": began + 20, "configured_begin": began + 10, "settled": True, "remark": None,
        "started": began, "albums_begin": 100, "albums_end": 100, "growth_effect_ms": None, "growth_effect_p": None,
    } | made.get("window", {})  # fmt: skip
    record = make_record(load_started=began, window=(window["configured_begin"], window["end"]))
    checks = [Check(name="requests", ok=made.get("check", True), figure="100 = 100")]
    signals = Signals(**{key: value for key, value in made.items() if key in Signals.model_fields})
    part = f"{run.experiment}/{run.repeat}"
    for folder in ("runs", "summaries"):
        (results / folder / part).mkdir(parents=True)
    write_record(
        record.model_copy(update={"run": run, "checks": checks} | made.get("record", {})),
        results / "runs" / part / "run.json",
    )
    summaries = results / "summaries" / part
    (summaries / "window.json").write_text(Window(**window).model_dump_json(), encoding="utf-8")
    (summaries / "signals.json").write_text(signals.model_dump_json(), encoding="utf-8")
    for name, rows in (
        tables(run, signals, made.get("endpoints", ENDPOINTS)) | {"heat": made.get("heat", NO_HEAT)}
    ).items():
        rows.to_csv(summaries / f"{name}.csv", index=False)


def tables(run: Run, s: Signals, endpoints: Sequence[str] = ENDPOINTS) -> dict[str, pd.DataFrame]:
    """Lay out the tables of one run as its signals would have them."""
    goodput = s.throughput * (1 - (s.failures or 0) / (s.requests or 1))
    mean = 1000 * s.response_s if goodput else math.nan
    known = {
        "requests": s.requests, "failures": s.failures, "throughput_rps": s.throughput, "goodput_rps": goodput,
        "failure_kinds": "", "mean_ms": mean,
    }  # fmt: skip
    percentiles = {name: 2 * mean for name in ENDPOINT_COLUMNS if name.endswith("_ms") and name not in known}
    row = dict.fromkeys(ENDPOINT_COLUMNS, 1.0) | percentiles | known
    used = [("server-worker", s.server_cpu), *(("load-worker", cpu) for cpu in s.generator_cpu or ())]
    processes = [
        dict.fromkeys(PROCESS_COLUMNS, 0.0)
        | {"role": role, "pid": pid, "cpu": cpu, "voluntary_per_s": 3 * s.throughput, "involuntary_per_s": s.throughput}
        for pid, (role, cpu) in enumerate(used)
    ]
    times = [(p, mean * (0.5 + p)) for p in LATENCY_PROBABILITIES] if goodput else []
    latency = [(name, p, ms, None, None, ms / (2 if s.behind_schedule else 1)) for name in endpoints for p, ms in times]
    course = [(second, round(s.throughput), 0, mean) for second in range(22)]
    return {
        "endpoints": pd.DataFrame([row | {"endpoint": name} for name in endpoints]),
        "processes": pd.DataFrame(processes, columns=list(PROCESS_COLUMNS)),
        "latency": pd.DataFrame(latency, columns=LATENCY_COLUMNS),
        "course": pd.DataFrame(course, columns=["second", "requests", "failures", "mean_ms"]),
    }


def analyse(plan: Plan, results: Path, published: Path | None = None) -> None:
    """Analyse a campaign as the stage does, into the files of its results."""
    analyse_campaign(plan, results / "summaries", published).write(
        AnalysisFiles(
            summary=results / "summary.csv",
            verdicts=results / "verdicts.json",
            scaling=results / "scaling.json",
            repeats=results / "repeats.json",
            hypotheses=results / "hypotheses.json",
        )
    )


def steady(run: Run, rng: np.random.Generator) -> Made:
    """Behave the same in every run, but for a little noise; nothing is at its limit."""
    rps = 1000 * float(rng.lognormal(0, 0.003))
    return {"throughput": rps, "response_s": 50 / rps}


def scaled(run: Run, rng: np.random.Generator) -> Made:
    """Behave like a CPU-bound server with a serial fraction of 5 % on a machine with CPUs to spare."""
    rps = float(amdahl(run.server.workers, 400.0, 0.05) * rng.lognormal(0, 0.005))
    return {
        "throughput": rps, "response_s": 50 / rps, "server_workers": run.server.workers, "server_cores": 8.0,
        "server_cpu": 0.97 * run.server.workers, "host_busy": 0.4, "generator_ceiling": None,
    }  # fmt: skip


WORKERS = """
baselines: false
defaults: {repeats: 3, server: {store: sqlite}}
sweeps: {w: {vary: server.workers, values: [1, 2, 4, 6], fit: [amdahl, usl]}}
"""


PUBLISHED = """\
row,users,duration_s,requests,rps,get_albums_avg_ms,post_albums_avg_ms,aggregated_avg_ms
"Fifty, <alone>",50,180,5223,32.7,7.12,2.37,4.45
Four workers,50,180,117,0.7,9.42,2.74,5.33
"""
REPEATING = """
baselines: false
defaults: {repeats: 2, load: {think_time: [1, 2]}}
experiments: {fifty: {}, alone: {load: {users: 1, spawn_rate: 1}}, eager: {load: {think_time: 0}}}
published: {table: published.csv, rows: {fifty: "Fifty, <alone>", alone: Four workers}}
"""


def thinking(run: Run, rng: np.random.Generator) -> Made:
    """Behave like users who wait 1.5 seconds, and like eager ones where there is no think time."""
    if run.load.mean_think_time_s == 0:
        return steady(run, rng)
    return IDLE | {"users": float(run.load.users), "throughput": run.load.users / 1.505}
