"""In a long run at full speed, the measuring processes do not grow and no request is lost.

`LOADSTONE_SOAK_MINUTES` sets the window's length. The default is half an hour; two minutes are enough to try the test.
"""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest
from scipy.stats import theilslopes

from loadstone.plan.schedule import Run
from loadstone.results.run_record import read_record
from tests.conftest import processes_of, wait_for

MINUTES = float(os.environ.get("LOADSTONE_SOAK_MINUTES", "30"))
SUITE = f"""\
baselines: false
defaults: {{duration: {60 * MINUTES:g}s, warm_up: 5s, repeats: 1}}
experiments:
  soak:
    server: {{store: dict, worker_class: gevent, threads: 1, albums_max: 3}}
    load: {{user: FastHttpUser, users: 20, spawn_rate: 20, think_time: 0}}
"""
WARM_UP = 0.2
"""Share of the window, from its begin, in which memory may still grow."""
MAX_GROWTH_MB = 1.0
"""MB per minute."""
MAX_MB = 1024
"""Of any process at any time, including the measuring process while it collects the records."""
SAMPLE_INTERVAL_S = 1.0
PARTS = {"recorder": "load-worker-0", "master": "load-master"}
"""Watched process, other than the measuring one → its name."""


def watch(process: "subprocess.Popen[str]", tmp_path: Path) -> pd.DataFrame:
    """Sample memory and open files of the watched processes until the run is over: time, part, mb, files."""
    watched = {"measuring": psutil.Process(process.pid)}
    for part, name in PARTS.items():
        wait_for(lambda name=name: find(tmp_path, name), 60, f"the start of the {part}")
        watched[part] = find(tmp_path, name)[0]
    rows = []
    while process.poll() is None:
        for part, known in watched.items():
            try:
                rows.append((time.time(), part, known.memory_info().rss / 1e6, known.num_fds()))
            except psutil.Error:  # it has ended
                continue
        time.sleep(SAMPLE_INTERVAL_S)
    return pd.DataFrame(rows, columns=["time", "part", "mb", "files"])


def find(tmp_path: Path, name: str) -> list[psutil.Process]:
    return [process for process in processes_of(tmp_path) if process.name() == name]


@pytest.mark.soak
@pytest.mark.timeout(60 * MINUTES + 900)
def test_nothing_grows_and_nothing_is_lost(
    first_run: Callable[[str], Run], start_measure: Callable[[Run], "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    process = start_measure(first_run(SUITE))
    samples = watch(process, tmp_path)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    folder = tmp_path / "runs" / "soak" / "1"
    record = read_record(folder / "run.json")

    counts = record.counts
    print(f"\n{MINUTES:g} minutes: {counts.recorded:,} requests, {counts.recorded / (60 * MINUTES):,.0f} per second")
    begin, end = record.window
    settled = samples[samples["time"].between(begin + WARM_UP * (end - begin), end)]
    grows, leaks = {}, {}
    for part, of_part in settled.groupby("part"):
        line = theilslopes(of_part["mb"], of_part["time"] / 60)
        quarter = len(of_part) // 4
        before, after = (int(of_part["files"].iloc[rows].median()) for rows in (slice(quarter), slice(-quarter, None)))
        peak = samples.loc[samples["part"] == part, "mb"].max()
        print(
            f"{part}: {of_part['mb'].median():.1f} MB, {line.slope:+.4f} MB per minute ({line.low_slope:+.4f} to "
            f"{line.high_slope:+.4f}), at most {peak:.0f} MB; {before} open files, then {after}"
        )
        grows[part], leaks[part] = line.slope, after - before
        assert peak < MAX_MB
    assert set(grows) == {"measuring", *PARTS}
    assert max(grows.values()) < MAX_GROWTH_MB
    assert max(leaks.values()) <= 0

    assert counts.recorded == counts.locust == counts.server
    assert pq.read_metadata(folder / "requests.parquet").num_rows == counts.recorded
    assert [check.name for check in record.checks if not check.ok] == []
