"""What the live view shows before, during and after a campaign, and which requests its server answers."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from werkzeug.test import TestResponse

from loadstone.live.current_run import read_recent_rows
from loadstone.live.estimate import RunTime, estimate_extra_s, estimate_time_left_s
from loadstone.live.plan_source import ShownPlan, find_plan
from loadstone.live.server import Feed, create_app
from loadstone.live.snakemake_log import PlannedJobs, find_last_campaign
from loadstone.live.snapshot import Snapshot, take_snapshot
from loadstone.measure.live_status import LiveStatusFile
from loadstone.plan.schedule import Plan, Run, make_plan
from loadstone.results.failed import FAILED_JSON, FailedRun, write_failed_run
from loadstone.results.live import LIVE_JSON, LiveStatus, write_live_status
from loadstone.results.run_record import write_record
from loadstone.suite.load import load_suite
from loadstone.suite.settings import OVERHEAD_S
from tests.conftest import ROOT, wait_for
from tests.support.records import make_record

NOW = 1_800_000_000.0
TEXT = (
    "baselines: false\n"
    "defaults: {duration: 10s, warm_up: 1s, repeats: 2, load: {users: 10, spawn_rate: 10, workers: 2}}\n"
    "experiments: {a: {}, b: {}}\n"
)
SEARCH = "capacity: {most: {base: a, slo: p95 < 50ms, rates: [10, 100]}}\n"
EXPECTED_S = OVERHEAD_S + 1 + 1 + 10

Write = Callable[[str], Path]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def suite(write_suite: Write) -> Path:
    return write_suite(TEXT)


def see(results: Path, suite: Path | None, now: float = NOW, *, alive: bool = True) -> Snapshot:
    return take_snapshot(results, find_plan(suite, {}, results), now, lambda _: alive)


def plan_of(suite: Path) -> Plan:
    return make_plan(load_suite(suite))


def states(snapshot: Snapshot) -> list[str]:
    """List the runs' states in the plan's order."""
    return [item.state for item in snapshot.items]


def finish(results: Path, run: Run, began: float, took_s: float = EXPECTED_S) -> None:
    """Write a result as `loadstone measure` does, as far as the live view reads it."""
    record = make_record(load_started=began, window=(began + 4, began + 14))
    ended = record.state_after.model_copy(update={"time": began + took_s - 1})
    folder = results / "runs" / run.experiment / str(run.repeat)
    folder.mkdir(parents=True)
    write_record(record.model_copy(update={"run": run, "state_after": ended}), folder / "run.json")
    for name in ("requests.parquet", "processes.parquet", "threads.parquet", "sockets.parquet"):
        (folder / name).touch()
    os.utime(folder / "run.json", (began + took_s, began + took_s))


def log_of(results: Path, run: Run, *lines: str) -> Path:
    log = results / "logs" / run.experiment / f"{run.repeat}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return log


def break_off(results: Path, run: Run, error: str, when: float) -> Path:
    """Write what a broken run leaves: its log, and what it had recorded."""
    kept = results / "failed" / run.experiment / str(run.repeat)
    log_of(results, run, f"12:00:00 {run.label}: window", f"{run.label}: {error}; kept for inspection: {kept}")
    kept.mkdir(parents=True)
    failed = FailedRun(sentence=error, phase="window", time=when, times={}, requests=0, run=run)
    write_failed_run(failed, kept / FAILED_JSON)
    return kept


def stop(results: Path, run: Run, when: float) -> None:
    """Write what a stopped run leaves: its log."""
    log = log_of(results, run, f"12:00:00 {run.label}: window", f"{run.label}: stopped by SIGINT")
    os.utime(log, (when, when))


def begin(results: Path, run: Run, now: float, *, folder: str | None = None, **values: object) -> Path:
    """Write what a run has written five seconds into its window."""
    began = now - 10
    status = LiveStatus(
        pid=4711,
        run=run,
        time=now - 0.5,
        began=began,
        phase="window",
        phase_began=now - 5,
        times={"window_begin": now - 5},
        requests=400,
        failures=3,
        rates=((now - 1.5, 80.0), (now - 0.5, 120.0)),
        cpu={"server-worker": 0.5, "host": 1.5},
        cores=2,
    ).model_copy(update=values)
    scratch = results / (folder or f"runs/{run.experiment}/.{run.repeat}.measuring-4711")
    scratch.mkdir(parents=True)
    write_live_status(status, scratch / LIVE_JSON)
    return scratch


def row(ended: float, ms: float, failed: bool = False) -> list[object]:
    """Write a request as the recorder does for a live view."""
    return [ended, ms, failed]


def record(scratch: Path, worker: int, rows: list[list[object]]) -> None:
    (scratch / f"worker-{worker}.records.recent").write_bytes(orjson.dumps(rows))


def snakemake_log(results: Path, when: float, command: str, **jobs: int) -> None:
    """Write a log as Snakemake 9 does, up to the start of the first job."""
    name = time.strftime("%Y-%m-%dT%H%M%S", time.localtime(when))
    table = "".join(f"{job:<12}{count:>8}\n" for job, count in jobs.items())
    text = (
        f"Assuming unrestricted shared filesystem usage.\n\nSNAKEMAKE\n=========\n  Command: {command}\n\n"
        f"Building DAG of jobs...\nJob stats:\njob             count\n---------  -------\n{table}"
        f"total {sum(jobs.values())}\n\nSelect jobs to execute...\n"
    )
    log = results.parent / ".snakemake" / "log" / f"{name}.123456.snakemake.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text, encoding="utf-8")


# a campaign's files


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


def test_time_left_goes_by_what_runs_took(results: Path, suite: Path) -> None:
    """Runs began 25 s apart, and less was expected: the runs that are left take as much longer."""
    first, second, third, _ = plan_of(suite).runs
    finish(results, first, NOW - 60)
    finish(results, second, NOW - 35)
    begin(results, third, NOW)  # ten seconds ago
    snapshot = see(results, suite)
    assert snapshot.left_s == pytest.approx(25 + 15)
    assert snapshot.current is not None
    assert snapshot.current.expected_s == pytest.approx(25)


def test_server_that_answers_nothing_has_no_response_time(results: Path, suite: Path) -> None:
    scratch = begin(results, plan_of(suite).runs[0], NOW)
    record(scratch, 0, [row(NOW - 30, 10)])
    current = see(results, suite).current
    assert current is not None
    assert (current.answers, current.mean_ms, current.p95_ms) == (0, None, None)


def test_figures_are_not_shown_once_they_are_old(results: Path, suite: Path) -> None:
    begin(results, plan_of(suite).runs[0], NOW - 8, phase="collecting")
    current = see(results, suite).current
    assert current is not None
    assert (current.rps, current.answers, current.cpu) == (None, None, ())
    assert current.phase == "collecting"
    assert current.requests == 400


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


def test_result_with_other_values_is_left(results: Path, suite: Path) -> None:
    for number, run in enumerate(plan_of(suite).runs):
        finish(results, run, NOW - 500 + 20 * number)
    suite.write_text(TEXT.replace("b: {}", "b: {load: {think_time: 1}}"), encoding="utf-8")
    snapshot = see(results, suite)
    assert {item.name: item.state for item in snapshot.items} == {"a": "done", "b": "left"}
    assert {item.note for item in snapshot.items if item.name == "b"} == {"measured earlier with other settings"}


@pytest.mark.parametrize("name", ["run.json", "requests.parquet", "processes.parquet", "threads.parquet"])
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


def test_scratch_of_a_process_that_is_gone_is_no_run(results: Path, suite: Path) -> None:
    """Only a crash of the machine leaves such a folder."""
    begin(results, plan_of(suite).runs[0], NOW - 60)
    assert see(results, suite, alive=True).state == "measuring"
    assert see(results, suite, alive=False).state == "idle"
    assert see(results, suite, NOW + 7200, alive=True).state == "idle", "another process has its number by now"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}'])
def test_half_written_status_is_none(results: Path, suite: Path, text: str) -> None:
    scratch = begin(results, plan_of(suite).runs[0], NOW)
    (scratch / LIVE_JSON).write_text(text, encoding="utf-8")
    assert see(results, suite).state == "idle"


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


# a recorder's file


def test_newest_requests_are_read(tmp_path: Path) -> None:
    path = tmp_path / "recent"
    path.write_bytes(orjson.dumps([row(2, 20), row(3, 30, True)]))
    assert read_recent_rows(path) == [(2, 20, False), (3, 30, True)]


@pytest.mark.parametrize("content", [None, b"", b"\n", b"[[1.0, 2.0]]\n", b"nonsense\n", b'{"a": 1}\n', b"[[1.0"])
def test_file_without_usable_rows(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "recent"
    if content is not None:
        path.write_bytes(content)
    assert read_recent_rows(path) == []


# the estimate


def test_extra_is_the_median_from_begin_to_begin() -> None:
    over = [RunTime(0, 9, 10), RunTime(12, 21, 10), RunTime(24, 33, 10), RunTime(1000, 1009, 10)]
    assert estimate_extra_s(over, 1013) == 2, "12, 12, a pause, 13"
    assert estimate_extra_s(over[:1], None) == -1
    assert estimate_extra_s([], None) == 0


def test_time_left_is_never_negative() -> None:
    assert estimate_time_left_s([10, 20], 2, (10, 5)) == 12 + 22 + 7
    assert estimate_time_left_s([], 0, (10, 500)) == 0
    assert estimate_time_left_s([1], -5, None) == 0


# the status file


def test_status_file_tells_pace_and_goes(tmp_path: Path, suite: Path) -> None:
    """Two workers report once per second, at different moments."""
    records = [tmp_path / f"worker-{k}.records" for k in range(2)]
    totals = [path.with_name(path.name + ".totals") for path in records]
    times: dict[str, float] = {}
    status = LiveStatusFile(plan_of(suite).runs[0], tmp_path, times)
    status.enter_phase("warm-up")
    written = LiveStatus.model_validate_json((tmp_path / LIVE_JSON).read_bytes())
    assert (written.phase, written.pid, written.rates) == ("warm-up", os.getpid(), ())

    def report(requests: int, ago: float) -> None:
        for path, offset in zip(totals, (0.0, 0.3), strict=True):
            path.write_text(f"{requests} 1 0 0 0\n", encoding="ascii")
            when = time.time() - ago - offset
            os.utime(path, (when, when))

    def beat() -> LiveStatus:
        status.beat(300, 2, records, lambda: {"host": 1.23456})
        return LiveStatus.model_validate_json((tmp_path / LIVE_JSON).read_bytes())

    report(100, 1.2)
    assert [rate for _, rate in beat().rates] == [200]
    assert len(beat().rates) == 1, "a second is not over yet"
    report(150, 0.2)
    times["window_begin"] = 5.0
    wait_for(lambda: len(beat().rates) == 2, 5, "the next second")
    last = beat()
    assert 60 < last.rates[-1][1] < 140, "50 each, in about a second"
    assert (last.requests, last.failures, last.cpu, last.times) == (300, 2, {"host": 1.235}, {"window_begin": 5.0})
    assert {path.name for path in tmp_path.iterdir()} >= {LIVE_JSON}
    status.remove()
    assert not list(tmp_path.glob(f"*{LIVE_JSON}*"))


def test_status_that_cannot_be_written_breaks_nothing(tmp_path: Path, suite: Path) -> None:
    status = LiveStatusFile(plan_of(suite).runs[0], tmp_path / "gone", {})
    status.enter_phase("window")
    status.beat(1, 0, [tmp_path / "gone" / "worker-0.records"], dict)
    status.remove()


# the server

Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(results: Path, suite: Path) -> Ask:
    """Send requests to the application that listens on port 8650."""
    client = create_app(Feed(lambda: see(results, suite)), 8650).test_client()

    def ask(path: str, method: str = "GET", host: str = "127.0.0.1:8650", **headers: str) -> TestResponse:
        return client.open(path, method=method, headers=headers, environ_overrides={"HTTP_HOST": host})

    return ask


def test_page_allows_itself_and_nothing_else(ask: Ask) -> None:
    answer = ask("/")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    page = answer.get_data(as_text=True)
    assert set(re.findall(r"\w+://[^\"'\s]*", page)) == {"http://www.w3.org/2000/svg"}, "a name, not an address"
    assert not re.search(r"""\bon[a-z]+=["']|style=["']|<script src|<link rel="stylesheet""", page)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", page)


@pytest.mark.parametrize("path", ["/", "/events", "/snapshot.json", "/nothing"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_nothing_but_get(ask: Ask, path: str, method: str) -> None:
    answer = ask(path, method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8650", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8650.evil.example"),
        *("0.0.0.0:8650", "[::1]:8650", "127.0.0.1:8650,evil.example", ""),
    ],
)
@pytest.mark.parametrize("path", ["/", "/events", "/snapshot.json"])
def test_other_hosts_are_refused(ask: Ask, path: str, host: str) -> None:
    answer = ask(path, host=host)
    assert answer.status_code == 403
    assert answer.get_data(as_text=True) == "use http://127.0.0.1:8650/\n"


@pytest.mark.parametrize("host", ["127.0.0.1:8650", "localhost:8650", "LocalHost:8650"])
def test_own_names_are_answered(ask: Ask, host: str) -> None:
    assert ask("/snapshot.json", host=host).status_code == 200


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_pages_elsewhere_get_no_data(ask: Ask, site: str, status: int) -> None:
    header = {"Sec-Fetch-Site": site}
    assert ask("/snapshot.json", **header).status_code == status
    assert ask("/", **header).status_code == 200, "another site may link to the page"


def test_snapshot_as_data(ask: Ask) -> None:
    answer = ask("/snapshot.json")
    assert answer.mimetype == "application/json"
    assert answer.get_json()["sentence"].startswith("0 of 4 runs")


def test_many_viewers_share_one_reading(results: Path, suite: Path) -> None:
    readings: list[float] = []

    def take() -> Snapshot:
        readings.append(time.monotonic())
        return see(results, suite)

    feed = Feed(take)
    frames = [feed.latest() for _ in range(50)]
    assert len(readings) == 1
    assert all(frame is frames[0] for frame in frames)
    feed.wait()
    feed.latest()
    assert len(readings) == 2


# the command


def test_flask_is_not_needed_elsewhere() -> None:
    code = "import sys, loadstone.cli.app; print([m for m in ('flask', 'werkzeug') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


def test_known_plan_without_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_plan(None, {}, tmp_path / "results") == ShownPlan(None, "", None)


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
