"""Collecting and summarising a run of twenty million requests takes no more memory than a small run."""

import os
import subprocess
import sys
import time
from pathlib import Path

import msgpack
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from loadstone.results.run_record import RequestCounts, write_record
from tests.support.records import make_record
from tests.support.synthetic import samples

LINES, ROWS_PER_LINE = 2_000, 10_000
"""One array per second, as a FastHttpUser worker at full speed writes it."""
BEGAN = 1_800_000_000.0
ROUTES = (("GET", "/albums"), ("GET", "/albums/<id>"), ("POST", "/albums"))
USERS = 20
MAX_MB = 640
"""Most of it holds the values near the quantiles."""


def write_records(path: Path) -> None:
    """Write records as a recorder does, of users without think time whose response times differ."""
    rng = np.random.default_rng(1)
    cycle_s = USERS / ROWS_PER_LINE
    with path.open("wb") as file:
        for second in range(LINES):
            sent = BEGAN + second + np.arange(ROWS_PER_LINE) / ROWS_PER_LINE
            response_ms = 1000 * cycle_s * rng.uniform(0.9, 0.99, ROWS_PER_LINE)
            rows = [
                (time, ms, *ROUTES[n % 3], n % USERS, 200, 76, "app;dur=0.250", None, None)
                for n, (time, ms) in enumerate(zip(sent.tolist(), response_ms.tolist(), strict=True))
            ]
            file.write(msgpack.packb(rows))


def cost(what: str, *command: str) -> None:
    """Run a command; print its time and memory, and fail if the memory is too much."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, *command])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    mb = used.ru_maxrss / 1024
    print(f"{what}: {time.monotonic() - began:.1f} s, at most {mb:.0f} MB", flush=True)
    assert process.returncode == 0
    assert mb < MAX_MB


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_twenty_million_requests(tmp_path: Path) -> None:
    records, requests = tmp_path / "worker-0.records", tmp_path / "requests.parquet"
    write_records(records)
    print(f"\n{LINES * ROWS_PER_LINE:,} requests")
    code = (
        "import sys; from pathlib import Path; from loadstone.measure.collect_requests import collect_requests; "
        "collect_requests([Path(sys.argv[1])], Path(sys.argv[2]))"
    )
    cost("collecting", "-c", code, str(records), str(requests))
    records.unlink()
    assert pq.read_metadata(requests).num_rows == LINES * ROWS_PER_LINE

    end = BEGAN + LINES
    pq.write_table(samples(BEGAN, end, np.random.default_rng(1)), tmp_path / "processes.parquet")
    record = make_record(load_started=BEGAN - 1, window=(BEGAN + 100, end - 0.5))
    load = record.run.load.model_copy(update={"users": USERS, "think_time": (0.0, 0.0)})
    run = record.run.model_copy(update={"load": load})
    counts = RequestCounts.model_validate(dict.fromkeys(("recorded", "locust", "server"), LINES * ROWS_PER_LINE))
    write_record(record.model_copy(update={"run": run, "counts": counts}), tmp_path / "run.json")
    files = {"requests": "requests.parquet", "processes": "processes.parquet", "record": "run.json"}
    options = [f"--{option}={tmp_path / file}" for option, file in files.items()]
    cost("summarising", "-m", "loadstone", "summarise", *options, f"--into={tmp_path}")
    summed_up = pd.read_csv(tmp_path / "endpoints.csv").set_index("endpoint")
    assert summed_up.loc["all", "throughput_rps"] == pytest.approx(ROWS_PER_LINE, rel=0.01)
