"""From Locust's request events to `requests.parquet`: what is kept of each request.

Importing Locust patches the whole process, so the recorder runs in processes of its own, as it does in a run.
"""

import json
import time
from pathlib import Path

import msgpack
import pyarrow.parquet as pq
import pytest

from loadstone.measure import collect_requests as module
from loadstone.measure.collect_requests import collect_requests
from tests.support.recording import BEGAN, Record


def test_every_field_arrives(record: Record, tmp_path: Path) -> None:
    path = record(
        "w0",
        "fire(listener, 7)\n"
        "error = ConnectionRefusedError('127.0.0.1:1234')\n"
        "fire(listener, 8, response=REFUSED, response_length=0, exception=error)\n"
        "kept.flush()\n",
    )
    assert collect_requests([path], tmp_path / "requests.parquet") == 2
    first, second = pq.read_table(tmp_path / "requests.parquet").to_pylist()
    assert first == {
        "time": BEGAN + 7,
        "endpoint": "GET /albums",
        "user": 7,
        "worker": 0,
        "response_ms": 1.5,
        "server_ms": 0.25,
        "bytes": 10,
        "status": 200,
        "error": None,
        "intended": None,
    }
    assert (second["status"], second["server_ms"], second["error"]) == (0, None, "connection refused")
    assert (tmp_path / "w0.totals").read_text("ascii").split() == ["2", "1", "0", "0", "0"]


def test_when_a_request_was_to_begin_is_kept(record: Record, tmp_path: Path) -> None:
    path = record("w0", "fire(listener, 7, intended=BEGAN + 6.5)\nkept.flush()\n")
    collect_requests([path], tmp_path / "requests.parquet")
    [row] = pq.read_table(tmp_path / "requests.parquet").to_pylist()
    assert (row["time"], row["intended"]) == (BEGAN + 7, BEGAN + 6.5)
    recent = json.loads((tmp_path / "w0.recent").read_text("ascii"))
    assert recent == [[pytest.approx(BEGAN + 7.0015), pytest.approx(501.5), False]], (
        "for the live view, the response time counts from when it was due"
    )


def test_memory_is_bounded_without_the_clock(record: Record) -> None:
    path = record(
        "w0",
        "recorder.MAX_ROWS_HELD = 10\nfor number in range(25):\n    fire(listener, number)\n",
    )
    arrays = list(msgpack.Unpacker(path.open("rb")))
    assert [len(rows) for rows in arrays] == [10, 10], "the process ended with five rows held"


def test_last_array_of_a_killed_worker_is_passed_over(record: Record, tmp_path: Path) -> None:
    path = record("w0", "fire(listener, 1); kept.flush(); fire(listener, 2); kept.flush()")
    path.write_bytes(path.read_bytes()[:-5])
    assert collect_requests([path], tmp_path / "requests.parquet") == 1


def test_workers_are_told_apart_and_row_groups_bounded(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS_PER_GROUP", 10)
    paths = [
        record(
            f"w{worker}",
            "for second in range(4):\n"
            "    for number in range(4):\n"
            f"        fire(listener, 10 * {worker} + number, name=f'/{{second}}')\n"
            "    kept.flush()\n",
        )
        for worker in (0, 1)
    ]
    target = tmp_path / "requests.parquet"
    assert collect_requests([*paths, tmp_path / "never-started"], target) == 32
    rows = pq.read_table(target).to_pylist()
    assert {row["worker"] for row in rows if row["user"] >= 10} == {1}
    assert [row["endpoint"] for row in rows] == sorted(row["endpoint"] for row in rows), "second by second"
    metadata = pq.ParquetFile(target).metadata
    assert metadata.num_row_groups > 1
    assert max(metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)) <= 16


def test_no_requests_make_an_empty_table(tmp_path: Path) -> None:
    assert collect_requests([tmp_path / "none"], tmp_path / "requests.parquet") == 0
    assert pq.read_table(tmp_path / "requests.parquet").num_rows == 0


def test_kinds_of_failure_do_not_name_addresses(record: Record, tmp_path: Path) -> None:
    path = record(
        "w0",
        "from locust.exception import CatchResponseError\n"
        "fire(listener, 1, exception=CatchResponseError('HTTP 500'))\n"
        "fire(listener, 2, exception=TimeoutError('http://127.0.0.1:4711/albums/17'))\n"
        "kept.flush()\n",
    )
    collect_requests([path], tmp_path / "requests.parquet")
    kinds = pq.read_table(tmp_path / "requests.parquet").column("error").to_pylist()
    assert kinds == ["HTTP 500", "timed out"]


def test_anything_that_a_client_reports_is_kept(record: Record, tmp_path: Path) -> None:
    """Four fields are enough, and values of any type: a tuple as an exception, no response, a size of None."""
    path = record(
        "w0",
        "listener(request_type='grpc', name='Hello', response_time=None, response_length=0)\n"
        "fire(listener, 1, request_type='odd', name='tuple', exception=('timed out', 3), response=object())\n"
        "fire(listener, 2, request_type='odd', name='text', exception='just text', response=None, start_time=None)\n"
        "fire(listener, 3, response_length=None, name=7, exception=KeyError('x'))\n"
        "unavailable = SimpleNamespace(status_code=503, headers=None)\n"
        "fire(listener, 4, response=unavailable, exception=ValueError('bad status'))\n"
        "kept.flush()\n",
    )
    assert collect_requests([path], tmp_path / "requests.parquet") == 5
    rows = pq.read_table(tmp_path / "requests.parquet").to_pylist()
    assert [row["endpoint"] for row in rows] == ["grpc Hello", "odd tuple", "odd text", "GET 7", "GET /albums"]
    assert [row["user"] for row in rows] == [None, 1, 2, 3, 4]
    assert [row["error"] for row in rows] == [None, "('timed out', 3)", "just text", "KeyError", "HTTP 503"]
    assert [row["status"] for row in rows] == [0, 0, 0, 200, 503]
    assert rows[0]["time"] == pytest.approx(time.time(), abs=60)


def test_times_that_are_none_are_counted(record: Record, tmp_path: Path) -> None:
    """A start by another clock would put a request outside of every window without a trace."""
    path = record(
        "w0",
        "import time, datetime, decimal\n"
        "fire(listener, 1, start_time=time.perf_counter())\n"
        "fire(listener, 1, start_time=datetime.datetime.now())\n"
        "fire(listener, 1, start_time=int(time.time()), response_time=decimal.Decimal('2.5'))\n"
        "fire(listener, 1, start_time=None, response_time=None)\n"
        "fire(listener, 1, start_time=None, response_time=float('nan'))\n"
        "kept.flush()\n",
    )
    assert collect_requests([path], tmp_path / "requests.parquet") == 5
    rows = pq.read_table(tmp_path / "requests.parquet").to_pylist()
    assert all(abs(row["time"] - time.time()) < 60 for row in rows)
    assert [row["response_ms"] for row in rows] == [1.5, 1.5, 2.5, 0.0, 0.0]
    assert (tmp_path / "w0.totals").read_text("ascii").split() == ["5", "0", "0", "0", "4"]


def test_one_odd_value_leaves_the_other_rows_as_they_are(record: Record, tmp_path: Path) -> None:
    path = record(
        "w0",
        "fire(listener, 7, intended=BEGAN + 6.5, start_time=None)\n"
        "fire(listener, 8, name='/\\udc80', response_length=2**70, exception='text')\n"
        "kept.flush()\n",
    )
    assert collect_requests([path], tmp_path / "requests.parquet") == 2
    first, second = pq.read_table(tmp_path / "requests.parquet").to_pylist()
    assert (first["endpoint"], first["user"], first["error"], first["intended"]) == (
        "GET /albums",
        7,
        None,
        BEGAN + 6.5,
    )
    assert (second["endpoint"], second["user"], second["error"]) == ("GET /\\udc80", 8, "text")
