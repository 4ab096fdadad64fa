"""Made-up files of a campaign that goes on, as far as the live view reads them."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from loadstone.live.past_runs import RUN_FILES
from loadstone.live.plan_source import find_plan
from loadstone.live.snapshot import Snapshot, take_snapshot
from loadstone.plan.schedule import Plan, Run, make_plan
from loadstone.results.failed import FAILED_JSON, FailedRun, write_failed_run
from loadstone.results.live import LIVE_JSON, LiveStatus, write_live_status
from loadstone.results.run_record import write_record
from loadstone.suite.load import load_suite
from loadstone.suite.settings import OVERHEAD_S
from tests.support.records import make_record

NOW = 1_800_000_000.0
TEXT = (
    "baselines: false\n"
    "defaults: {duration: 10s, warm_up: 1s, repeats: 2, load: {users: 10, spawn_rate: 10, workers: 2}}\n"
    "experiments: {a: {}, b: {}}\n"
)
SEARCH = "capacity: {most: {base: a, slo: p95 < 50ms, rates: [10, 100]}}\n"
EXPECTED_S = OVERHEAD_S + 1 + 1 + 10

Write = Callable[[str], Path]


def see(results: Path, suite: Path | None, now: float = NOW, *, alive: bool = True) -> Snapshot:
    return take_snapshot(results, find_plan(suite, {}, results), now, lambda _: alive)


def plan_of(suite: Path) -> Plan:
    return make_plan(load_suite(suite))


def states(snapshot: Snapshot) -> list[str]:
    """List the runs' states in the plan's order."""
    return [item.state for item in snapshot.items]


def finish(results: Path, run: Run, began: float, took_s: float = EXPECTED_S) -> None:
    """Write a result as `loadstone measure` does, as far as the live view reads it."""
    record = make_record(load_started=began, window=(began + 4, began + 14))
    ended = record.state_after.model_copy(update={"time": began + took_s - 1})
    folder = results / "runs" / run.experiment / str(run.repeat)
    folder.mkdir(parents=True)
    write_record(record.model_copy(update={"run": run, "state_after": ended}), folder / "run.json")
    for name in RUN_FILES[1:]:
        (folder / name).touch()
    os.utime(folder / "run.json", (began + took_s, began + took_s))


def log_of(results: Path, run: Run, *lines: str) -> Path:
    log = results / "logs" / run.experiment / f"{run.repeat}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return log


def break_off(results: Path, run: Run, error: str, when: float) -> Path:
    """Write what a broken run leaves: its log, and what it had recorded."""
    kept = results / "failed" / run.experiment / str(run.repeat)
    log_of(results, run, f"12:00:00 {run.label}: window", f"{run.label}: {error}; kept for inspection: {kept}")
    kept.mkdir(parents=True)
    failed = FailedRun(sentence=error, phase="window", time=when, times={}, requests=0, run=run)
    write_failed_run(failed, kept / FAILED_JSON)
    return kept


def stop(results: Path, run: Run, when: float) -> None:
    """Write what a stopped run leaves: its log."""
    log = log_of(results, run, f"12:00:00 {run.label}: window", f"{run.label}: stopped by SIGINT")
    os.utime(log, (when, when))


def begin(results: Path, run: Run, now: float, *, folder: str | None = None, **values: object) -> Path:
    """Write what a run has written five seconds into its window."""
    began = now - 10
    status = LiveStatus(
        pid=4711,
        run=run,
        time=now - 0.5,
        began=began,
        phase="window",
        phase_began=now - 5,
        times={"window_begin": now - 5},
        requests=400,
        failures=3,
        rates=((now - 1.5, 80.0), (now - 0.5, 120.0)),
        cpu={"server-worker": 0.5, "host": 1.5},
        cores=2,
    ).model_copy(update=values)
    scratch = results / (folder or f"runs/{run.experiment}/.{run.repeat}.measuring-4711")
    scratch.mkdir(parents=True)
    write_live_status(status, scratch / LIVE_JSON)
    return scratch


def row(ended: float, ms: float, failed: bool = False) -> list[object]:
    """Write a request as the recorder does for a live view."""
    return [ended, ms, failed]


def record(scratch: Path, worker: int, rows: list[list[object]]) -> None:
    (scratch / f"worker-{worker}.records.recent").write_bytes(orjson.dumps(rows))


def snakemake_log(results: Path, when: float, command: str, **jobs: int) -> None:
    """Write a log as Snakemake 9 does, up to the start of the first job."""
    name = time.strftime("%Y-%m-%dT%H%M%S", time.localtime(when))
    table = "".join(f"{job:<12}{count:>8}\n" for job, count in jobs.items())
    text = (
        f"Assuming unrestricted shared filesystem usage.\n\nSNAKEMAKE\n=========\n  Command: {command}\n\n"
        f"Building DAG of jobs...\nJob stats:\njob             count\n---------  -------\n{table}"
        f"total {sum(jobs.values())}\n\nSelect jobs to execute...\n"
    )
    log = results.parent / ".snakemake" / "log" / f"{name}.123456.snakemake.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text, encoding="utf-8")
