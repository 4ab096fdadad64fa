"""Whose request it was: users, and their child greenlets."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from loadstone.measure.collect_requests import collect_requests
from tests.conftest import ROOT
from tests.support.recording import Record


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
