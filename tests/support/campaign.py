"""A real campaign, measured once for all tests, and copies of it to change."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from tests.conftest import ROOT, processes_of
from tests.support.once import make_once

SUITE = """\
baselines: false
defaults:
  duration: 2s
  warm_up: 500ms
  repeats: 2
  load: {users: 20, spawn_rate: 20, think_time: 1}
experiments:
  plain: {}
  fast: {load: {user: FastHttpUser, workers: 2}}
sweeps:
  albums: {vary: server.albums, values: [10, 100], repeats: 1, server: {store: dict, albums_max: 10}}
"""
PARTS = ("Snakefile", "workflow", "server", "locustfiles", "profiles", "config", "requirements.lock")
BUILT = shutil.ignore_patterns("__pycache__")

Job = tuple[str, str]
"""A rule and, where it has them, its wildcards as experiment/repeat."""


@dataclass(frozen=True)
class Project:
    """A copy of the project with a campaign in it."""

    folder: Path

    @property
    def suite(self) -> Path:
        return self.folder / "config" / "tiny.yaml"

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake there, with the copy's own library."""
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        return subprocess.run(
            [*command, "--config", "suite=config/tiny.yaml", *self.settings],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder / "workflow")},
            capture_output=True,
            text=True,
            check=False,
        )

    settings: tuple[str, ...] = ()

    def would_run(self, *targets: str) -> set[Job]:
        """List the jobs that Snakemake would run, `all` left out."""
        answer = self.snakemake("--dry-run", *targets)
        assert answer.returncode == 0, answer.stderr
        jobs = set()
        for block in re.split(r"\n(?=\[)", answer.stdout + answer.stderr):
            rule = re.search(r"^(?:local)?rule (\S+):", block, re.MULTILINE)
            wildcards = re.search(r"wildcards: experiment=(\S+), repeat=(\d+)", block)
            if rule and rule[1] not in ("all", *targets):
                jobs.add((rule[1], f"{wildcards[1]}/{wildcards[2]}" if wildcards else ""))
        return jobs


def copy_of(source: Path, target: Path) -> Project:
    """Copy a project with its campaign, times of modification included."""
    shutil.copytree(source, target, symlinks=True)
    return Project(target)


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The campaign; not to be changed, and the same for all processes that test at a time."""
    made = make_once(tmp_path_factory, "campaign", lambda folder: _measure(Project(folder / "project")))
    return Project(made / "project")


def _measure(project: Project) -> None:
    folder = project.folder
    folder.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=BUILT)
        else:
            shutil.copy2(ROOT / part, folder / part)
    project.suite.write_text(SUITE, encoding="utf-8")
    with mock.patch.dict(os.environ, {"LOADSTONE_NOISE_CHECK_S": "1"}):
        answer = project.snakemake()
    assert answer.returncode == 0, answer.stderr
    (folder.parent / "snakemake.txt").write_text(answer.stderr, encoding="utf-8")
    assert processes_of(folder) == []


@pytest.fixture
def project(measured: Project, tmp_path: Path) -> Project:
    """A copy of the campaign, to change."""
    return copy_of(measured.folder, tmp_path / "project")
