"""Commits as servers of a campaign: built once, and the hash is the run's value."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from loadstone.plan.checkouts import checkout_of
from loadstone.plan.schedule import make_plan
from loadstone.suite.load import load_suite
from tests.conftest import ROOT, files_below
from tests.support import commandline
from tests.support.repository import commit_service, make_repository, run_git, write_suite

SWEEP = """\
sweeps:
  speed: {vary: server.commit, values: [fast, slow], repeats: 1}
"""
BUILD = "commit: HEAD\n    build: [sh, -c, 'echo built >> ../../../built; test ! -e broken || { echo no; exit 3; }']"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite in a repository, with a sweep over its two commits, which are built."""
    make_repository(tmp_path / "repo")
    path = write_suite(tmp_path / "repo", SWEEP)
    path.write_text(path.read_text("utf-8").replace("cwd: ..", BUILD), encoding="utf-8")
    return path


def snakemake(suite: Path, *targets: str, options: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
    """Run the workflow in the folder above the repository."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", str(ROOT / "Snakefile")]
    folder = suite.parents[2]
    command += ["--directory", str(folder), *options, "--config", f"suite={suite}", "--", *targets]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def planned(suite: Path, *targets: str) -> dict[str, int]:
    """Count the jobs that targets need now, by rule."""
    answer = snakemake(suite, *targets, options=("--dry-run",))
    assert answer.returncode == 0, answer.stderr
    return Counter(re.findall(r"^(?:local)?rule (\w+):$", answer.stdout, re.MULTILINE))


def test_commit_is_built_once_and_a_moved_branch_reruns(suite: Path, tmp_path: Path) -> None:
    targets = ["speed=fast", "speed=slow"]
    answer = snakemake(suite, *targets)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "built").read_text("utf-8") == "built\n" * 2
    commits = {name: run_git(suite.parent, "rev-parse", name) for name in ("fast", "slow")}
    means = {}
    for name, commit in commits.items():
        run = json.loads((tmp_path / "results" / "runs" / f"speed={name}" / "1" / "run.json").read_bytes())
        assert run["run"]["server"]["commit"] == commit
        table = (tmp_path / "results" / "summaries" / f"speed={name}" / "1" / "endpoints.csv").read_text("utf-8")
        header, row = (line.split(",") for line in table.splitlines()[:2])
        means[name] = float(row[header.index("mean_ms")])
    assert means["slow"] > 2 * means["fast"]
    assert run_git(suite.parent, "worktree", "list").count("(detached HEAD)") == 2

    assert planned(suite, *targets) == {}
    commit_service(suite.parents[1], 0.101, "move the branch")
    again = planned(suite, *targets)
    assert (again["build_commit"], again["measure"]) == (1, 1)


def test_failing_build_is_one_line_and_leaves_nothing(suite: Path, tmp_path: Path) -> None:
    (suite.parents[1] / "broken").touch()
    run_git(suite.parent, "add", "../broken")
    run_git(suite.parent, "commit", "--quiet", "--message", "break the build")
    answer = snakemake(suite, "speed=slow")
    assert answer.returncode == 1
    [line] = [line for line in answer.stderr.splitlines() if line.startswith("loadstone: ")]
    assert re.search(r"build of commit [0-9a-f]{12} \(sh -c .*\) failed with exit code 3: no; log: results/logs/", line)
    log = tmp_path / line.rpartition("log: ")[2]
    assert log.read_text("utf-8").endswith("no\n")
    assert run_git(suite.parent, "worktree", "list").count("\n") == 0
    assert files_below(tmp_path / "results" / "builds") == []


def test_missing_checkout_is_stated_with_what_to_do(suite: Path, tmp_path: Path) -> None:
    run = make_plan(load_suite(suite)).runs[0]
    checkout = checkout_of(run.server)
    assert checkout is not None
    marker = tmp_path / "results" / "builds" / f"{checkout.name}.json"
    marker.parent.mkdir(parents=True)
    marker.write_text("{}", encoding="utf-8")
    options = ["--run", run.model_dump_json(), "--into", "one", "--log", "log", "--failed", "failed"]
    answer = commandline.loadstone("measure", *options, "--base", str(suite.parent), cwd=tmp_path)
    assert answer.returncode == 1
    said = answer.stderr.splitlines()[-1]
    assert f"the checkout of commit {checkout.commit[:12]} is missing: remove {marker}" in said


def test_rest_of_an_earlier_build_is_replaced(suite: Path, tmp_path: Path) -> None:
    run = make_plan(load_suite(suite)).runs[0]
    checkout = checkout_of(run.server)
    assert checkout is not None
    builds = tmp_path / "results" / "builds"
    options = ["--checkout", checkout.model_dump_json(), "--into", str(builds), "--log", str(tmp_path / "log")]
    for attempt in ("first", "after the marker was lost", "after the folder was lost too"):
        answer = commandline.loadstone("build", *options, "--base", str(suite.parent), cwd=tmp_path)
        assert answer.returncode == 0, (attempt, answer.stderr)
        assert (builds / checkout.name / "service.py").is_file()
        assert not (builds / checkout.name / "rest").exists()
        (builds / f"{checkout.name}.json").unlink()
        (builds / checkout.name / "rest").touch()
        if attempt != "first":
            for path in sorted(files_below(builds / checkout.name), reverse=True):
                path.unlink() if path.is_file() else path.rmdir()
            (builds / checkout.name).rmdir()
    assert run_git(suite.parent, "worktree", "list").count("\n") == 1
