"""How large the page gets with the number of runs; `python -m tests.unit.report.test_size 300 3000` measures it."""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from loadstone.plan.schedule import Run, make_plan
from loadstone.report.campaign import load_campaign
from loadstone.report.page import render
from loadstone.suite.load import load_suite
from tests.support.example_signals import EAGER
from tests.support.made_up import Made, Make, analyse, write_run

REPEATS = 3
MAX_BYTES_PER_RUN = 13_000
"""Of the page, beyond what it takes by itself: 5 MB for 300 runs."""


def suite(runs: int) -> str:
    """Write a suite of so many runs: half of it experiments, half levels of sweeps."""
    half = runs // (2 * REPEATS)
    experiments = ", ".join(f"experiment-{n}: {{server: {{threads: {1 + n % 16}}}}}" for n in range(half))
    sweeps = ", ".join(
        f"sweep-{n}: {{vary: load.users, values: {list(range(10, 10 + min(10, half - 10 * n)))}, "
        "load: {spawn_rate: 10}}"
        for n in range((half + 9) // 10)
    )
    return f"baselines: false\ndefaults: {{repeats: {REPEATS}}}\nexperiments: {{{experiments}}}\nsweeps: {{{sweeps}}}\n"


def noisy(run: Run, rng: np.random.Generator) -> Made:
    """Behave like nothing in particular, every run another."""
    rps = float(rng.lognormal(5, 1))
    users = float(run.load.users)
    cpus = rng.uniform(0.1, 0.8, 2).tolist()
    return {"users": users, "throughput": rps, "response_s": users / rps, "generator_cpu": cpus}


@pytest.mark.slow
def test_page_grows_by_little_with_each_run(make: Make) -> None:
    sizes = {}
    for runs in (12, 48):
        text = suite(runs).replace("experiment-", f"of-{runs}-").replace("sweep-", f"s-{runs}-")
        sizes[runs] = len(render(make(text, noisy)))
    assert (sizes[48] - sizes[12]) / 36 < MAX_BYTES_PER_RUN


def measure(runs: int) -> None:
    """Make up a campaign and tell what its page takes."""
    with tempfile.TemporaryDirectory() as folder:
        path, results = Path(folder, "suite.yaml"), Path(folder, "results")
        path.write_text(suite(runs), encoding="utf-8")
        plan = make_plan(load_suite(path))
        rng = np.random.default_rng(8)
        for number, run in enumerate(plan.runs):
            write_run(results, run, number, EAGER | noisy(run, rng))
        analyse(plan, results)
        began = time.perf_counter()
        campaign = load_campaign(plan, results, None)
        read = time.perf_counter() - began
        page = render(campaign)
        took = time.perf_counter() - began
    print(f"{len(plan.runs)} runs: {len(page.encode()) / 1e6:.2f} MB in {took:.1f} s, {read:.1f} s of it reading")


if __name__ == "__main__":
    for number in sys.argv[1:]:
        measure(int(number))
