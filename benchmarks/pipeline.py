"""What the pipeline costs: summarising requests, a run beyond its own length, Snakemake with nothing to do."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loadstone.plan.schedule import make_plan
from loadstone.results.requests import REQUEST_SCHEMA
from loadstone.suite.load import load_suite
from loadstone.summarise.patterns import read_patterns
from loadstone.summarise.requests import summarise_requests

ROWS = 4_000_000
ENDPOINTS = ("GET /albums", "GET /albums/<id>", "POST /albums")
RUNS = 100
SUMMARY_FILES = (
    "endpoints.csv", "latency.csv", "course.csv", "heat.csv", "processes.csv", "timeline.csv", "window.json",
    "signals.json", "SHA256SUMS",
)  # fmt: skip
CAMPAIGN_FILES = (
    "results/plan.json", "results/summary.csv", "results/scaling.json", "results/verdicts.json", "results/repeats.json",
    "results/hypotheses.json", "results/SHA256SUMS", "report/index.html",
)  # fmt: skip
RUN_FILES = (
    "requests.parquet", "processes.parquet", "threads.parquet", "sockets.parquet", "run.json", "locust_stats.csv",
    "locust_stats_history.csv", "locust_failures.csv", "locust_exceptions.csv",
)  # fmt: skip


MIN_REQUESTS_PER_SECOND = 2e6
MAX_OVERHEAD_S = 1.5
MAX_NOTHING_TO_DO_S = 3.0


def mark(ok: bool) -> str:
    """Write whether a figure meets its target."""
    return "ok   " if ok else "MISS "


def time_summarise() -> None:
    """Summarise four million made-up requests."""
    rng = np.random.default_rng(1)
    columns = {
        "time": np.sort(rng.uniform(0, 100, ROWS)),
        "endpoint": pa.DictionaryArray.from_arrays(rng.integers(0, 3, ROWS, np.int32), list(ENDPOINTS)),
        "user": rng.integers(0, 50, ROWS),
        "worker": rng.integers(0, 4, ROWS),
        "response_ms": rng.lognormal(1, 0.5, ROWS),
        "server_ms": rng.lognormal(0, 0.5, ROWS),
        "bytes": rng.integers(60, 600, ROWS),
        "status": np.full(ROWS, 200),
        "error": pa.nulls(ROWS, REQUEST_SCHEMA.field("error").type),
        "intended": pa.nulls(ROWS, REQUEST_SCHEMA.field("intended").type),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "requests.parquet")
        arrays = [pa.array(columns[field.name]).cast(field.type) for field in REQUEST_SCHEMA]
        pq.write_table(pa.Table.from_arrays(arrays, schema=REQUEST_SCHEMA), path, row_group_size=250_000)
        began = time.perf_counter()
        summary = summarise_requests(path, (1.0, 99.0), 0.0)
        rate = ROWS / (time.perf_counter() - began)
        began = time.perf_counter()
        [found] = read_patterns(path, [(1.0, 99.0)], summary.latency)
        found.rhythm.signals(constant=True)
        pattern_rate = ROWS / (time.perf_counter() - began)
    if summary.endpoints["requests"].iloc[0] < 0.9 * ROWS:
        raise RuntimeError("requests are missing from the summary")
    target = f"at least {MIN_REQUESTS_PER_SECOND / 1e6:g}"
    print(
        f"{mark(rate >= MIN_REQUESTS_PER_SECOND)}  summarise: {rate / 1e6:.1f} million requests/s, {target}", flush=True
    )
    text = f"rhythm and fairness: {pattern_rate / 1e6:.1f} million requests/s, {target}"
    print(f"{mark(pattern_rate >= MIN_REQUESTS_PER_SECOND)}  {text}", flush=True)


def time_run() -> None:
    """Measure one short run, and compare its wall-clock time with its own length."""
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder, "suite.yaml")
        suite.write_text(
            "baselines: false\ndefaults: {duration: 3s, warm_up: 1s, repeats: 1}\n"
            "experiments: {a: {load: {spawn_rate: 50, think_time: 0, workers: 2}}}",
            encoding="utf-8",
        )
        [run] = make_plan(load_suite(suite)).runs
        command = [sys.executable, "-m", "loadstone", "measure", "--run", run.model_dump_json()]
        command += ["--into", f"{folder}/run", "--log", f"{folder}/log", "--failed", f"{folder}/failed"]
        began = time.perf_counter()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        overhead_s = time.perf_counter() - began - run.warm_up - run.duration
    text = f"one run, beyond ramp-up, warm-up and window: {overhead_s:.2f} s, at most {MAX_OVERHEAD_S:g}"
    print(f"{mark(overhead_s <= MAX_OVERHEAD_S)}  {text}", flush=True)


def time_nothing_to_do() -> None:
    """Time Snakemake on a campaign whose hundred runs are all measured."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        suite = folder / "suite.yaml"
        experiments = ", ".join(f"e{n}: {{}}" for n in range(RUNS))
        suite.write_text(
            f"baselines: false\ndefaults: {{repeats: 1}}\nexperiments: {{{experiments}}}", encoding="utf-8"
        )
        for n in range(RUNS):
            (folder / f"results/runs/e{n}/1/logs").mkdir(parents=True)
            (folder / f"results/summaries/e{n}/1").mkdir(parents=True)
            for file in RUN_FILES:
                (folder / f"results/runs/e{n}/1" / file).touch()
        (folder / "report").mkdir()
        for n in range(RUNS):
            for file in SUMMARY_FILES:
                (folder / f"results/summaries/e{n}/1" / file).touch()
        for file in CAMPAIGN_FILES:
            (folder / file).touch()
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(Path("Snakefile").absolute())]
        command += ["--directory", name, "--cores", "2", "--config", f"suite={suite}"]
        began = time.perf_counter()
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - began
    if "Nothing to be done" not in answer.stderr:
        raise RuntimeError("there was something to do")
    text = f"snakemake with nothing to do, {RUNS} runs: {seconds:.1f} s, at most {MAX_NOTHING_TO_DO_S:g}"
    print(f"{mark(seconds <= MAX_NOTHING_TO_DO_S)}  {text}", flush=True)


def main() -> None:
    """Print one line per benchmark."""
    time_summarise()
    time_run()
    time_nothing_to_do()


if __name__ == "__main__":
    main()
