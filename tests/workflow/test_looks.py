"""Repeats by need, by real Snakemake with real runs: looks grant what open questions need, and no more."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loadstone.plan.file import read_plan
from loadstone.plan.probes import is_follow_up
from loadstone.results.looks import read_look
from loadstone.results.verdicts import read_verdicts
from tests.conftest import ROOT
from tests.support.once import make_once

SUITE = """\
baselines: false
defaults:
  duration: 1s
  warm_up: 300ms
  repeats: {min: 2, max: 3}
  load: {users: 4, spawn_rate: 4, think_time: 0.1}
experiments:
  open: {precision: 5%}  # which takes four repeats at least
  asked-by-no-one: {load: {users: 8, spawn_rate: 8}}
  fixed: {repeats: 2, load: {users: 6, spawn_rate: 6}}
hypotheses:
  answers:
    claim: The server answers at all.
    value: {metric: throughput, of: fixed}
    expect: "> 1"
"""


class Campaign:
    """A campaign of the suite in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.suite = folder / "suite.yaml"

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
        command += [*arguments, "--config", "suite=suite.yaml"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def would_run(self, *targets: str) -> set[str]:
        """List the jobs that Snakemake knows it would run, as rule and wildcards."""
        answer = self.snakemake("--dry-run", *targets)
        assert answer.returncode == 0, answer.stderr
        blocks = re.split(r"\n(?=\[)", answer.stdout + answer.stderr)
        jobs = set()
        for block in blocks:
            if rule := re.search(r"^(?:local)?(?:rule|checkpoint) (\S+):", block, re.MULTILINE):
                wildcards = re.search(r"wildcards: (.+)", block)
                jobs.add(f"{rule[1]} {wildcards[1]}" if wildcards else rule[1])
        return jobs - {"all", *targets}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """The whole campaign, measured once for all processes that test."""
    return Campaign(make_once(tmp_path_factory, "looks", _measure))


def _measure(folder: Path) -> None:
    campaign = Campaign(folder)
    campaign.suite.write_text(SUITE, encoding="utf-8")
    dry = campaign.snakemake("--dry-run")
    assert "6 runs, " in dry.stderr
    assert "These runs are sure. Looks at the results may add up to 2 runs" in dry.stderr
    answer = campaign.snakemake()
    assert answer.returncode == 0, answer.stderr
    assert "look 1: another repeat of open: its precision of ±5 % is not reached" in answer.stderr


@pytest.fixture
def campaign(finished: Campaign, tmp_path: Path) -> Campaign:
    """A copy to change."""
    shutil.copytree(finished.folder, tmp_path / "copy", symlinks=True)
    return Campaign(tmp_path / "copy")


def test_only_the_open_question_gets_another_repeat(finished: Campaign) -> None:
    plan = read_plan(finished.folder / "results" / "plan.json")
    assert plan.repeats == {"asked-by-no-one": 2, "fixed": 2, "open": 3}
    look = read_look(finished.folder / "results" / "looks" / "1.json")
    assert look.granted == ("open",)
    assert look.experiments["asked-by-no-one"].reason == "no question about it is open"
    assert (finished.folder / "report" / "index.html").exists()
    assert finished.would_run() == set(), "a finished campaign has nothing left to do"


def test_granted_run_is_like_any_other(campaign: Campaign) -> None:
    (campaign.folder / "results" / "runs" / "open" / "3" / "run.json").unlink()
    measured = {job for job in campaign.would_run() if job.startswith("measure")}
    assert measured == {"measure experiment=open, repeat=3"}


def test_another_question_is_looked_at_without_measuring_first(campaign: Campaign) -> None:
    text = campaign.suite.read_text(encoding="utf-8")
    campaign.suite.write_text(text.replace('"> 1"', '"> 2"'), encoding="utf-8")
    jobs = campaign.would_run()
    assert "look round=1" in jobs
    assert not any(job.startswith("measure") for job in jobs)


def test_sure_runs_of_an_experiment_are_its_target(campaign: Campaign) -> None:
    shutil.rmtree(campaign.folder / "results" / "runs" / "open")
    jobs = campaign.would_run("open")
    assert {job for job in jobs if job.startswith("measure")} == {
        "measure experiment=open, repeat=1",
        "measure experiment=open, repeat=2",
    }
    assert not any(job.startswith("look") for job in jobs)


PROBED = """\
baselines: false
defaults: {duration: 1s, warm_up: 300ms, repeats: 1}
experiments:
  full:
    probe: true
    server: {threads: 2, calibration: {parallel: 20ms}}
    load: {user: FastHttpUser, users: 8, spawn_rate: 8, think_time: 0, mix: {calibration: 1}}
"""


def test_verdict_asks_for_a_probe_that_settles_it(tmp_path: Path) -> None:
    """Two slots of 20 ms serve 100 requests/s, four twice as many. A busy machine may hide that the slots are full."""
    campaign = Campaign(tmp_path)
    campaign.suite.write_text(PROBED, encoding="utf-8")
    dry = campaign.snakemake("--dry-run")
    assert "2 runs, " in dry.stderr
    assert "may add up to 2 runs where a question is open, 2 of them probes" in dry.stderr
    answer = campaign.snakemake()
    assert answer.returncode == 0, answer.stderr
    plan = read_plan(tmp_path / "results" / "plan.json")
    look = read_look(tmp_path / "results" / "looks" / "1.json")
    assert {name for name in plan.repeats if is_follow_up(name)} == set(look.granted)
    verdict = read_verdicts(tmp_path / "results" / "verdicts.json").experiments["full"]
    assert [probe.probe for probe in verdict.probes] == ["full@twice", *sorted(look.granted)]
    assert not verdict.verdict.is_sound or "full@slots" in look.granted, answer.stderr
    if "full@slots" in look.granted:
        assert verdict.probes[-1].changed == "twice the threads"
        assert verdict.probes[-1].ratio > 1.1, verdict
    assert campaign.would_run() == set()
    (tmp_path / "results" / "looks" / "1.json").unlink()
    assert {job for job in campaign.would_run() if job.startswith("measure")} == set()
