"""From Locust's request events to requests.parquet."""

from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from locust.exception import CatchResponseError

from loadstone.measure import collect
from loadstone.measure.collect import collect_requests, locust_count
from locustfiles import recorder
from locustfiles.recorder import Recorder, kind_of


def fire(listener: object, number: int, **changes: object) -> None:
    """Tell the recorder of a request, as Locust does."""
    event = {
        "request_type": "GET",
        "name": "GET /albums",
        "response_time": 1.5,
        "response_length": 10,
        "response": SimpleNamespace(status_code=200, headers={"server-timing": "app;dur=0.25"}),
        "context": {"user": number},
        "exception": None,
        "start_time": 1000.0 + number,
        "url": "http://127.0.0.1/albums",
    }
    listener(**(event | changes))  # type: ignore[operator]


def test_every_field_arrives(tmp_path: Path) -> None:
    kept = Recorder(tmp_path / "w0")
    listener = kept.listener()
    fire(listener, 7)
    refused = SimpleNamespace(status_code=0, headers=None)
    fire(listener, 8, response=refused, response_length=0, exception=ConnectionRefusedError("127.0.0.1:1234"))
    kept.flush()

    assert collect_requests([tmp_path / "w0"], tmp_path / "requests.parquet") == 2
    first, second = pq.read_table(tmp_path / "requests.parquet").to_pylist()
    assert first == {
        "time": 1007.0,
        "endpoint": "GET /albums",
        "user": 7,
        "worker": 0,
        "response_ms": 1.5,
        "server_ms": 0.25,
        "bytes": 10,
        "status": 200,
        "error": None,
    }
    assert (second["status"], second["server_ms"], second["error"]) == (0, None, "ConnectionRefusedError")
    assert (tmp_path / "w0.totals").read_text("ascii").split() == ["2", "1"]


def test_memory_is_bounded_without_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_ROWS_HELD", 10)
    kept = Recorder(tmp_path / "w0")
    listener = kept.listener()
    for number in range(25):
        fire(listener, number)
    assert len((tmp_path / "w0").read_bytes().splitlines()) == 2, "two lines of ten, five rows held"


def test_last_line_of_a_killed_worker_is_passed_over(tmp_path: Path) -> None:
    kept = Recorder(tmp_path / "w0")
    listener = kept.listener()
    fire(listener, 1)
    kept.flush()
    fire(listener, 2)
    kept.flush()
    whole = (tmp_path / "w0").read_bytes()
    (tmp_path / "w0").write_bytes(whole[:-5])
    assert collect_requests([tmp_path / "w0"], tmp_path / "requests.parquet") == 1


def test_workers_are_told_apart_and_row_groups_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "ROWS_A_GROUP", 10)
    paths = [tmp_path / "w0", tmp_path / "w1", tmp_path / "never-started"]
    for worker, path in enumerate(paths[:2]):
        kept = Recorder(path)
        listener = kept.listener()
        for second in range(4):
            for number in range(4):
                fire(listener, 10 * worker + number, name=f"GET /{second}")
            kept.flush()
    target = tmp_path / "requests.parquet"
    assert collect_requests(paths, target) == 32
    rows = pq.read_table(target).to_pylist()
    assert {row["worker"] for row in rows if row["user"] >= 10} == {1}
    assert [row["endpoint"] for row in rows] == sorted(row["endpoint"] for row in rows), "second by second"
    assert max(pq.ParquetFile(target).metadata.row_group(n).num_rows for n in range(2)) <= 16


def test_no_requests_make_an_empty_table(tmp_path: Path) -> None:
    assert collect_requests([tmp_path / "none"], tmp_path / "requests.parquet") == 0
    assert pq.read_table(tmp_path / "requests.parquet").num_rows == 0


def test_kinds_of_failure_do_not_name_addresses() -> None:
    assert kind_of(CatchResponseError("HTTP 500")) == "HTTP 500"
    assert kind_of(TimeoutError("http://127.0.0.1:4711/albums/17")) == "TimeoutError"


def test_count_of_locusts_own_statistics(tmp_path: Path) -> None:
    path = tmp_path / "locust_stats.csv"
    path.write_text("Type,Name,Request Count\nGET,GET /albums,5\n,Aggregated,7\n", encoding="utf-8")
    assert locust_count(path) == 7
    assert locust_count(tmp_path / "none.csv") is None
