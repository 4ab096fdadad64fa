"""A run that waits for another measurement on this machine: who holds it, and since when."""

import os
from pathlib import Path

import pytest

from loadstone.live.waiting import find_other_measurement
from loadstone.measure.machine_lock import NAME, Holder, try_machine_lock
from tests.support.live_campaign import NOW, begin, finish, log_of, plan_of, see, states

HOLDER = "b, repeat 2, by root (process 123) in /home/other since 16:00:00"


def wait(results: Path, suite: Path, text: str, ago: float = 1.0) -> None:
    """Write the log of the second run as it is while it waits; its first line is of an earlier second."""
    run = plan_of(suite).runs[1]
    log = log_of(results, run, f"11:59:00 {run.label}: waiting", f"12:00:00 {run.label}: {text}")
    os.utime(log, (NOW - ago, NOW - ago))


def test_who_waits_for_whom_and_since_when(results: Path, suite: Path) -> None:
    first, second, *_ = plan_of(suite).runs
    finish(results, first, NOW - 500)
    wait(results, suite, f"waiting for another measurement on this machine (90 s so far): {HOLDER}", ago=5)
    snapshot = see(results, suite)
    assert snapshot.state == "waiting"
    assert snapshot.waiting is not None
    assert (snapshot.waiting.what, snapshot.waiting.holder) == (second.label, HOLDER)
    assert snapshot.waiting.since == pytest.approx(NOW - 95)
    assert snapshot.sentence == "1 of 4 runs measured; the next one waits for another measurement on this machine."
    assert snapshot.ends is None, "nobody knows when it begins"
    assert states(snapshot) == ["done", "left", "left", "left"]


def test_holder_that_is_not_known(results: Path, suite: Path) -> None:
    wait(results, suite, "waiting for another measurement on this machine")
    waiting = see(results, suite).waiting
    assert waiting is not None
    assert (waiting.holder, waiting.since) == ("", NOW - 1)


def test_wait_that_is_over(results: Path, suite: Path) -> None:
    second = plan_of(suite).runs[1]
    text = f"waiting for another measurement on this machine: {HOLDER}"
    wait(results, suite, text, ago=120)
    assert see(results, suite).state == "idle", "it was killed: it would have reported again"
    wait(results, suite, text)
    begin(results, second, NOW)
    snapshot = see(results, suite)
    assert (snapshot.state, snapshot.waiting) == ("measuring", None)


def test_run_that_goes_on_does_not_wait(results: Path, suite: Path) -> None:
    wait(results, suite, "starting the server")
    assert see(results, suite).waiting is None


def test_measurement_of_others_is_seen_without_touching_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOADSTONE_LOCK_FOLDER", str(tmp_path))
    assert find_other_measurement(tmp_path) is None
    with try_machine_lock("c, repeat 1") as state:
        assert state.holder is None
        found = find_other_measurement(tmp_path)
        assert found is not None
        assert (found.what, found.pid) == ("c, repeat 1", os.getpid())
        assert find_other_measurement(Path.cwd()) is None, "a run of this campaign"
    assert find_other_measurement(tmp_path) is None
    left = Holder(what="crashed", user="root", pid=1, folder="/", since=NOW)
    (tmp_path / NAME).write_text(left.model_dump_json(), encoding="utf-8")
    assert find_other_measurement(tmp_path, lambda _: False) is None
    (tmp_path / NAME).write_text("nonsense", encoding="utf-8")
    assert find_other_measurement(tmp_path) is None
