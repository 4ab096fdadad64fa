"""From Locust's request events to `requests.parquet`.

Importing Locust patches the whole process, so the recorder runs in processes of its own, as it does in a run.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from loadstone.measure import collect_requests as module
from loadstone.measure.collect_requests import collect_requests, read_locust_count
from tests.conftest import ROOT

PRELUDE = """
import sys
from pathlib import Path
from types import SimpleNamespace
from locustfiles import recorder

ANSWERED = SimpleNamespace(status_code=200, headers={"server-timing": "app;dur=0.25"})
REFUSED = SimpleNamespace(status_code=0, headers=None)

def fire(listener, number, **changes):
    event = {
        "request_type": "GET", "name": "GET /albums", "response_time": 1.5, "response_length": 10, "response": ANSWERED,
        "context": {"user": number, "intended": None}, "exception": None, "start_time": 1000.0 + number, "url": "http://127.0.0.1/albums",
    }
    listener(**(event | changes))

kept = recorder.Recorder(Path(sys.argv[1]))
listener = kept.listener()
"""

Record = Callable[[str, str], Path]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Run code with a recorder `kept` and its `listener`; return the recorder's file."""

    def run(name: str, code: str) -> Path:
        path = tmp_path / name
        subprocess.run([sys.executable, "-c", PRELUDE + code, str(path)], cwd=ROOT, check=True)
        return path

    return run


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
        "time": 1007.0,
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
    assert (tmp_path / "w0.totals").read_text("ascii").split() == ["2", "1"]


def test_when_a_request_was_to_begin_is_kept(record: Record, tmp_path: Path) -> None:
    path = record("w0", "fire(listener, 7, context={'user': 7, 'intended': 1006.5})\nkept.flush()\n")
    collect_requests([path], tmp_path / "requests.parquet")
    [row] = pq.read_table(tmp_path / "requests.parquet").to_pylist()
    assert (row["time"], row["intended"]) == (1007.0, 1006.5)


def test_memory_is_bounded_without_the_clock(record: Record) -> None:
    path = record(
        "w0",
        "recorder.MAX_ROWS_HELD = 10\nfor number in range(25):\n    fire(listener, number)\n",
    )
    assert len(path.read_bytes().splitlines()) == 2, "two lines of ten; the process ended with five rows held"


def test_last_line_of_a_killed_worker_is_passed_over(record: Record, tmp_path: Path) -> None:
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
            f"        fire(listener, 10 * {worker} + number, name=f'GET /{{second}}')\n"
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


@pytest.mark.parametrize("number", ["EMFILE", "EADDRNOTAVAIL"])
def test_worker_without_means_ends_and_says_so(tmp_path: Path, number: str) -> None:
    """A failure of the machine that loads is not counted as one of the server."""
    code = f"import errno\nfire(listener, 1, exception=OSError(errno.{number}, 'refused'))"
    answer = subprocess.run(
        [sys.executable, "-c", PRELUDE + code, str(tmp_path / "w0")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 71
    assert answer.stderr.startswith("cannot send more requests: ")


def test_worker_that_can_not_record_ends(tmp_path: Path) -> None:
    code = "fire(listener, 1); kept.flush()"
    answer = subprocess.run(
        [sys.executable, "-c", PRELUDE + code, "/dev/full"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 74
    assert answer.stderr == "/dev/full: cannot be written: No space left on device\n"


def test_count_of_locusts_own_statistics(tmp_path: Path) -> None:
    path = tmp_path / "locust_stats.csv"
    path.write_text("Type,Name,Request Count\nGET,GET /albums,5\n,Aggregated,7\n", encoding="utf-8")
    assert read_locust_count(path) == 7
    assert read_locust_count(tmp_path / "none.csv") is None


def test_a_users_requests_depend_on_seed_and_number_alone() -> None:
    """In two processes with one seed, each user sends the same requests in the same order and thinks as long."""
    code = """
import itertools
import json
from types import SimpleNamespace
from locustfiles import albums

def requests_of(seed, number):
    user = albums.AlbumUser()
    options = SimpleNamespace(seed=seed, mix={"list_albums": 3, "get_album": 3, "create_album": 2}, albums=9,
                            waiting={"uniform": [1, 2]}, id_prefix="")
    user.environment = SimpleNamespace(parsed_options=options)
    albums._user_numbers = itertools.count(number)
    user.on_start()
    tasks = albums.AlbumTasks.__new__(albums.AlbumTasks)  # skips Locust's __init__, which needs a whole environment
    tasks._user = user
    return [(tasks.get_next_task().__name__, user.wait_time(), user.new_album()) for _ in range(50)]

print(json.dumps([requests_of(5, 0), requests_of(5, 1), requests_of(6, 0)]))
"""
    run = [sys.executable, "-c", code]
    first, second = (subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert first == second
    user, other_user, other_seed = json.loads(first)
    assert user != other_user
    assert user != other_seed
    assert {name for name, *_ in user} == {"list_albums", "get_album", "create_album"}
