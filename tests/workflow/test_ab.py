"""Two commits of a small service, compared by `loadstone ab` as docs/ci.md does it, on real runs."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from ruamel.yaml import YAML

from loadstone.ab.folder import hold_folder
from loadstone.results.ab import AbFinding, read_ab
from loadstone.results.run_record import read_record
from tests.conftest import ROOT, files_below, processes_of, wait_for
from tests.support import commandline
from tests.support.repository import make_repository, run_git, write_suite

BLOCKS = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs" / "ci.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
BUDGETS = {2: "12s", 4: "22s"}
"""Pairs of one-second runs → a budget that gives them."""


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str, str]:
    """A repository with a suite, and the hashes of its fast and its slow commit."""
    folder = tmp_path / "repo"
    hashes = make_repository(folder)
    write_suite(folder)
    return folder, *hashes


def steps() -> list[dict[str, object]]:
    """Read the steps of the workflow in the documentation."""
    found: list[dict[str, object]] = YAML(typ="safe").load(BLOCKS[0])["jobs"]["ab"]["steps"]
    return found


def bash(script: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a script as a CI job does: bash that ends at the first error, Loadstone on the path."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def run_documented_steps(folder: Path, base: str, change: str, pairs: int) -> "subprocess.CompletedProcess[str]":
    """Run the documentation's commands, with a shorter budget, and without the installation."""
    values = {"pull_request.base.sha": base, "pull_request.head.sha": change}
    commands = [step for step in steps() if "run" in step]
    assert [str(step["run"]).split()[:4] for step in commands[:-1]] == [["python", "-m", "pip", "install"]]
    environment = {
        name: re.sub(r"\$\{\{ github\.event\.([\w.]+) \}\}", lambda match: values[match[1]], value)
        for name, value in dict(commands[-1]["env"]).items()  # type: ignore[call-overload]
    }
    script = str(commands[-1]["run"])
    assert "--budget 10m" in script
    return bash(
        script.replace("--budget 10m", f"--budget {BUDGETS[pairs]}"),
        folder,
        GITHUB_STEP_SUMMARY=str(folder / "summary.md"),
        **environment,
    )


@pytest.mark.alone
def test_documented_workflow_finds_the_slower_commit(repository: tuple[Path, str, str]) -> None:
    folder, fast, slow = repository
    answer = run_documented_steps(folder, fast, slow, pairs=2)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "slower (margin 5 %) in 1 of 1 experiment: albums." in answer.stdout.replace("\n", " ")
    runs = [line for line in answer.stderr.splitlines() if re.match(r"\[\d/4\] albums, pair ", line)]
    assert len(runs) == 4
    assert [line.split(", ")[2][0] for line in runs] == list("ABBA")

    result = read_ab(folder / "ab.json")
    assert (folder / "ab.json").read_bytes() == (folder / "ab" / "ab.json").read_bytes()
    assert (result.a.commit, result.b.commit) == (fast, slow)
    [compared] = result.experiments
    assert compared.finding == AbFinding.SLOWER
    assert compared.mean_ms.ratio is not None
    assert (compared.mean_ms.ratio.value or 0) > 3
    for run in compared.runs:
        record = read_record(folder / "ab" / run.side / "runs" / "albums" / str(run.pair) / "run.json")
        assert json.loads(record.run.model_dump_json())["server"]["commit"] == {"A": fast, "B": slow}[run.side]
        tables = folder / "ab" / run.side / "summaries" / "albums" / str(run.pair)
        assert {path.name for path in tables.iterdir()} >= {"endpoints.csv", "signals.json", "SHA256SUMS"}
    seeds = [
        {read_record(path / str(pair) / "run.json").run.seed for path in folder.glob("ab/?/runs/albums")}
        for pair in (1, 2)
    ]
    assert [len(of_pair) for of_pair in seeds] == [1, 1]
    assert seeds[0] != seeds[1]

    summary = (folder / "summary.md").read_text("utf-8")
    assert "slower (margin 5 %) in 1 of 1 experiment" in summary.splitlines()[0]
    [failure] = ET.parse(folder / "ab.xml").iter("failure")  # noqa: S314 - our own
    assert "slower: mean response time" in str(failure.get("message"))


@pytest.mark.soak
def test_documented_workflow_does_not_call_a_commit_slower_than_itself(repository: tuple[Path, str, str]) -> None:
    folder, fast, _ = repository
    answer = run_documented_steps(folder, fast, fast, pairs=2)
    assert answer.returncode in (0, 2), answer.stdout + answer.stderr
    assert "the same commit, which shows the noise" in answer.stderr
    assert read_ab(folder / "ab.json").finding in (AbFinding.NO_CHANGE, AbFinding.CANNOT_TELL, AbFinding.FASTER)
    assert len(list((folder / "ab" / "builds").glob("*.json"))) == 1
    assert not list(ET.parse(folder / "ab.xml").iter("failure"))  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("code", "writes", "expected"), [(0, True, 0), (1, True, 1), (2, True, 0), (2, False, 1), (130, False, 1)]
)
def test_documented_step_fails_only_for_a_slower_change(tmp_path: Path, code: int, writes: bool, expected: int) -> None:
    [step] = YAML(typ="safe").load(BLOCKS[1])
    (tmp_path / "ab.json").write_text("of an earlier comparison", encoding="utf-8")
    ends = f"loadstone() {{ {'touch ab.json; ' if writes else ''}return {code}; }}\n"
    assert bash(ends + step["run"], tmp_path).returncode == expected


@pytest.fixture
def start(repository: tuple[Path, str, str], tmp_path: Path) -> "Callable[..., subprocess.Popen[str]]":
    """Start `loadstone ab` in `tmp_path`."""

    def begin(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "loadstone", "ab", *arguments]
        command += ["--suite", str(repository[0] / "load" / "suite.yaml")]
        output = (tmp_path / "said").open("w")
        return subprocess.Popen(command, cwd=tmp_path, stdout=output, stderr=output, text=True)

    return begin


def assert_interrupted(process: "subprocess.Popen[str]", tmp_path: Path) -> str:
    """Interrupt; check that it ends in order and soon. Return what it printed."""
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    said = (tmp_path / "said").read_text("utf-8")
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("loadstone: ")
    assert said.splitlines()[-1].endswith("stopped by SIGINT")
    assert processes_of(tmp_path / "ab") == []
    assert not (tmp_path / "ab" / "ab.json").exists()
    return said


def test_ctrl_c_keeps_complete_runs_and_nothing_half(
    start: "Callable[..., subprocess.Popen[str]]", tmp_path: Path
) -> None:
    process = start("fast", "slow")

    def measures_the_second_run() -> bool:
        names = [path.name for path in files_below(tmp_path / "ab")]
        return "[1/4]" in (tmp_path / "said").read_text("utf-8") and "live.json" in names

    wait_for(measures_the_second_run, 60, "the second run")
    assert_interrupted(process, tmp_path)
    runs = [path for path in files_below(tmp_path / "ab") if path.name == "run.json"]
    assert [str(path.relative_to(tmp_path / "ab")) for path in runs] == ["A/runs/albums/1/run.json"]
    assert [path for path in files_below(tmp_path / "ab") if path.name.startswith(".") and path.name != ".git"] == []


def test_commit_that_breaks_in_its_second_run_is_not_let_through(
    start: "Callable[..., subprocess.Popen[str]]", repository: tuple[Path, str, str], tmp_path: Path
) -> None:
    folder = repository[0]
    service = folder / "service.py"
    once = "import pathlib\nmarker = pathlib.Path('started')\nif marker.exists():\n    sys.exit(3)\nmarker.touch()\n"
    run_git(folder, "switch", "--quiet", "--create", "breaks", "fast")
    service.write_text(service.read_text("utf-8").replace("\nSLEEP_S", f"\n{once}SLEEP_S"), encoding="utf-8")
    run_git(folder, "commit", "--quiet", "--all", "--message", "start only once")
    assert start("fast", "breaks").wait(120) == 2, (tmp_path / "said").read_text("utf-8")
    [compared] = read_ab(tmp_path / "ab" / "ab.json").experiments
    assert (compared.finding, compared.failures.runs) == (AbFinding.CANNOT_TELL, (0, 1))
    assert compared.reason.startswith("1 of 2 runs of B failed (broken), and 0 of 2 of A: ")


def test_second_comparison_in_the_same_folder_is_refused(
    start: "Callable[..., subprocess.Popen[str]]", repository: tuple[Path, str, str], tmp_path: Path
) -> None:
    process = start("fast", "slow")
    wait_for(lambda: "[1/4]" in (tmp_path / "said").read_text("utf-8"), 60, "the first run")
    before = files_below(tmp_path / "ab" / "A" / "runs" / "albums" / "1")
    suite = str(repository[0] / "load" / "suite.yaml")
    answer = commandline.loadstone("ab", "fast", "fast", "--suite", suite, cwd=tmp_path)
    assert answer.returncode == 2
    [line] = [line for line in answer.stderr.splitlines() if line.startswith("loadstone: ")]
    assert "--results: another `loadstone ab` is at work in ab; wait until it ends, or choose another folder" in line
    assert files_below(tmp_path / "ab" / "A" / "runs" / "albums" / "1") == before != []
    assert_interrupted(process, tmp_path)
    with hold_folder(tmp_path / "ab"):
        pass


def test_ctrl_c_during_a_build_leaves_no_worktree(
    start: "Callable[..., subprocess.Popen[str]]", repository: tuple[Path, str, str], tmp_path: Path
) -> None:
    suite = repository[0] / "load" / "suite.yaml"
    text = suite.read_text("utf-8").replace("cwd: ..", "commit: HEAD\n    build: [sh, -c, 'echo begun; sleep 300']")
    suite.write_text(text, encoding="utf-8")
    process = start("fast", "slow")

    def is_building() -> bool:
        return any("begun\n" in log.read_text("utf-8") for log in tmp_path.glob("ab/logs/builds/*.log"))

    wait_for(is_building, 30, "the build")
    assert_interrupted(process, tmp_path)
    assert run_git(repository[0], "worktree", "list").count("\n") == 0
    assert files_below(tmp_path / "ab" / "builds") == []


@pytest.mark.parametrize(
    ("arguments", "replace", "by", "sentence"),
    [
        (["nope", "slow"], "", "", "'nope' is not a commit of the repository "),
        (["fast", "--", "--all"], "", "", "'--all' is not a commit of the repository "),
        (["fast", "slow", "--only", "other"], "", "", "--only: 'other' is not an experiment; allowed: albums"),
        (["fast", "slow", "--margin", "5"], "", "", "--margin: '5' is not allowed; allowed: more than 0%"),
        (["fast", "slow", "--budget", "soon"], "", "", "--budget: 'soon' is not allowed; allowed: a duration such as"),
        (["fast", "slow", "--results", "used"], "", "", "--results: used holds mine, which is not of an earlier"),
        (
            ["fast", "slow"],
            "albums: {}",
            "albums: {server: {kind: external, url: 'http://127.0.0.1:9'}}",
            "albums: server.kind: external is not allowed here; allowed: command",
        ),
        (["fast", "slow"], "cwd: ..", "cwd: ../..", "server.cwd: '../..' is outside the repository "),
        (["fast", "slow"], "service.py", "{top}/service.py", "is in the working tree, so both commits would run the"),
        (
            ["fast", "slow"],
            "cwd: ..",
            "commit: HEAD\n    build: [sh, -c, 'echo oh no; exit 3']",
            "exit code 3: oh no; ",
        ),
        (["fast", "slow"], "service.py", "missing.py", "A, fast ("),
    ],
)
def test_mistake_is_one_line_and_exit_code_2(
    repository: tuple[Path, str, str], tmp_path: Path, arguments: list[str], replace: str, by: str, sentence: str
) -> None:
    folder = repository[0]
    suite = folder / "load" / "suite.yaml"
    text = suite.read_text("utf-8")
    suite.write_text(text.replace(replace, by.replace("{top}", str(folder))) if replace else text, encoding="utf-8")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine").touch()
    options = ["--suite", str(suite)]
    answer = commandline.loadstone("ab", *options, *arguments, cwd=tmp_path)
    assert answer.returncode == 2
    [line] = [line for line in answer.stderr.splitlines() if line.startswith("loadstone: ")]
    assert sentence in line
    assert answer.stdout == ""
    assert (tmp_path / "used" / "mine").exists()
