"""The command line: what it prints, where, and its exit code."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone import __version__
from loadstone.cli.app import GROUPS
from loadstone.plan.schedule import BETWEEN_S, CHECK_S, END_S
from loadstone.suite.settings import OVERHEAD_S
from loadstone.text import clock
from tests.conftest import ROOT
from tests.support.commandline import loadstone

COMMANDS = [command for commands in GROUPS.values() for command in commands]


def test_help_lists_commands_in_the_order_of_a_day() -> None:
    answer = loadstone("--help")
    assert answer.returncode == 0
    headings = [answer.stdout.index(f" {group} ") for group in GROUPS]
    assert headings == sorted(headings)
    listed = [line.split()[1] for line in answer.stdout.splitlines() if re.match(r"│ [a-z]", line)]
    assert listed == [command.__name__ for command in COMMANDS]


def test_no_command_prints_the_help() -> None:
    answer = loadstone()
    assert (answer.returncode, answer.stdout, answer.stderr) == (2, loadstone("--help").stdout, "")


def test_version() -> None:
    assert loadstone("--version").stdout == f"loadstone {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_command_has_help_with_an_example_and_describes_every_option(command: Callable[..., None]) -> None:
    answer = loadstone(command.__name__, "--help")
    assert answer.returncode == 0
    assert f"Usage: loadstone {command.__name__}" in answer.stdout
    assert f"\n Example: loadstone {command.__name__} " in answer.stdout
    *_, example = [
        paragraph for paragraph in inspect.cleandoc(command.__doc__ or "").split("\n\n") if "Example" in paragraph
    ]
    options = set(re.findall(r"(?<= )--[a-z-]+", example))
    assert all(f"{option} " in answer.stdout.split("─ Options ─")[1] for option in options)
    for parameter in inspect.signature(command).parameters.values():
        [described] = parameter.annotation.__metadata__
        assert described.help.endswith("."), parameter.name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "--bogus"], "No such option: --bogus; see loadstone plan --help"),
        (["bogus"], "No such command 'bogus'; see loadstone --help"),
        (["fit", "table.csv", "--y", "rps"], "Missing option '--x'; see loadstone fit --help"),
        (["audit"], "Missing argument 'FILES'; see loadstone audit --help"),
    ],
)
def test_wrong_command_line_is_one_line(arguments: list[str], message: str) -> None:
    answer = loadstone(*arguments)
    assert (answer.returncode, answer.stdout, answer.stderr) == (2, "", f"loadstone: {message}\n")


def test_help_does_not_wait_for_what_commands_need() -> None:
    heavy = ("numpy", "pandas", "scipy", "pydantic", "flask", "altair")
    code = f"import sys, loadstone.cli.app; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


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
    expected_s = CHECK_S + 6 * (OVERHEAD_S + 1 + 1 + 5 + BETWEEN_S) + END_S
    assert f"6 runs of 3 experiments, about {clock(expected_s)} in total" in answer.stdout


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
    path.write_text(f'name,users,rps,mean_ms\n"[/red]{CONTROLS}[bold]",50,32.7,5\n', encoding="utf-8")
    answer = loadstone("audit", str(path), "--think-time", "1,2")
    assert answer.returncode == 0, answer.stderr
    assert not has_controls(answer.stdout)
    assert "[/red]" in answer.stdout
