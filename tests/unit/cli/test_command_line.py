"""The command line: what it prints, where, and its exit code."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.suite.settings import OVERHEAD_S
from tests.conftest import ROOT
from tests.support.commandline import loadstone


def test_help_names_every_stage() -> None:
    answer = loadstone("--help")
    assert answer.returncode == 0
    for stage in ("plan", "measure", "summarise", "analyse", "report"):
        assert stage in answer.stdout


@pytest.mark.parametrize(
    "stage",
    [
        "plan",
        "measure",
        "summarise",
        "analyse",
        "report",
        "schema",
        "audit",
        "verdict",
        "fit",
        "search",
        "gate",
        "calibrate",
        "compare",
    ],
)
def test_stage_has_help(stage: str) -> None:
    answer = loadstone(stage, "--help")
    assert answer.returncode == 0
    assert "Usage" in answer.stdout


def test_plan_shows_order_differences_and_duration(write_suite: Callable[[str], Path]) -> None:
    text = (
        "baselines: false\ndefaults: {duration: 5s, warm_up: 1s, repeats: 2, load: {users: 10}}\n"
        "experiments: {a: {}, b: {}, c: {load: {workers: 2}}}"
    )
    answer = loadstone("plan", str(write_suite(text)))
    assert answer.returncode == 0, answer.stderr
    rows = [line.split() for line in answer.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert [row[0] for row in rows[:6]] == list("123456")
    assert {row[1] for row in rows[:3]} == {"a", "b", "c"}
    assert all(("load.workers=2" in row) == (row[1] == "c") for row in rows[:6])
    expected_s = round(6 * (OVERHEAD_S + 1 + 1 + 5))
    assert f"6 runs of 3 experiments, about 1 min {expected_s - 60} s in all" in answer.stdout


def test_mistake_is_one_line_and_exit_code_2(write_suite: Callable[[str], Path]) -> None:
    """As a user runs it."""
    path = write_suite("experiments: {a: {load: {users: many}}}")
    command = [sys.executable, "-m", "loadstone", "plan", str(path)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr.splitlines() == [
        f"loadstone: {path}: experiments.a.load.users: 'many' is not allowed; allowed: a valid integer"
    ]


@pytest.mark.parametrize("setting", ["duration", "=3"])
def test_wrong_setting_is_told(setting: str) -> None:
    answer = loadstone("plan", "--set", setting)
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_missing_plan_is_told(tmp_path: Path) -> None:
    options = ["--plan", "none.json", "--summaries", ".", "--summary", "s.csv", "--scaling", "s.json"]
    options += ["--verdicts", "v.json", "--repeats", "r.json", "--hypotheses", "h.json"]
    answer = loadstone("analyse", *options, cwd=tmp_path)
    assert answer.returncode == 1
    assert answer.stderr == "loadstone: none.json: cannot be read: No such file or directory\n"


CONTROLS = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r"


def has_controls(text: str) -> bool:
    return not all(c.isprintable() or c == "\n" for c in text)


def test_names_and_values_with_terminal_codes_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / f"s{CONTROLS}.yaml"
    path.write_text('experiments: {a: {load: {user: "\\e[31mred", "\\e[2J": 1}}}', encoding="utf-8")
    for answer in (loadstone("plan", str(path)), loadstone("plan", f"none{CONTROLS}")):
        assert answer.returncode == 2
        assert not has_controls(answer.stderr)
        assert all(line.startswith("loadstone: ") for line in answer.stderr.splitlines())
        assert r"\x1b]0;owned\x07" in answer.stderr
    assert r"\x1b[2J: unknown key" in loadstone("plan", str(path)).stderr


def test_table_with_terminal_codes_and_markup_is_shown_as_text(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"name,users,rps,mean_ms\n[/red]{CONTROLS}[bold],50,32.7,5\n", encoding="utf-8")
    answer = loadstone("audit", str(path), "--think-time", "1,2")
    assert answer.returncode == 0, answer.stderr
    assert not has_controls(answer.stdout)
    assert "[/red]" in answer.stdout
