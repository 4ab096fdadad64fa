"""The examples, run by the commands of the page that explains them, and what that page says to write."""

import html
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from loadstone.results.verdicts import read_verdicts
from loadstone.suite.load import load_suite
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "your-service.md").read_text("utf-8")
EXAMPLE = ROOT / "examples" / "fastapi-service"
SHORT = ["--set", "duration=1s", "--set", "warm_up=500ms", "--set", "repeats=1"]
ENDPOINTS = {  # without POST /login: users log in before the window
    "GET /products",
    "GET /products/<id>",
    "POST /orders",
    "POST /orders/<id>/items",
    "POST /orders/<id>/payment",
    "GET /orders/<id>",
}


def blocks(language: str) -> list[str]:
    """Find the page's blocks of code in a language; "" are commands."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    return [block for given, block in found if given == language]


COMMANDS = [line for block in blocks("") for line in block.splitlines()]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Copy the example's folder, without sweep and baselines in its suite: a test is to be short."""
    folder = tmp_path / "shop"
    unwanted = shutil.ignore_patterns("__pycache__", "results", "report", ".snakemake")
    shutil.copytree(EXAMPLE, folder, ignore=unwanted)
    suite = folder / "loadstone.yaml"
    suite.write_text("baselines: false\n" + suite.read_text("utf-8").partition("\nsweeps:")[0], encoding="utf-8")
    return folder


def run(folder: Path, *arguments: str) -> str:
    """Run `loadstone` in a folder, as a user does whose environment is active; it must succeed."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "loadstone", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def test_commands_of_the_page_lead_to_a_report(example: Path) -> None:
    assert [shlex.split(line)[:2] for line in COMMANDS] == [["loadstone", "plan"], *[["loadstone", "run"]] * 2]
    for line in COMMANDS:
        words = shlex.split(line)[1:]
        run(example, *words, *SHORT)
    page = html.unescape((example / "report" / "index.html").read_text("utf-8"))
    assert {endpoint for endpoint in ENDPOINTS if endpoint in page} == ENDPOINTS
    verdicts = read_verdicts(example / "results" / "verdicts.json")
    assert set(verdicts.experiments) == {"customers", "saturated"}


def test_declared_requests_run_without_a_locustfile(example: Path, tmp_path: Path) -> None:
    (example / "locustfile.py").unlink()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    run(folder, "run", "../shop/requests.yaml", "saturated", *SHORT)
    assert (folder / "results" / "runs" / "saturated" / "1" / "run.json").exists()


def test_suites_on_the_page_are_those_of_the_example() -> None:
    yaml = YAML(typ="safe")
    suite, requests = (yaml.load(block) for block in blocks("yaml"))
    ours = yaml.load(EXAMPLE / "loadstone.yaml")
    assert suite == {key: ours[key] for key in ("defaults", "experiments")}
    assert requests["load"]["requests"] == yaml.load(EXAMPLE / "requests.yaml")["defaults"]["load"]["requests"]


KINDS = {"server": 'kind: command, argv: [serve, "{port}"]', "load": "locustfile: locustfile.py"}
"""What a server and a load have besides the keys that the page names."""
PARTS = re.findall(r"`(?:(server|load): )\{(.*?)\}`", PAGE)


@pytest.mark.parametrize(("key", "part"), PARTS, ids=[part for _, part in PARTS])
def test_what_the_page_says_to_write_is_a_suite(example: Path, key: str, part: str) -> None:
    for name in ("accounts.csv", "secrets.env"):
        (example / name).touch()
    python = example.parent / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    given = part if part.startswith("kind:") else f"{KINDS[key]}, {part}"
    other = "load" if key == "server" else "server"
    (example / "suite.yaml").write_text(
        f"experiments: {{a: {{{key}: {{{given}}}, {other}: {{{KINDS[other]}}}}}}}", encoding="utf-8"
    )
    assert set(load_suite(example / "suite.yaml").experiments) == {"a"}
