"""A campaign's state in one line."""

from dataclasses import replace
from pathlib import Path

import pytest

from loadstone.cli.run import find_suite
from loadstone.drive.display import PLAIN_INTERVAL_S, LiveLine, PlainLines
from loadstone.drive.lines import write_finished, write_intent, write_state
from loadstone.drive.targets import expand_targets, select_runs
from loadstone.errors import SuiteError
from loadstone.live.plan_items import PlanItem
from loadstone.live.snapshot import CurrentFigures, Snapshot
from loadstone.plan.schedule import Plan, make_plan
from loadstone.suite.load import load_suite

SUITE = """\
baselines: false
defaults: {repeats: 2}
experiments: {plain: {}, eager: {load: {think_time: 0}}}
sweeps: {workers: {vary: load.workers, values: [1, 2]}}
capacity: {most: {slo: p95 < 50ms}}
"""
ITEM = PlanItem(kind="experiment", name="checkout=main", repeat=2, expected_s=10.0, state="running")
CURRENT = CurrentFigures(
    name="checkout=main", repeat=2, search=None, in_plan=True, users=50, load_workers=1, server_workers=None,
    phase="window", phase_s=1.0, phase_length_s=5.0, elapsed_s=3.0, expected_s=10.0, silent_s=0.0, requests=1000,
    failures=0, rps=412.4, answers=400, failed_answers=0, mean_ms=9.0, p95_ms=18.04, rates=(), window=None, cpu=(),
    cores=2,
)  # fmt: skip
SNAPSHOT = Snapshot(
    time=0.0, source="", problems=(), state="measuring", sentence="", done=35, running=1, left=63, failed=1, share=0.3,
    share_failed=0.0, share_running=0.0, left_s=361.0, ends=1000.0,
    waiting=None, report="", results=(), items=(ITEM, *[replace(ITEM, state="left")] * 99),
    current=CURRENT,
)  # fmt: skip
REPEATS = {"checkout=main": 4}


def clock(_: float) -> str:
    return "16:42"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "suite.yaml").write_text(SUITE, encoding="utf-8")
    return make_plan(load_suite(tmp_path / "suite.yaml"))


def test_the_line_of_a_run_under_load() -> None:
    assert (
        write_state(SNAPSHOT, REPEATS, clock)
        == "[37/100] checkout=main 2/4 · 412/s · p95 18.0 ms · 6 min left, until 16:42"
    )


def test_the_end_stays_in_sight_beside_a_long_name() -> None:
    long = replace(ITEM, name="fifty-fast-users-with-four-workers")
    line = write_state(replace(SNAPSHOT, items=(long,)), REPEATS, clock)
    assert line.startswith("[37/1] fifty-fas…ur-workers 2/2 · ")
    assert len(line) <= 79
    assert line.endswith(" · 6 min left, until 16:42")


def test_failed_requests_are_counted() -> None:
    failing = replace(SNAPSHOT, current=replace(CURRENT, failures=1234))
    assert "· 1,234 failed ·" in write_state(failing, REPEATS, clock)


def test_without_load_the_line_has_the_phase() -> None:
    starting = replace(CURRENT, phase="starting the server", rps=None, p95_ms=None)
    line = write_state(replace(SNAPSHOT, current=starting, left_s=45.2, ends=None), REPEATS, clock)
    assert line == "[37/100] checkout=main 2/4 · starting the server · 45 s left"


def test_between_and_after_runs() -> None:
    pause = replace(SNAPSHOT, current=None, items=(replace(ITEM, state="left"),) * 3, done=1, failed=0, left_s=4800)
    assert write_state(pause, REPEATS, clock) == "[1/3] preparing the next run · 1 h 20 min left, until 16:42"
    over = replace(pause, done=3, left=0)
    assert write_state(over, REPEATS, clock) == "[3/3] computing results and the report"


def test_the_line_of_a_finished_run() -> None:
    assert (
        write_finished(ITEM, 37, SNAPSHOT, REPEATS, clock)
        == "[37/100] checkout=main 2/4 measured · 6 min left, until 16:42"
    )
    found = replace(ITEM, kind="search", name="most", note="p95 < 50ms holds up to 200/s")
    last = replace(SNAPSHOT, left=0)
    assert write_finished(found, 100, last, REPEATS, clock) == "[100/100] most: p95 < 50ms holds up to 200/s"


def test_a_sweep_stands_for_its_levels(plan: Plan) -> None:
    assert expand_targets(plan, ["workers", "plain", "workers=1"]) == ["workers=1", "workers=2", "plain"]
    assert expand_targets(plan, ["gate", "results/plan.json"]) == ["gate", "results/plan.json"]


def test_a_wrong_target_is_refused(plan: Plan) -> None:
    with pytest.raises(SuiteError, match=r"'eagre' is not a target of this suite; allowed: eager$"):
        expand_targets(plan, ["eagre"])
    with pytest.raises(SuiteError, match=r"allowed: eager, plain, .*most, all"):
        expand_targets(plan, ["zzz"])


def test_only_the_runs_of_the_targets_count(plan: Plan) -> None:
    assert len(select_runs(plan, []).runs) == len(plan.runs) == 8
    part = select_runs(plan, ["plain"])
    assert ({run.experiment for run in part.runs}, dict(part.suite.capacity)) == ({"plain"}, {})
    assert list(select_runs(plan, ["most"]).suite.capacity) == ["most"]
    assert select_runs(plan, ["plain", "report"]) == plan
    assert write_intent("s.yaml", part).startswith("s.yaml: 2 runs, about ")
    assert "8 runs and 1 capacity search" in write_intent("s.yaml", plan)


def test_the_suite_is_separated_from_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SuiteError, match=r"loadstone.yaml: no such suite in .*; `loadstone init` writes one"):
        find_suite(None, [])
    with pytest.raises(SuiteError, match="plain: no such suite; "):
        find_suite("plain", [])
    (tmp_path / "loadstone.yaml").touch()
    assert find_suite(None, []) == (Path("loadstone.yaml"), [])
    assert find_suite("plain", ["eager"]) == (Path("loadstone.yaml"), ["plain", "eager"])
    assert find_suite("none.yaml", ["eager"]) == (Path("none.yaml"), ["eager"])


def test_plain_lines_state_what_goes_on_every_half_minute(capsys: pytest.CaptureFixture[str]) -> None:
    display = PlainLines()
    for second in range(100):
        display.show_state(f"state {second}", second)
        if second == 40:
            display.report_finished("finished", second)
    assert capsys.readouterr().err.splitlines() == ["state 30", "finished", "state 70"]
    assert PLAIN_INTERVAL_S == 30


def test_the_live_line_fits_and_what_is_reported_stays(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    display = LiveLine()
    display.show_state("x" * 50 + "\x1b[31m", 0)
    display.report("failure")
    display.close()
    clear = "\r\x1b[2K"
    line = "x" * 19
    assert capsys.readouterr().err == f"{clear}{line}{clear}failure\n{line}{clear}"
