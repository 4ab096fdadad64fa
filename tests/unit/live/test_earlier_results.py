"""Which results of earlier campaigns the live view counts as done."""

from pathlib import Path

import pytest

from loadstone.live.past_runs import RUN_FILES
from loadstone.live.snakemake_log import PlannedJobs, find_last_campaign
from tests.support.live_campaign import NOW, TEXT, begin, break_off, finish, plan_of, see, snakemake_log, states


def test_result_with_other_values_is_left(results: Path, suite: Path) -> None:
    for number, run in enumerate(plan_of(suite).runs):
        finish(results, run, NOW - 500 + 20 * number)
    suite.write_text(TEXT.replace("b: {}", "b: {load: {think_time: 1}}"), encoding="utf-8")
    snapshot = see(results, suite)
    assert {item.name: item.state for item in snapshot.items} == {"a": "done", "b": "left"}
    assert {item.note for item in snapshot.items if item.name == "b"} == {"measured earlier with other settings"}


@pytest.mark.parametrize("name", RUN_FILES)
def test_incomplete_or_damaged_result_is_left(results: Path, suite: Path, name: str) -> None:
    first = plan_of(suite).runs[0]
    finish(results, first, NOW - 100)
    (results / "runs" / first.experiment / str(first.repeat) / name).unlink()
    assert states(see(results, suite)) == ["left"] * 4


def test_damaged_record_is_no_result(results: Path, suite: Path) -> None:
    first = plan_of(suite).runs[0]
    finish(results, first, NOW - 100)
    (results / "runs" / first.experiment / str(first.repeat) / "run.json").write_text("{", encoding="utf-8")
    assert states(see(results, suite)) == ["left"] * 4


def test_results_of_earlier_code_are_left_while_all_is_measured_again(results: Path, suite: Path) -> None:
    runs = plan_of(suite).runs
    for number, run in enumerate(runs):
        finish(results, run, NOW - 5000 + 20 * number)
    snakemake_log(results, NOW - 50, "snakemake --cores all --config suite=suite.yaml", measure=4, summarise=4)
    assert states(see(results, suite)) == ["left"] * 4
    assert {item.note for item in see(results, suite).items} == {"measured earlier with other code"}


def test_oldest_results_are_those_of_earlier_code(results: Path, suite: Path) -> None:
    """Two of four were measured again before a stop; Snakemake then planned the other two."""
    runs = plan_of(suite).runs
    for run, began in zip(runs, (NOW - 900, NOW - 800, NOW - 5000, NOW - 4900), strict=True):
        finish(results, run, began)
    snakemake_log(results, NOW - 50, "snakemake --config suite=suite.yaml", measure=2)
    assert states(see(results, suite)) == ["done", "done", "left", "left"]


def test_results_count_where_only_what_is_missing_is_measured(results: Path, suite: Path) -> None:
    first, second, third, _ = plan_of(suite).runs
    finish(results, first, NOW - 5000)
    finish(results, second, NOW - 40)
    begin(results, third, NOW)
    snakemake_log(results, NOW - 50, "snakemake --config suite=suite.yaml", measure=3)
    assert states(see(results, suite)) == ["done", "done", "running", "left"]


def test_failure_of_an_earlier_campaign_is_left(results: Path, suite: Path) -> None:
    break_off(results, plan_of(suite).runs[0], "it broke", NOW - 500)
    snakemake_log(results, NOW - 50, "snakemake --config suite=suite.yaml", measure=4)
    snapshot = see(results, suite)
    assert states(snapshot) == ["left"] * 4
    assert snapshot.items[0].note == "failed in an earlier campaign: it broke"


def test_campaign_is_the_last_that_measured_this_suite(results: Path, suite: Path) -> None:
    snakemake_log(results, NOW - 400, "snakemake --config suite=config/suite.yaml duration=5s", measure=4, search=2)
    snakemake_log(results, NOW - 300, "snakemake --config suite=other.yaml", measure=9)
    snakemake_log(results, NOW - 200, "snakemake", measure=8)
    snakemake_log(results, NOW - 100, "snakemake --config suite=suite.yaml", summarise=4, report=1)
    snakemake_log(results, NOW - 50, "snakemake --lint")
    assert find_last_campaign(results.parent, suite) == PlannedJobs(NOW - 400, 4, 2)
    assert find_last_campaign(results.parent, Path("config/config.yaml")) == PlannedJobs(NOW - 200, 8, 0)
    assert find_last_campaign(results.parent, None) == PlannedJobs(NOW - 200, 8, 0)
    assert find_last_campaign(results, suite) is None
