"""When two campaigns differ: what is slower or faster, and what is noise."""

import re
from pathlib import Path

import numpy as np
import orjson
import pytest

from loadstone.cli.compare import compare_folders
from loadstone.compare.fail_on import list_failures, list_undecided, parse_fail_on
from loadstone.compare.judge import compare_campaigns, judge_ratio
from loadstone.errors import GateError
from loadstone.plan.schedule import Run
from loadstone.suite.verdict import Verdict
from loadstone.theory.intervals import Interval
from tests.support.comparisons import (
    CANNOT_TELL,
    FASTER,
    NO_CHANGE,
    SLOWER,
    SUITE,
    Made,
    Make,
    compared,
    findings,
    loadstone,
    output,
    refusal,
    side,
    slower,
)


def faster(run: Run) -> Made:
    return {"factor": 1.3} if run.experiment == "steady" else {}


@pytest.mark.parametrize(
    ("low", "value", "high", "if_lower_is_better", "if_higher_is_better"),
    [
        (1.06, 1.10, 1.20, SLOWER, FASTER),
        (1.01, 1.06, 1.11, SLOWER, FASTER),
        (0.80, 0.90, 0.94, FASTER, SLOWER),
        (1.01, 1.04, 1.07, CANNOT_TELL, CANNOT_TELL),
        (0.99, 1.08, 1.18, CANNOT_TELL, CANNOT_TELL),
        (0.80, 1.00, 1.20, CANNOT_TELL, CANNOT_TELL),
        (0.97, 1.00, 1.04, NO_CHANGE, NO_CHANGE),
        (1.01, 1.02, 1.04, NO_CHANGE, NO_CHANGE),
        (None, 1.50, None, CANNOT_TELL, CANNOT_TELL),
    ],
)
def test_change_needs_an_interval_without_1_and_a_ratio_beyond_the_margin(
    low: float | None, value: float, high: float | None, if_lower_is_better: str, if_higher_is_better: str
) -> None:
    ratio = Interval(value=value, low=low, high=high, runs=3)
    assert judge_ratio(ratio, 0.05, higher_is_better=False) == if_lower_is_better
    assert judge_ratio(ratio, 0.05, higher_is_better=True) == if_higher_is_better


def test_ratio_is_after_over_before_of_geometric_means(make: Make) -> None:
    before = make("before", lambda run: {"factor": (1.0, 1.05, 1.1)[run.repeat - 1]})
    (steady,) = [c for c in compared(before, make("after", slower)).experiments if c.experiment == "steady"]
    for change in steady.metrics:
        assert change.ratio is not None
        assert change.before is not None
        assert change.after == pytest.approx(change.before * change.ratio.value)
    throughput = steady.metrics[0]
    assert throughput.before == pytest.approx(400 * 1.05, rel=0.02)
    assert throughput.after == pytest.approx(320, rel=0.02)


def test_slower_experiment_is_found_and_fails(make: Make) -> None:
    answer = loadstone(make("before"), make("after", slower), "--fail-on", "regression:5%")
    assert answer.returncode == 1
    (line,) = [line for line in answer.stderr.splitlines() if line.startswith("loadstone: steady")]
    assert re.match(
        r"loadstone: steady: slower \(margin 5 %\): throughput \d+ → \d+ /s, ratio 0\.\d{3}, 99\.167 % int", line
    )
    assert all(f"{name} " in line for name in ("mean", "p95"))
    assert answer.stdout.startswith("2 experiments, margin 5 %: 1 slower (steady); 1 ")
    assert max(map(len, answer.stdout.splitlines()[3:])) <= 100


def test_slower_experiment_fails_only_where_asked_and_beyond_what_is_asked(make: Make) -> None:
    folders = make("before"), make("after", slower)
    assert loadstone(*folders).returncode == 0
    compare_folders(*folders, fail_on=["verdict"])
    compare_folders(*folders, fail_on=["regression:60%"])
    with pytest.raises(GateError):
        compare_folders(*folders, fail_on=["regression:60%", "regression:10%"])


def test_one_slow_percentile_is_enough(make: Make) -> None:
    def slow_tail(run: Run) -> Made:
        return {"row": {"p95_ms": 200.0 + run.repeat}} if run.experiment == "other" else {}

    answer = refusal(make("before"), make("after", slow_tail), fail_on=["regression:5%"])
    assert str(answer).startswith("other: slower (margin 5 %): p95 ")
    assert "mean" not in str(answer)


def test_percentile_of_few_requests_is_shown_and_not_judged(make: Make) -> None:
    def few(run: Run) -> Made:
        return {"row": {"requests": 199, "p95_ms": 200.0 + run.repeat}}

    for experiment in compared(make("before"), make("after", few)).experiments:
        by_metric = {change.metric: change for change in experiment.metrics}
        assert by_metric["p95_ms"].finding is by_metric["p99_ms"].finding is None
        assert by_metric["p95_ms"].ratio is not None


@pytest.mark.parametrize("verdict", [Verdict.THINK_TIME, Verdict.ARRIVAL_RATE])
def test_throughput_that_the_load_sets_is_shown_and_not_judged(make: Make, verdict: Verdict) -> None:
    def waiting(run: Run) -> Made:
        return {"verdict": verdict, "row": {"throughput_rps": 100.0 + run.repeat}}

    for experiment in compared(make("before"), make("after", waiting)).experiments:
        throughput = experiment.metrics[0]
        assert (throughput.finding, throughput.ratio is None) == (None, False)


def test_faster_experiment_is_found_and_never_fails(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    folders = make("before"), make("after", faster)
    assert findings(compared(*folders))["steady"] == [FASTER, FASTER, FASTER, None]
    text = output(capsys, *folders, fail_on=["regression:5%", "verdict"])
    assert "1 faster (steady)" in text
    assert "slower" not in text


def test_only_what_changed_is_listed_unless_everything_is_asked_for(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders, markdown = (make("before"), make("after", slower)), tmp_path / "summary.md"
    rows = re.compile(r"^(steady|other) +throughput", re.MULTILINE)
    text = output(capsys, *folders, markdown=markdown)
    assert rows.findall(text) == ["steady"]
    assert text.endswith("--all lists the figures of 1 experiment more.\n")
    assert "| other |" not in markdown.read_text("utf-8")
    text = output(capsys, *folders, markdown=markdown, everything=True)
    assert rows.findall(text) == ["other", "steady"]
    assert "--all" not in text
    assert "| other |" in markdown.read_text("utf-8")


def test_campaign_compared_with_itself_shows_no_change_anywhere(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where a single run counts, or none can be used."""

    def mixed(run: Run) -> Made:
        return {"verdict": Verdict.ERRORS} if run.experiment == "other" else {}

    folder, page = make("before", mixed, SUITE.replace("repeats: 3", "repeats: 1")), tmp_path / "page.html"
    answer = loadstone(folder, folder, "--json", "--fail-on", "regression:5%", "--html", page)
    assert (answer.returncode, answer.stderr) == (0, "")
    found = orjson.loads(answer.stdout)["experiments"]
    assert {name: each["finding"] for name, each in found.items()} == {"other": "no change", "steady": "no change"}
    assert "2 experiments, margin 5 %: 2 no change; no verdict changed" in page.read_text("utf-8")


def test_noise_is_never_called_slower() -> None:
    rng, fail_on = np.random.default_rng(1), parse_fail_on(["regression:5%", "verdict"])
    for _ in range(200):
        comparison = compare_campaigns(side(rng), side(rng), fail_on.margin)
        assert list_failures(comparison, fail_on) == list_undecided(comparison, fail_on) == []
        assert not comparison.experiments_with(FASTER)


def test_change_of_three_margins_is_found() -> None:
    rng = np.random.default_rng(3)
    found = [compare_campaigns(side(rng), side(rng, 1.15), 0.05).experiments[0].finding for _ in range(200)]
    assert found.count(SLOWER) >= 190
