"""What the live view shows before, during and after a campaign."""

import json
from pathlib import Path

import pytest

from loadstone.live.plan_source import ShownPlan, find_plan
from loadstone.plan.schedule import Run
from tests.support.live_campaign import (
    EXPECTED_S,
    NOW,
    SEARCH,
    TEXT,
    Write,
    begin,
    break_off,
    finish,
    plan_of,
    record,
    row,
    see,
    states,
    stop,
)


def test_nothing_at_all(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    snapshot = see(results, None)
    assert snapshot.state == "empty"
    assert snapshot.items == ()
    assert snapshot.current is None
    assert snapshot.sentence == "There is no plan, and no run is being measured."


def test_before_the_campaign(results: Path, suite: Path) -> None:
    snapshot = see(results, suite)
    assert snapshot.state == "idle"
    assert states(snapshot) == ["left"] * 4
    assert snapshot.left_s == pytest.approx(4 * EXPECTED_S)
    assert snapshot.share == 0
    assert snapshot.sentence == "0 of 4 runs measured; no run is being measured now."


def test_without_a_suite_the_results_own_plan_is_shown(
    results: Path, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.mkdir()
    (results / "plan.json").write_text(plan_of(suite).model_dump_json(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert len(see(results, None).items) == 4


def test_known_plan_without_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_plan(None, {}, tmp_path / "results") == ShownPlan(None, "", None)


def test_half_done_and_one_in_its_window(results: Path, suite: Path) -> None:
    first, second, third, _ = plan_of(suite).runs
    finish(results, first, NOW - 60)
    finish(results, second, NOW - 35)
    scratch = begin(results, third, NOW)
    record(scratch, 0, [row(NOW - 9, 900), *(row(NOW - 0.9 + k / 100, 10.0 + k) for k in range(20))])
    record(scratch, 1, [row(NOW - 0.5, 30), row(NOW - 0.4, 5, failed=True)])
    snapshot = see(results, suite)
    assert snapshot.state == "measuring"
    assert states(snapshot) == ["done", "done", "running", "left"]
    assert (snapshot.done, snapshot.running, snapshot.left, snapshot.failed) == (2, 1, 1, 0)
    assert snapshot.share == pytest.approx(0.5)
    assert snapshot.share_running == pytest.approx(10 / EXPECTED_S / 4)
    current = snapshot.current
    assert current is not None
    assert (current.name, current.repeat, current.in_plan, current.users) == (third.experiment, third.repeat, True, 10)
    assert (current.phase, current.phase_length_s) == ("window", 10)
    assert (current.phase_s, current.elapsed_s, current.silent_s) == pytest.approx((5, 10, 0.5))
    assert (current.requests, current.failures, current.rps) == (400, 3, 120)
    assert (current.answers, current.failed_answers) == (22, 1), "the last line but one belongs to another second"
    assert current.mean_ms == pytest.approx((sum(range(10, 30)) + 30) / 21)
    assert current.p95_ms == pytest.approx(29), "the 20th of 21 successes"
    assert current.window == pytest.approx((5, 15))
    assert [rate for _, rate in current.rates] == [80, 120]
    assert [(cpu.role, cpu.cpus) for cpu in current.cpu] == [("Server workers", 0.5), ("Whole machine", 1.5)]
    assert snapshot.sentence == f"2 of 4 runs measured; {third.experiment} is being measured."


def test_broken_run_is_told_with_its_reason(results: Path, suite: Path) -> None:
    first, second, *_ = plan_of(suite).runs
    kept = break_off(results, first, "the server ended with exit code 1: no such module: nonsense", NOW - 30)
    finish(results, second, NOW - 25)
    snapshot = see(results, suite)
    assert states(snapshot) == ["failed", "done", "left", "left"]
    assert snapshot.items[0].note == "the server ended with exit code 1: no such module: nonsense"
    assert Path(snapshot.items[0].kept) == kept
    assert snapshot.left_s == pytest.approx(2 * (EXPECTED_S - 1)), "the failed run is not tried again"
    assert snapshot.state == "between"
    assert see(results, suite, NOW + 60).state == "idle"


def test_stopped_run_is_left(results: Path, suite: Path) -> None:
    first = plan_of(suite).runs[0]
    stop(results, first, NOW - 1)
    snapshot = see(results, suite)
    assert states(snapshot) == ["left"] * 4
    assert snapshot.items[0].note == "stopped by SIGINT"
    assert snapshot.state == "idle"


def test_run_that_is_tried_again_is_running(results: Path, suite: Path) -> None:
    first = plan_of(suite).runs[0]
    break_off(results, first, "the server ended with exit code 1", NOW - 30)
    begin(results, first, NOW)
    assert states(see(results, suite))[0] == "running"


def test_finished_campaign(results: Path, suite: Path) -> None:
    for number, run in enumerate(plan_of(suite).runs):
        finish(results, run, NOW - 500 + 20 * number)
    snapshot = see(results, suite)
    assert snapshot.state == "over"
    assert snapshot.share == pytest.approx(1)
    assert snapshot.left_s == 0
    assert snapshot.sentence == "All 4 runs are measured."


def test_over_with_a_failure(results: Path, suite: Path) -> None:
    first, *rest = plan_of(suite).runs
    break_off(results, first, "it broke", NOW - 600)
    for number, run in enumerate(rest):
        finish(results, run, NOW - 500 + 20 * number)
    snapshot = see(results, suite)
    assert snapshot.state == "over"
    assert snapshot.sentence == "3 of 4 runs measured, 1 failed; no run is left."


def test_run_of_another_suite_is_shown_and_named_so(results: Path, suite: Path) -> None:
    run = plan_of(suite).runs[0].model_copy(update={"experiment": "other"})
    begin(results, run, NOW, folder="runs/other/.1.measuring-4711")
    snapshot = see(results, suite)
    assert snapshot.current is not None
    assert not snapshot.current.in_plan
    assert states(snapshot) == ["left"] * 4
    assert snapshot.sentence == "The current run is not in this suite. Of this suite: 0 of 4 runs measured."


def test_probe_of_a_search(results: Path, suite: Path) -> None:
    suite.write_text(TEXT + SEARCH, encoding="utf-8")
    plan = plan_of(suite)
    search = plan.suite.capacity["most"]
    for number, run in enumerate(plan.runs):
        finish(results, run, NOW - 500 + 20 * number)
    probe = Run.model_construct(experiment="most", repeat=2, seed=1, **dict(search.settings.conditions))
    begin(results, probe, NOW, folder="searches/most/.probe-2.measuring-4711")
    snapshot = see(results, suite)
    assert states(snapshot) == ["done"] * 4 + ["running"]
    assert snapshot.items[-1].note.startswith(f"step 2 of about {search.expected_probes}")
    assert snapshot.current is not None
    assert (snapshot.current.search, snapshot.current.in_plan) == ("most", True)
    assert snapshot.left_s == pytest.approx((search.expected_probes - 1) * search.settings.expected_s - 10, abs=25)


def test_search_that_was_found(results: Path, suite: Path) -> None:
    suite.write_text(TEXT + SEARCH, encoding="utf-8")
    folder = results / "searches" / "most"
    folder.mkdir(parents=True)
    found = {
        "slo": "p95 < 50ms",
        "met_at": 40,
        "missed_at": 42,
        "sentence": "p95 < 50ms holds up to 40/s",
        "probes": [],
    }
    (folder / "search.json").write_text(json.dumps(found), encoding="utf-8")
    assert see(results, suite).items[-1].state == "done"
    (folder / "search.json").write_text(json.dumps(found | {"slo": "p99 < 50ms"}), encoding="utf-8")
    assert see(results, suite).items[-1].state == "left"


def test_suite_that_becomes_wrong_is_told_on_the_page(results: Path, suite: Path) -> None:
    begin(results, plan_of(suite).runs[0], NOW)
    suite.write_text("experiments: {a: {load: {users: many}}}", encoding="utf-8")
    snapshot = see(results, suite)
    assert len(snapshot.problems) == 1
    assert "'many' is not allowed" in snapshot.problems[0]
    assert snapshot.current is not None, "the run continues"


def test_run_of_a_users_own_load_and_server_is_shown(results: Path, write_suite: Write) -> None:
    suite = write_suite(
        "experiments: {a: {load: {locustfile: shop.py, classes: [Web], users: 5, spawn_rate: 5},"
        " server: {kind: external, url: 'http://127.0.0.1:8080', workers: 3}}}"
    )
    (suite.parent / "shop.py").write_text("from locust import HttpUser\nclass Web(HttpUser): pass\n", encoding="utf-8")
    plan = plan_of(suite)
    run = next(run for run in plan.runs if run.experiment == "a")
    begin(results, run, NOW)
    seen = see(results, suite)
    assert seen.current is not None
    assert (seen.current.name, seen.current.users, seen.current.server_workers) == ("a", 5, 3)
    assert "running" in states(seen)
