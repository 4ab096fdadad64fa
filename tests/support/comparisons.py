"""Two made-up campaigns, and their comparison."""

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest

from loadstone.analyse.agreement import agree
from loadstone.cli.compare import compare_folders
from loadstone.compare.judge import compare_campaigns
from loadstone.compare.model import (
    METRICS,
    CampaignComparison,
    CampaignResults,
    ChangeFinding,
    ExperimentResult,
    RunResult,
)
from loadstone.compare.read_campaign import read_campaign
from loadstone.errors import LoadstoneError
from loadstone.plan.schedule import Plan, Run
from loadstone.results.campaign_folder import find_results
from loadstone.results.json_file import to_json
from loadstone.results.run_record import write_record
from loadstone.results.tables import ENDPOINT_COLUMNS
from loadstone.results.verdicts import CampaignVerdicts, ExperimentVerdict, Judgement, RunVerdict
from loadstone.suite.verdict import Verdict
from tests.support import commandline
from tests.support.records import make_record

SLOWER, FASTER, CANNOT_TELL, NO_CHANGE = ChangeFinding

SUITE = "baselines: false\ndefaults: {repeats: 3}\nexperiments: {steady: {}, other: {load: {users: 10}}}\n"
NOISE_SHARE = 0.01


Made = dict[str, Any]
"""What a run was like: `factor` on its throughput (latency goes the other way), and what differs from a sound run."""
Behave = Callable[[Run], Made]
Make = Callable[..., Path]


def alike(run: Run) -> Made:
    return {}


def write_campaign(
    results: Path,
    plan: Plan,
    made: dict[tuple[str, int], Made],
    *,
    machine: dict[str, Any] | None = None,
    source: dict[str, Any] | None = None,
) -> None:
    """Write the files that a comparison reads, under the names and with the fields that the workflow gives them."""
    number = sum(results.parent.name.encode())  # two campaigns have no run in common
    rng = np.random.default_rng(number)
    began = 1_800_000_000.0 + 1000 * number
    rows = []
    for run in plan.runs:
        like = made[run.experiment, run.repeat]
        record = make_record(load_started=began, window=(began + 10, began + 20))
        changed = {
            "run": run,
            "machine": record.machine.model_copy(update=machine or {}),
            "source": record.source.model_copy(update=source or {}),
        }
        folder = results / "runs" / run.experiment / str(run.repeat)
        folder.mkdir(parents=True)
        write_record(record.model_copy(update=changed), folder / "run.json")
        rows += [row(run, like, endpoint, rng) for endpoint in ("all", "GET /albums")]
    (results / "verdicts.json").write_bytes(verdicts(made))
    (results / "plan.json").write_text(plan.model_dump_json(), encoding="utf-8")
    pd.DataFrame(rows).to_csv(results / "summary.csv", index=False)


def row(run: Run, like: Made, endpoint: str, rng: np.random.Generator) -> dict[str, object]:
    """Lay out a row of summary.csv; those of one endpoint are far off, to be seen if they are taken."""
    factor = like.get("factor", 1.0) * (1 if endpoint == "all" else 7)
    level = {"mean_ms": 20.0, "p95_ms": 50.0, "p99_ms": 90.0}
    figures = {name: value / factor * rng.lognormal(0, NOISE_SHARE) for name, value in level.items()}
    figures["throughput_rps"] = 400.0 * factor * rng.lognormal(0, NOISE_SHARE)
    kinds = like.get("kinds", {})
    known = {
        "requests": 4000,
        "failures": sum(kinds.values()),
        "failure_kinds": orjson.dumps(kinds).decode() * bool(kinds),
    }
    values = dict.fromkeys(ENDPOINT_COLUMNS, 1.0) | figures | known | like.get("row", {})
    return {"experiment": run.experiment, "repeat": run.repeat, **values, "endpoint": endpoint}


def verdicts(made: dict[tuple[str, int], Made]) -> bytes:
    """Write `verdicts.json`."""
    runs = [
        RunVerdict.of(
            run,
            Judgement(
                verdict=Verdict(like.get("verdict", Verdict.SERVER_CPU)),
                parties=(),
                also=None,
                evidence=(),
                runner_up=None,
                remark=like.get("remark"),
                probe="",
                missing=(),
            ),
        )
        for run, like in made.items()
    ]
    names = {run.experiment for run in runs}
    by_name = {name: [run.verdict for run in runs if run.experiment == name] for name in names}
    experiments = {
        name: ExperimentVerdict(verdict=agree(of_runs), parties=(), runs=dict(Counter(of_runs)))
        for name, of_runs in by_name.items()
    }
    return to_json(CampaignVerdicts(experiments=experiments, runs=tuple(runs)))


def slower(run: Run) -> Made:
    return {"factor": 0.8} if run.experiment == "steady" else {}


def loadstone(*arguments: object) -> subprocess.CompletedProcess[str]:
    return commandline.loadstone("compare", *arguments)


def compared(before: Path, after: Path, margin: float = 0.05) -> CampaignComparison:
    return compare_campaigns(read_campaign(find_results(before)), read_campaign(find_results(after)), margin)


def findings(comparison: CampaignComparison) -> dict[str, list[ChangeFinding | None]]:
    return {c.experiment: [change.finding for change in c.metrics] for c in comparison.experiments}


def output(capsys: pytest.CaptureFixture[str], *folders: Path, **options: Any) -> str:
    """Run the command here; return its text without line breaks that aren't meant."""
    compare_folders(*folders, **options)
    return capsys.readouterr().out


def refusal(*folders: Path, **options: Any) -> LoadstoneError:
    """Run the command here; return what it refuses with, after making sure that it is one line."""
    with pytest.raises(LoadstoneError) as caught:
        compare_folders(*folders, **options)
    assert len(caught.value.lines) == 1
    return caught.value


def side(rng: np.random.Generator, factor: float = 1.0, runs: int = 3, sigma: float = NOISE_SHARE) -> CampaignResults:
    """Make up a campaign of one experiment without files."""
    made = [
        RunResult(
            repeat=n,
            verdict=Verdict.THINK_TIME,
            reason="",
            metrics={m: factor * rng.lognormal(3, sigma) for m in METRICS},
            requests=1000,
        )
        for n in range(1, runs + 1)
    ]
    return CampaignResults(
        experiments={"a": ExperimentResult(runs=tuple(made), verdict="users' pauses", parties=(), settings={})},
        suite={}, environment={},
    )  # fmt: skip
