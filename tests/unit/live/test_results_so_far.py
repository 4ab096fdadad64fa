"""Results of finished runs while a campaign goes on, and the report at its end."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from loadstone.lifecycle.campaign_lock import CampaignEntry
from loadstone.live.plan_source import find_plan
from loadstone.live.results_so_far import MAX_AT_ONCE, ResultSoFar, ResultsSoFar
from loadstone.live.snapshot import Snapshot, take_snapshot
from loadstone.results.json_file import to_json
from loadstone.results.verdicts import read_verdicts
from loadstone.suite.verdict import Verdict
from tests.support import made_up, synthetic
from tests.support.live_campaign import NOW, begin, plan_of

Write = Callable[[str], Path]
SUITE = """\
baselines: false
defaults: {duration: 10s, warm_up: 1s, repeats: 2, load: {users: 20, spawn_rate: 10, think_time: [0.5, 1]}}
experiments: {paused: {}, other: {load: {users: 10}}}
"""


@pytest.fixture
def suite(write_suite: Write) -> Path:
    return write_suite(SUITE)


@pytest.fixture
def look(results: Path, suite: Path) -> Callable[[], Snapshot]:
    """Look at the results again and again, as the live view does each second."""
    so_far = ResultsSoFar(results)
    return lambda: take_snapshot(results, find_plan(suite, {}, results), NOW, results_so_far=so_far)


def by_name(snapshot: Snapshot) -> dict[str, ResultSoFar]:
    return {each.name: each for each in snapshot.results}


def test_finished_runs_are_summarised_while_no_load_runs(
    results: Path, suite: Path, look: Callable[[], Snapshot]
) -> None:
    runs = plan_of(suite).runs
    assert look().results == ()
    synthetic.write_run(results, runs[0], 0)
    loaded = begin(results, runs[1], NOW)
    assert look().results == (), "a load runs, which a summary would disturb"
    (loaded / "live.json").unlink()
    begin(results, runs[1], NOW, folder=f"runs/{runs[1].experiment}/.1.measuring-4712", phase="collecting")
    [found] = look().results
    assert (found.name, found.runs, found.sound) == (runs[0].experiment, 1, True)
    users = runs[0].load.users
    assert found.rps == pytest.approx(users / 0.754, rel=0.1)
    assert found.p50_ms == pytest.approx(4, rel=0.2)
    assert found.failed == 0
    assert (found.limit, found.phrase) == (Verdict.THINK_TIME, f"limited by {Verdict.THINK_TIME}")


def test_many_runs_are_summarised_a_few_at_a_time(results: Path, suite: Path, look: Callable[[], Snapshot]) -> None:
    runs = plan_of(suite).runs
    for number, run in enumerate(runs[:3]):
        synthetic.write_run(results, run, number)
    assert sum(each.runs for each in look().results) == MAX_AT_ONCE == 2
    assert len(look().results) == 2
    assert sum(each.runs for each in look().results) == 3
    synthetic.write_run(results, runs[3], 3)
    broken = results / "runs" / runs[3].experiment / str(runs[3].repeat) / "processes.parquet"
    broken.write_bytes(b"nonsense")
    assert sum(each.runs for each in look().results) == 3, "the workflow reports what is wrong with it"


def finish_campaign(results: Path, suite: Path) -> None:
    """Write the results of a whole campaign, summaries and verdicts included."""
    plan, rng = plan_of(suite), np.random.default_rng(8)
    for number, run in enumerate(plan.runs):
        made_up.write_run(results, run, number, made_up.EAGER | made_up.thinking(run, rng))
        folder = results / "runs" / run.experiment / str(run.repeat)
        for name in ("requests", "processes", "threads", "sockets"):
            (folder / f"{name}.parquet").touch()
        (results / "summaries" / run.experiment / str(run.repeat) / "SHA256SUMS").touch()
    made_up.analyse(plan, results)


def test_at_the_end_results_are_the_reports_own(results: Path, suite: Path, look: Callable[[], Snapshot]) -> None:
    finish_campaign(results, suite)
    verdicts = read_verdicts(results / "verdicts.json")
    assert {each.name: each.runs for each in look().results} == {"other": 2, "paused": 2}
    other = verdicts.experiments["other"].model_copy(update={"verdict": Verdict.SERIAL_SECTION})
    compared = verdicts.model_copy(update={"experiments": verdicts.experiments | {"other": other}})
    (results / "verdicts.json").write_bytes(to_json(compared))
    found = by_name(look())
    assert found["other"].limit == Verdict.SERIAL_SECTION, "only a comparison of experiments shows it"
    assert found["paused"].limit == verdicts.experiments["paused"].verdict


def test_report_is_offered_when_it_is_of_these_runs(
    results: Path, suite: Path, look: Callable[[], Snapshot], tmp_path: Path
) -> None:
    finish_campaign(results, suite)
    assert (look().state, look().report) == ("over", "")
    page = tmp_path / "report" / "index.html"
    page.parent.mkdir()
    page.write_text("<!doctype html>", encoding="utf-8")
    os.utime(page, (1, 1))
    assert look().report == "", "of an earlier campaign"
    os.utime(page)
    assert look().report == str(page)
    entry = CampaignEntry(tmp_path / ".snakemake")
    entry.mark_running()
    assert (look().state, look().report) == ("finishing", "")
    assert look().sentence == "All 4 runs are measured; the results are being computed."


def test_campaign_whose_process_runs_is_between_two_runs(
    results: Path, suite: Path, look: Callable[[], Snapshot], tmp_path: Path
) -> None:
    assert look().state == "idle"
    entry = CampaignEntry(tmp_path / ".snakemake")
    entry.mark_running()
    snapshot = look()
    assert snapshot.state == "between"
    assert snapshot.ends == pytest.approx(NOW + snapshot.left_s)
