"""What proves nothing: single runs, unusable ones, metrics that no run knows."""

import re

import pytest

from loadstone.cli.compare import compare_folders
from loadstone.compare.model import (
    JUDGED,
    METRICS,
    Cause,
)
from loadstone.plan.schedule import Run
from loadstone.suite.verdict import Verdict
from tests.support.comparisons import (
    CANNOT_TELL,
    FASTER,
    SUITE,
    Made,
    Make,
    compared,
    findings,
    loadstone,
    output,
)


def test_one_repeat_shows_nothing_and_says_so(make: Make) -> None:
    before = make("before", text=SUITE.replace("repeats: 3", "repeats: 1"))
    after = make("after", lambda run: {"factor": 0.1})
    answer = loadstone(before, after, "--all", "--fail-on", "regression:5%")
    assert answer.returncode == 0
    single, unknown = answer.stderr.splitlines()
    assert single == (
        "loadstone: a single run has no interval: measure at least 2 repeats, before and after: other, steady"
    )
    assert unknown.startswith("loadstone: whether other processes used the machine was not recorded, ")
    assert answer.stdout.count("one run ") == 2 * len(METRICS)
    assert "2 can't tell" in answer.stdout
    assert "1 and 3 runs" in answer.stdout
    plain = loadstone(before, after)
    assert "at least 2 repeats" in plain.stdout
    assert plain.stderr == ""


@pytest.mark.parametrize(("kind", "remark"), [(Verdict.ERRORS, None), (Verdict.INVALID, "the run never settled")])
def test_unusable_runs_are_shown_and_never_judged(
    make: Make, capsys: pytest.CaptureFixture[str], kind: str, remark: str | None
) -> None:
    def broken(run: Run) -> Made:
        made = {"factor": 0.1, "verdict": kind, "remark": remark, "kinds": {"HTTPError 500": 600, "Timeout": 200}}
        return made if run.experiment == "steady" else {}

    folders = make("before"), make("after", broken)
    assert findings(compared(*folders))["steady"] == [CANNOT_TELL] * len(JUDGED) + [None]
    compare_folders(*folders, fail_on=["regression:5%"], everything=True)
    told = capsys.readouterr()
    reason = f"too few runs can be used: steady (after: 3 of 3 runs cannot be used ({kind}))"
    assert f"loadstone: can't tell: {reason}\n" in told.err
    assert f"Can't tell\n  {reason}\n" in told.out
    why = "800 of 4,000 requests failed (HTTPError 500, Timeout)" if kind == Verdict.ERRORS else remark
    assert f"steady: after, repeats 1, 2, 3: {kind}: {why}\n" in told.out
    assert " 40.0 " in re.sub(r"4\d\.\d", "40.0", told.out), "its throughput is shown"
    assert "slower" not in told.out
    backwards = compared(folders[1], folders[0])
    assert [c.experiment for c in backwards.experiments if c.not_judged] == ["steady"]
    assert not backwards.experiments_with(FASTER)


def test_single_unusable_run_is_left_out(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    def one_broken(run: Run) -> Made:
        broken = run.repeat == 2 and run.experiment == "steady"
        return {"factor": 0.01, "verdict": Verdict.INVALID, "remark": "X·(R+Z)/N = 0.5"} if broken else {}

    folders = make("before"), make("after", one_broken)
    (steady,) = [c for c in compared(*folders).experiments if c.experiment == "steady"]
    assert steady.runs == (3, 2)
    assert steady.metrics[0].ratio is not None
    assert steady.metrics[0].ratio.value == pytest.approx(1, abs=0.03)
    assert "steady: after, repeat 2: invalid figures: X·(R+Z)/N = 0.5" in output(capsys, *folders)


def test_half_of_the_runs_do_not_speak_for_all(make: Make) -> None:
    text = SUITE.replace("repeats: 3", "repeats: 4")
    after = make("after", lambda run: {"factor": 0.5} | ({"verdict": Verdict.ERRORS} if run.repeat > 2 else {}), text)
    found = compared(make("before", text=text), after).experiments
    assert {each.cause for each in found} == {Cause.UNUSABLE}


def test_metric_that_no_run_knows_is_not_judged(make: Make) -> None:
    comparison = compared(make("before"), make("after", lambda run: {"row": {"p95_ms": float("nan")}}))
    for experiment in comparison.experiments:
        by_metric = {change.metric: change for change in experiment.metrics}
        assert (by_metric["p95_ms"].finding, by_metric["p95_ms"].cause) == (CANNOT_TELL, Cause.UNKNOWN)
        assert by_metric["p95_ms"].after is None
        assert by_metric["p99_ms"].ratio is not None
