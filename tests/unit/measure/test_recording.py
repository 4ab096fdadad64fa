"""From Locust's request events to `requests.parquet`.

Importing Locust patches the whole process, so the recorder runs in processes of its own, as it does in a run.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgpack
import pyarrow.parquet as pq
import pytest

from loadstone.measure import collect_requests as module
from loadstone.measure.collect_requests import collect_requests, read_locust_count
from tests.conftest import ROOT

BEGAN = float(int(time.time()))
PRELUDE = (
    f"BEGAN = {BEGAN}"
    + """
import sys
from pathlib import Path
from types import SimpleNamespace
import locust
import gevent
from loadstone.instrument import recorder

ANSWERED = SimpleNamespace(status_code=200, headers={"server-timing": "db;dur=9, app;dur=0.25"})
REFUSED = SimpleNamespace(status_code=0, headers=None)

class Someone(locust.User):
    def __init__(self, number, intended=None):
        self.loadstone_number, self.loadstone_intended = number, intended

def fire(listener, number, intended=None, **changes):
    '''Report a request of a user in the user's greenlet; of no user where the number is None.'''
    event = {
        "request_type": "GET", "name": "/albums", "response_time": 1.5, "response_length": 10, "response": ANSWERED,
        "context": {}, "exception": None, "start_time": BEGAN + (number or 0), "url": "http://127.0.0.1/albums",
    }
    user = [] if number is None else [Someone(number, intended)]
    gevent.spawn(lambda *_: listener(**(event | changes)), *user).get()

kept = recorder.Recorder(Path(sys.argv[1]))
listener = kept.listener(frozenset(), scheduled=True)
"""
)

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


def test_requests_of_child_greenlets_belong_to_their_user(record: Record, tmp_path: Path) -> None:
    path = record(
        "w0",
        "from gevent.pool import Pool\n"
        "def ask(name): listener(request_type='GET', name=name, response_time=1.0, response_length=0)\n"
        "def life(user):\n"
        "    pool = Pool(2)\n"
        "    [pool.spawn(ask, f'/{n}') for n in range(3)]\n"
        "    pool.join()\n"
        "    gevent.spawn(lambda: gevent.spawn(ask, '/grandchild').join()).join()\n"
        "gevent.spawn(life, Someone(5)).get()\n"
        "gevent.spawn(ask, '/stranger').get()\n"
        "kept.flush()\n",
    )
    collect_requests([path], tmp_path / "requests.parquet")
    rows = pq.read_table(tmp_path / "requests.parquet").to_pylist()
    assert {row["endpoint"]: row["user"] for row in rows} == {
        **dict.fromkeys(("GET /0", "GET /1", "GET /2", "GET /grandchild"), 5),
        "GET /stranger": None,
    }


def test_greenlet_that_outlives_its_user_still_belongs_to_it(record: Record, tmp_path: Path) -> None:
    """A reader of a socket reports the last messages after the user has stopped."""
    path = record(
        "w0",
        "def ask(name): listener(request_type='WS', name=name, response_time=1.0, response_length=0)\n"
        "def read(end):\n"
        "    ask('early')\n"
        "    end.wait()\n"
        "    ask('late')\n"
        "    gevent.spawn(ask, 'from a child').join()\n"
        "def life(user, end, readers):\n"
        "    readers.append(gevent.spawn(read, end))\n"
        "    gevent.sleep(0.01)\n"
        "from gevent.event import Event\n"
        "end, readers = Event(), []\n"
        "gevent.spawn(life, Someone(5), end, readers).get()\n"
        "end.set()\n"
        "readers[0].get()\n"
        "kept.flush()\n",
    )
    collect_requests([path], tmp_path / "requests.parquet")
    rows = pq.read_table(tmp_path / "requests.parquet").to_pylist()
    assert {row["endpoint"]: row["user"] for row in rows} == dict.fromkeys(
        ("WS early", "WS late", "WS from a child"), 5
    )


def test_child_greenlet_that_outlives_its_user_belongs_to_it(record: Record, tmp_path: Path) -> None:
    path = record(
        "w0",
        "import gc\n"
        "from loadstone.instrument.users import follow_users\n"
        "follow_users()\n"
        "children = []\n"
        "def ask():\n"
        "    gevent.sleep(0.05)\n"
        "    listener(request_type='GET', name='/late', response_time=1.0, response_length=0)\n"
        "def life(user): children.append(gevent.spawn(lambda: children.append(gevent.spawn(ask))))\n"
        "gevent.spawn(life, Someone(5)).get()\n"
        "gevent.sleep(0.01)\n"
        "gc.collect()\n"
        "gevent.joinall(children)\n"
        "kept.flush()\n",
    )
    collect_requests([path], tmp_path / "requests.parquet")
    [row] = pq.read_table(tmp_path / "requests.parquet").to_pylist()
    assert (row["endpoint"], row["user"]) == ("GET /late", 5)


def test_ignored_events_are_counted_only(record: Record, tmp_path: Path) -> None:
    path = record(
        "w0",
        "listener = kept.listener(frozenset({'wrapper', '/albums'}), scheduled=False)\n"
        "fire(listener, 1, request_type='wrapper', name='a')\n"
        "fire(listener, 1)\n"
        "fire(listener, 1, name='/b')\n"
        "kept.flush()\n",
    )
    assert collect_requests([path], tmp_path / "requests.parquet") == 1
    assert (tmp_path / "w0.totals").read_text("ascii").split() == ["1", "0", "2", "0", "0"]


def test_groups_name_all_requests_that_match_as_a_whole(record: Record, tmp_path: Path) -> None:
    path = record(
        "w0",
        "for number in range(3):\n"
        "    fire(listener, 1, name=f'/cart/add/{number}')\n"
        "fire(listener, 1, name='/cart/add/1/more')\n"
        "fire(listener, 1, name='GET /named')\n"
        "kept.flush()\n",
    )
    collect_requests([path], tmp_path / "requests.parquet", {r"/cart/add/\d+": "/cart/add"})
    endpoints = pq.read_table(tmp_path / "requests.parquet").column("endpoint").to_pylist()
    assert endpoints == [*["GET /cart/add"] * 3, "GET /cart/add/1/more", "GET /named"]


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
    """In two processes with one seed, each user sends the same requests in the same order."""
    code = """
import json
from types import SimpleNamespace
from locustfiles import albums

def requests_of(seed, number):
    user = albums.AlbumUser()
    mix = {"list_albums": 3, "get_album": 3, "create_album": 2}
    options = SimpleNamespace(seed=seed, mix=mix, albums=9, id_prefix="")
    user.environment = SimpleNamespace(parsed_options=options)
    user.loadstone_number = number
    user.on_start()
    tasks = albums.AlbumTasks.__new__(albums.AlbumTasks)  # skips Locust's __init__, which needs a whole environment
    tasks._user = user
    return [(tasks.get_next_task().__name__, user.new_album()) for _ in range(50)]

print(json.dumps([requests_of(5, 0), requests_of(5, 1), requests_of(6, 0)]))
"""
    run = [sys.executable, "-c", code]
    first, second = (subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert first == second
    user, other_user, other_seed = json.loads(first)
    assert user != other_user
    assert user != other_seed
    assert {name for name, *_ in user} == {"list_albums", "get_album", "create_album"}
