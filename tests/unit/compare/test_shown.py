"""Where a comparison is shown: terminal, page, JSON and formats for CI."""

import html
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import orjson
import pytest

from loadstone.cli.compare import compare_folders
from loadstone.compare.judge import compare_campaigns
from loadstone.compare.model import (
    JUDGED,
    METRICS,
)
from loadstone.compare.page import WIDTH, RatioAxis, render_comparison
from loadstone.errors import GateError, ResultError
from loadstone.plan.schedule import Run
from loadstone.suite.verdict import Verdict
from tests.support.comparisons import (
    SLOWER,
    SUITE,
    Made,
    Make,
    compared,
    loadstone,
    output,
    refusal,
    side,
    slower,
)

SCRIPT = "<script>alert('[red]')</script>"


def test_results_folder_itself_will_do(make: Make) -> None:
    before, after = make("before"), make("after", slower)
    assert compared(before, after) == compared(before / "results", after / "results")


def test_json_holds_all_of_it(make: Make) -> None:
    after = make("after", slower, SUITE.replace("users: 10", "users: 12"), machine={"cores": 3})
    answer = loadstone(make("before"), after, "--json", "--fail-on", "regression:5%")
    assert answer.returncode == 1
    found = orjson.loads(answer.stdout)
    steady = found["experiments"]["steady"]
    assert steady["finding"] == SLOWER
    assert set(steady["metrics"]) == set(METRICS)
    assert steady["metrics"]["mean_ms"]["ratio"]["low"] > 1.05
    assert steady["verdict"] == {"before": "server's CPU", "after": "server's CPU", "changed": False}
    assert steady["runs"] == {"before": 3, "after": 3}
    assert found["experiments"]["other"]["settings"] == [{"key": "load.users", "before": 10, "after": 12}]
    assert found["environment"] == [{"key": "machine.cores", "before": "2", "after": "3"}]
    assert [f"loadstone: {line}" for line in found["failed_on"]] == answer.stderr.splitlines()[-1:]


def test_page_is_one_file_that_needs_nothing(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page_path = tmp_path / "new folder" / "page.html"
    output(capsys, make("before"), make("after", slower, machine={"cores": 3}), html=page_path)
    page = page_path.read_text(encoding="utf-8")
    assert "://" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img|iframe)|\son\w+=|style=|url\(|@import", page)
    assert page.count("<svg") == 2 + 2 * len(METRICS), "two axes, and a drawing of each metric"
    assert page.count('class="bar slower"') == len(JUDGED)
    assert page.count("<details") == 1
    assert "CPUs" in page
    assert "no verdict changed" in page


def test_formats_for_ci_hold_each_experiment(make: Make, tmp_path: Path) -> None:
    folders = make("before"), make("after", slower)
    markdown, junit = tmp_path / "ci" / "summary.md", tmp_path / "ci" / "junit.xml"
    with pytest.raises(GateError):
        compare_folders(*folders, markdown=markdown, junit=junit, fail_on=["regression:5%"])
    comparison = compared(*folders)
    lines = markdown.read_text("utf-8").splitlines()
    assert lines[0].startswith(f"### {len(comparison.experiments)} experiments, margin 5 %: ")
    rows = [line for line in lines if line.startswith("|")][2:]
    assert len(rows) == len(METRICS), "of the experiment that changed"
    found = {e.experiment for e in comparison.experiments_with(SLOWER)}
    cases = list(ET.parse(junit).iter("testcase"))  # noqa: S314 - our own
    assert [case.get("name") for case in cases] == [e.experiment for e in comparison.experiments]
    assert {case.get("name") for case in cases if case.find("failure") is not None} == found != set()


def test_nothing_that_a_file_holds_is_markup(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(run: Run) -> Made:
        if run.repeat == 1:
            return {"verdict": Verdict.ERRORS, "kinds": {SCRIPT: 900}, "row": {}}
        return {"verdict": Verdict.INVALID, "remark": SCRIPT}

    before = make("<b>before", machine={"cpu_model": SCRIPT})
    after, page_path = make("after", broken), tmp_path / "page.html"
    text = output(capsys, before, after, html=page_path)
    page = page_path.read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>before" not in page
    assert html.unescape(page).count(SCRIPT) >= 3, "of a failure, of a remark, of the machine"
    assert f"900 of 4,000 requests failed ({SCRIPT})" in text
    assert f"CPU: {SCRIPT} → cpu" in text


def test_terminal_codes_of_a_file_are_not_obeyed(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    after = make("after", lambda run: {"verdict": Verdict.INVALID, "remark": "a\nb\x1b[31m"})
    with pytest.raises(GateError) as caught:
        compare_folders(make("before"), after, fail_on=["verdict"])
    assert len(caught.value.lines) == 2
    assert "\x1b" not in str(caught.value) + capsys.readouterr().out


def test_verdict_of_another_version_is_refused(make: Make) -> None:
    after = make("after")
    path = after / "results" / "verdicts.json"
    path.write_text(path.read_text("utf-8").replace('"server\'s CPU"', '"bad luck"'), encoding="utf-8")
    error = refusal(make("before"), after)
    assert isinstance(error, ResultError)
    assert str(error).startswith(f"{path}: damaged: experiments.")


def test_axis_of_ratios_shows_what_lies_beyond_it() -> None:
    rng = np.random.default_rng(4)
    comparison = compare_campaigns(side(rng), side(rng, 20), 0.05)
    change = comparison.experiments[0].metrics[0]
    bar = RatioAxis(4.0).draw(change)
    assert bar is not None
    assert bar.continues_right
    assert not bar.continues_left
    assert WIDTH / 2 < bar.value <= WIDTH
    assert RatioAxis(4.0)(1.0) == WIDTH / 2
    assert RatioAxis(4.0)(0.5) + RatioAxis(4.0)(2.0) == pytest.approx(WIDTH)
    assert "continues" not in render_comparison(comparison, ("a", "b"))
