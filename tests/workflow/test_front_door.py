"""Mistakes at the front door, as a user meets them."""

from pathlib import Path

import pytest

from tests.support.campaign import Project


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (("suit=config/smoke.yaml",), "command line: suit: unknown key; allowed: suite, duration"),
        (("duration=20",), "duration: 20 is not allowed; allowed: a duration with its unit"),
        (("repeats=many",), "repeats: 'many' is not allowed"),
        (("suite=config/none.yaml",), "config/none.yaml: no such suite"),
        (("suite=2",), "2: no such suite"),
        (("suite=",), "cannot be read"),
    ],
)
def test_wrong_setting_is_told_in_one_line(measured: Project, settings: tuple[str, ...], complaint: str) -> None:
    answer = Project(measured.folder, settings=settings).snakemake("--dry-run")
    assert answer.returncode != 0
    assert "Traceback" not in answer.stderr
    assert len([line for line in answer.stderr.splitlines() if complaint in line]) == 1


def test_campaign_can_be_kept_elsewhere(measured: Project, tmp_path: Path) -> None:
    before = {path for path in measured.folder.rglob("*") if ".snakemake" not in path.parts}
    answer = measured.snakemake("albums=10", "--directory", str(tmp_path), "--quiet", "all")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "results/runs/albums=10/1/run.json").exists()
    assert {path for path in measured.folder.rglob("*") if ".snakemake" not in path.parts} == before


def test_cores_do_not_make_runs_overlap(measured: Project) -> None:
    answer = measured.snakemake("--dry-run", "--forceall", "--cores", "8")
    assert answer.stdout.count("threads: 8") == 6, "each run claims all of them"
