"""The run that is being measured: its status file, and the figures of its last second."""

import os
import time
from pathlib import Path

import orjson
import pytest

from loadstone.live.current_run import read_recent_rows
from loadstone.measure.live_status import LiveStatusFile
from loadstone.results.live import LIVE_JSON, LiveStatus
from tests.conftest import wait_for
from tests.support.live_campaign import NOW, begin, plan_of, record, row, see


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
