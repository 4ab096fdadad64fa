"""Mistakes in a comparison's command line, and results that cannot be read."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadstone.compare.fail_on import parse_fail_on
from loadstone.errors import ResultError, SuiteError
from loadstone.plan.schedule import make_plan
from loadstone.suite.load import load_suite
from tests.support.comparisons import SUITE, Make, loadstone, refusal


@pytest.mark.parametrize(
    "given",
    ["regression", "regression:5", "regression:0%", "regression:100%", "regression:-5%", "verdicts", "", "a\nb"],
)
def test_malformed_fail_on_is_told(given: str) -> None:
    with pytest.raises(SuiteError) as caught:
        parse_fail_on(["verdict", given])
    assert len(caught.value.lines) == 1
    assert "is not allowed; allowed: regression:5%" in str(caught.value)


def test_mistakes_on_the_command_line_end_in_2(make: Make, tmp_path: Path) -> None:
    before, other = make("before"), make("after", text="experiments: {x: {}}")
    empty, file = tmp_path / "empty", tmp_path / "file"
    empty.mkdir()
    file.touch()
    allowed = "regression:5% (more than 0%, less than 100%), or verdict"
    cases: dict[str, tuple[Any, ...]] = {
        f"{tmp_path}/none: no such folder": (before, tmp_path / "none", {}),
        f"{file}: not a folder": (file, before, {}),
        f"{empty}: contains no results: neither results/plan.json nor plan.json exists": (before, empty, {}),
        f"{before}/results and {other}/results have no experiment in common: nothing to compare": (before, other, {}),
        f"--html: {file}/a.html: cannot be written: File exists": (before, before, {"html": file / "a.html"}),
        f"--fail-on: 'slow' is not allowed; allowed: {allowed}": (before, before, {"fail_on": ["slow"]}),
    }
    for told, (*folders, options) in cases.items():
        error = refusal(*folders, **options)
        assert (error.exit_code, str(error)) == (2, told)
    answer = loadstone(before, empty, "--fail-on", "regression:5%")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == f"loadstone: {empty}: contains no results: neither results/plan.json nor plan.json exists\n"


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("plan.json", "{", "damaged"),
        ("summary.csv", None, "be read: No such file or directory"),
        ("summary.csv", "", "no column experiment, repeat"),
        ("summary.csv", "half", "damaged: line"),
        ("summary.csv", "word", "damaged: line 2"),
        ("summary.csv", "short", "run 3 of steady is in plan.json but not in this file: finish"),
        ("verdicts.json", None, "be read: No such file or directory"),
        ("verdicts.json", "[]", "damaged: the file"),
        ("verdicts.json", '{"experiments": {"a": {}}, "runs": []}', "damaged: experiments.a.verdict"),
        (
            "verdicts.json",
            '{"experiments": {}, "runs": []}',
            "run 1 of steady is in plan.json but not in this file: finish",
        ),
        ("runs/steady/2/run.json", None, "be read: No such file or directory"),
        ("runs/steady/2/run.json", "{}", "damaged: format"),
        ("runs/steady/2/run.json", '{"format": 1}', "format 1, but this Loadstone reads format 3"),
    ],
)
def test_results_that_cannot_be_read_are_told(make: Make, file: str, content: str | None, told: str) -> None:
    text = SUITE.replace(", other: {load: {users: 10}}", "")
    before, after = make("before", text=text), make("after", text=text)
    path = after / "results" / file
    whole = path.read_text(encoding="utf-8")
    changed = {
        "half": whole[: len(whole) - 120],
        "word": re.sub(r"(all,4000),0,", r"\1,many,", whole, count=1),
        "short": "\n".join(whole.splitlines()[:-2]),
    }
    path.unlink()
    if content is not None:
        path.write_text(changed.get(content, content), encoding="utf-8")
    error = refusal(before, after)
    assert isinstance(error, ResultError)
    assert error.exit_code == 1
    assert str(error).startswith(f"{path}: ")
    assert told in str(error)


def test_campaign_that_was_changed_and_not_finished_is_refused(make: Make, write_suite: Callable[[str], Path]) -> None:
    before, after = make("before"), make("after")
    for text, file, told in [
        (
            SUITE.replace("repeats: 3", "repeats: 4"),
            "summary.csv",
            "run 4 of other is in plan.json but not in this file",
        ),
        (
            SUITE.replace("repeats: 3", "repeats: 2"),
            "summary.csv",
            "run 3 of other is in this file but not in plan.json",
        ),
        (SUITE.replace("users: 10", "users: 11"), "runs/other", "measured with settings that differ from plan.json"),
    ]:
        plan = make_plan(load_suite(write_suite(text)))
        (after / "results" / "plan.json").write_text(plan.model_dump_json(), encoding="utf-8")
        error = refusal(before, after)
        assert isinstance(error, ResultError)
        assert str(error).startswith(str(after / "results" / file))
        assert told in str(error)
