"""The wheel is whole: in a fresh environment and an empty folder, `loadstone init` and `run` make a report."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

SHORT = ("--set", "duration=1s", "--set", "warm_up=0s", "--set", "repeats=1")
"""Overrides of the suite's defaults."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own, which has this one's packages, and nothing of this checkout."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    command = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-warn-script-location"]
    subprocess.run([*command, "--force-reinstall", "--ignore-installed", str(wheel)], env=CLEAN, check=True)
    return folder


CLEAN = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


def loadstone(environment: Path, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(environment / "bin" / "loadstone"), *arguments]
    return subprocess.run(command, cwd=folder, env=CLEAN, capture_output=True, text=True, check=False)


def test_the_wheel_has_the_files_of_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    parts = ("config", "locustfiles", "profiles", "server", "workflow/captions", "workflow/rules", "workflow/schemas")
    expected = {path for part in parts for path in (ROOT / part).rglob("*") if "__pycache__" not in path.parts}
    expected = {path for path in expected if path.is_file()} | {ROOT / "Snakefile"}
    assert {f"loadstone/project_files/{path.relative_to(ROOT)}" for path in expected} - names == set()
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests/", "results/"))]


def test_an_empty_folder_gets_a_report(environment: Path, tmp_path: Path) -> None:
    answer = loadstone(environment, tmp_path, "init")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.endswith("Next: loadstone run\n")
    suite = tmp_path / "loadstone.yaml"
    text = suite.read_text("utf-8")
    assert "duration: 5s" in text
    short = text.replace("values: [1, 4, 16]", "values: [1]").replace("  eager-users: {load: {think_time: 0}}\n", "")
    suite.write_text("baselines: false\n" + short, encoding="utf-8")

    answer = loadstone(environment, tmp_path, "run", *SHORT)
    assert answer.returncode == 0, answer.stderr + (tmp_path / "results/logs/campaign.log").read_text("utf-8")
    assert "ten-users" in answer.stdout
    assert answer.stdout.splitlines()[-1] == f"The report is {tmp_path}/report/index.html"
    assert [line.split(" measured")[0] for line in answer.stderr.splitlines() if " measured" in line][-1][:5] == "[2/2]"
    verdicts = json.loads((tmp_path / "results/verdicts.json").read_text("utf-8"))
    assert verdicts["experiments"]["ten-users"]["verdict"]
    assert "ten-users" in (tmp_path / "report/index.html").read_text("utf-8")
    assert "GET /albums" in (tmp_path / "results/summary.csv").read_text("utf-8")

    record = json.loads((tmp_path / "results/runs/ten-users/1/run.json").read_text("utf-8"))
    assert record["source"]["commit"] is None
    assert record["source"]["versions"]["loadstone"]
    log = next((tmp_path / ".snakemake/log").glob("*.log")).read_text("utf-8")
    for part in ("workflow", "server", "locustfiles", "config", "profiles", "Snakefile"):
        assert f"{ROOT}/{part}" not in log, "nothing is read from the checkout"
    assert str(ROOT) not in json.dumps(record["commands"])

    again = loadstone(environment, tmp_path, "run", *SHORT)
    assert again.returncode == 0, again.stderr
    assert " measured" not in again.stderr


def test_nothing_is_imported_from_the_checkout(environment: Path, tmp_path: Path) -> None:
    code = (
        "import importlib, pkgutil, sys, loadstone\n"
        "for module in pkgutil.walk_packages(loadstone.__path__, 'loadstone.'):\n"
        "    if not module.name.startswith(('loadstone.__main__', 'loadstone.project_files')):\n"
        "        importlib.import_module(module.name)\n"
        "print(*(str(m.__file__) for n, m in sys.modules.items() if n.startswith('loadstone')), sep='\\n')"
    )
    command = [str(environment / "bin" / "python"), "-c", code]
    answer = subprocess.run(command, cwd=tmp_path, env=CLEAN, capture_output=True, text=True, check=True)
    assert {path for path in answer.stdout.split() if not path.startswith(str(environment))} == set()
