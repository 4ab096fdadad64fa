"""What threads wait for is found, with real threads in known states."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from loadstone.measure.sampler import Sampler
from loadstone.measure.sampling import threads
from loadstone.measure.sampling.sockets import ServerSockets
from loadstone.measure.sampling.threads import ThreadReader, ThreadSample
from tests.support.known_states import EXPECTED

DEADLINE_S = 20.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows threads of other processes")


class Known(NamedTuple):
    """A process with threads in known states."""

    pid: int
    port: int
    names: dict[int, str]
    """Thread id → name."""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    command = [sys.executable, "-m", "tests.support.known_states", str(tmp_path_factory.mktemp("known"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            told = json.loads(process.stdout.readline())
            yield Known(process.pid, told["port"], {tid: name for name, tid in told["ids"].items()})
        finally:
            process.kill()


def count_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def states_of(known: Known, rows: list[ThreadSample]) -> dict[str, str]:
    return {known.names[row.tid]: row.state for row in rows if row.tid in known.names}


def test_each_thread_is_in_the_state_that_it_is_known_to_be_in(known: Known) -> None:
    reader, sockets = ThreadReader(), ServerSockets()
    expected = {name: state.value for name, state in EXPECTED.items()}
    deadline = time.monotonic() + DEADLINE_S
    found: dict[str, str] = {}
    while found != expected and time.monotonic() < deadline:
        assert sockets.sample(known.port, [known.pid])
        found = states_of(known, reader.sample([("server-worker", known.pid)], sockets))
        time.sleep(0.02)
    again = states_of(known, reader.sample([("server-worker", known.pid)], sockets))
    reader.close()
    sockets.close()
    assert found == again == expected


def test_rows_reach_the_file(known: Known, tmp_path: Path) -> None:
    sampler = Sampler(tmp_path)
    sampler.port = known.port
    for _ in range(3):
        sampler.sample([("server-worker", known.pid), ("load-worker", os.getpid())])
    sampler.close()
    rows = pd.read_parquet(tmp_path / "threads.parquet")
    assert set(rows["role"]) == {"server-worker", "load-worker"}
    by_thread = rows[rows["pid"] == known.pid].groupby("tid")
    assert set(by_thread.groups) == {known.pid, *known.names}
    assert all(each["cpu_s"].is_monotonic_increasing for _, each in by_thread)
    [spinning] = [tid for tid, name in known.names.items() if name == "running"]
    assert rows.groupby("tid")["cpu_s"].last().idxmax() in {spinning, *rows[rows["pid"] == os.getpid()]["tid"]}
    connections = pd.read_parquet(tmp_path / "sockets.parquet")
    assert connections[connections["pid"] == known.pid]["connections"].tolist() == [4, 4, 4]


def test_a_thread_that_ended_leaves_no_file_open(tmp_path: Path) -> None:
    reader, sockets = ThreadReader(), ServerSockets()
    before = count_open_files()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert reader.sample([("server-worker", process.pid)], sockets)
        assert count_open_files() > before + 1
        process.communicate(b"\n")
    assert reader.sample([("server-worker", process.pid)], sockets) == []
    assert count_open_files() == before


def test_of_a_process_with_too_many_threads_no_part_is_shown(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "MAX_THREADS", len(known.names))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as small:
        rows = ThreadReader().sample([("server-worker", known.pid), ("server-worker", small.pid)], ServerSockets())
        small.communicate(b"\n")
    assert {row.pid for row in rows} == {small.pid}


def test_few_files_stay_open(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "MAX_OPEN", 5)
    before = count_open_files()
    reader, sockets = ThreadReader(), ServerSockets()
    rows = [row for _ in range(2) for row in reader.sample([("server-worker", known.pid)], sockets)]
    assert len(rows) == 2 * (len(known.names) + 1)
    assert count_open_files() <= before + 5 + 1, "and a netlink socket"
    reader.close()
    sockets.close()
    assert count_open_files() == before
