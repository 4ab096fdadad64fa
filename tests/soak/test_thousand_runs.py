"""What each stage takes for a made-up campaign of a thousand runs: seconds, and less than 1 GB of memory."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from loadstone.cli.app import app
from loadstone.plan.schedule import Run, make_plan
from loadstone.suite.load import load_suite
from tests.conftest import ROOT
from tests.support.synthetic import write_run
from tests.unit.report.test_size import suite

RUNS = 1002
"""Half of them are experiments and half levels of sweeps, with three repeats each."""
SUMMARIES = "results/summaries"
MAX_MB = 1024
REQUESTS_PER_SECOND, SUMMARISE_S = 2e6, 0.5
"""Requests summarised per second, and seconds per run on top: a thousand runs read and write eight thousand files."""
NOTHING_TO_DO_S = 3.0 * RUNS / 100
"""Three seconds per hundred runs."""
REPORT_S, REPORT_MB = 20.0 * RUNS / 300, 5.0 * RUNS / 300
"""Twenty seconds and 5 MB per three hundred runs."""


@dataclass(frozen=True)
class Stage:
    """What a command took, its child processes included."""

    seconds: float
    mb: float
    output: str


@dataclass(frozen=True)
class Campaign:
    """A made-up campaign, and the commands of its stages."""

    folder: Path
    suite: Path

    def run(self, what: str, *arguments: str) -> Stage:
        """Run a stage in the campaign's folder; print and return what it took."""
        log = self.folder / "stage.log"
        began = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, used = os.wait4(process.pid, 0)  # maximum memory of it or of any process that it waited for
        process.returncode = os.waitstatus_to_exitcode(status)
        stage = Stage(time.monotonic() - began, used.ru_maxrss / 1024, log.read_text("utf-8", "replace"))
        assert process.returncode == 0, stage.output[-2000:]
        print(f"{what}: {stage.seconds:.1f} s, at most {stage.mb:.0f} MB", flush=True)
        assert stage.mb < MAX_MB
        return stage

    def snakemake(self, what: str, *arguments: str) -> Stage:
        common = ["--snakefile", str(ROOT / "Snakefile"), "--cores", "2", "--quiet", "rules"]
        return self.run(what, "snakemake", *common, *arguments, "--config", f"suite={self.suite}")


def planned_jobs(output: str) -> dict[str, int]:
    """Read Snakemake's table of jobs."""
    rows = [line.split() for line in output.splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_thousand_runs(tmp_path: Path, write_suite: Callable[[str], Path]) -> None:
    campaign = Campaign(folder=tmp_path, suite=write_suite(suite(RUNS)))
    plan = make_plan(load_suite(campaign.suite))
    requests = [write_run(tmp_path / "results", run, number) for number, run in enumerate(plan.runs)]
    print(f"\n{len(requests):,} runs of {sum(requests) / len(requests):,.0f} requests on average")
    assert len(requests) == RUNS

    campaign.run("loadstone plan", "loadstone", "plan", str(campaign.suite), "--output", "plan.json")
    jobs = planned_jobs(campaign.snakemake("snakemake, dry run", "--dry-run").output)
    assert jobs["summarise"] == RUNS
    assert "measure" not in jobs

    run = plan.runs[0]
    campaign.run("loadstone summarise, one run", "loadstone", "summarise", *_files_of(run))
    summarised = campaign.run(
        "summarise, all runs in one process", "tests.soak.test_thousand_runs", str(campaign.suite)
    )
    assert summarised.seconds <= sum(requests) / REQUESTS_PER_SECOND + RUNS * SUMMARISE_S
    assert "summarise" not in planned_jobs(campaign.snakemake("snakemake, dry run", "--dry-run").output)
    campaign.snakemake("snakemake, all runs analysed and reported")

    nothing = campaign.snakemake("snakemake with nothing to do")
    assert "Nothing to be done" in nothing.output
    assert nothing.seconds <= NOTHING_TO_DO_S

    outputs = ("summary.csv", "scaling.json", "verdicts.json", "repeats.json", "hypotheses.json")
    campaign.run(
        "loadstone analyse", "loadstone", "analyse", "--plan=results/plan.json", "--summaries=results/summaries",
        *(f"--{Path(name).stem}=again-{name}" for name in outputs),
    )  # fmt: skip
    for name in outputs:
        assert (tmp_path / f"again-{name}").read_bytes() == (tmp_path / "results" / name).read_bytes()
    report = campaign.run(
        "loadstone report", "loadstone", "report", "--plan=results/plan.json", "--results=results", "--output=page.html"
    )
    size = (tmp_path / "page.html").stat().st_size / 1e6
    print(f"the page: {size:.1f} MB")
    assert report.seconds <= REPORT_S
    assert size <= REPORT_MB


def _files_of(run: Run) -> list[str]:
    part = f"{run.experiment}/{run.repeat}"
    files = {"requests": "requests.parquet", "processes": "processes.parquet", "record": "run.json"}
    return [*(f"--{option}=results/runs/{part}/{file}" for option, file in files.items()), f"--into={SUMMARIES}/{part}"]


def summarise_all(suite_path: Path) -> None:
    """Do the work of a thousand Snakemake jobs in one interpreter."""
    for run in make_plan(load_suite(suite_path)).runs:
        app(["summarise", *_files_of(run)], standalone_mode=False)


if __name__ == "__main__":
    summarise_all(Path(sys.argv[1]))
