"""A made-up campaign of the default suite: the same experiments, sweeps, hypotheses and published rows."""

from pathlib import Path

import numpy as np

from loadstone.plan.schedule import Run
from loadstone.report.campaign import Campaign
from tests.conftest import ROOT
from tests.support.made_up import Made, make_campaign, thinking

SUITE = ROOT / "config" / "config.yaml"


def behave(run: Run, rng: np.random.Generator) -> Made:
    """Behave like users who pause where they do, and otherwise like a server that is faster with more workers."""
    if run.experiment.startswith(("unloaded@", "ceiling@")):
        return {"throughput": 4000.0, "response_s": 0.001, "users": 1.0, "generator_cpu": [0.97]}
    if run.load.mean_think_time_s > 0:
        return thinking(run, rng)
    rps = 1500.0 * run.server.workers**0.8 * float(rng.lognormal(0, 0.01))
    workers = run.server.workers
    return {
        "throughput": rps, "response_s": 50 / rps, "server_workers": workers, "server_cores": 8.0,
        "server_cpu": 0.97 * workers, "host_busy": 0.6, "generator_ceiling": None,
        "generator_cpu": [0.5] * run.load.workers,
    }  # fmt: skip


def make_default(folder: Path) -> Campaign:
    """Make up the campaign in a folder."""
    published = (SUITE.parent / "published.csv").read_text(encoding="utf-8")
    return make_campaign(folder, SUITE.read_text(encoding="utf-8"), behave, published)
