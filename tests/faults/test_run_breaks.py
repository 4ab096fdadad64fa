"""A run that breaks leaves one sentence and its records, but no result and no process. Real processes are killed."""

import json
import re
import signal
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from loadstone.measure.machine_lock import Holder
from loadstone.plan.schedule import Run
from loadstone.results.run_record import read_record
from tests.conftest import wait_for
from tests.faults.conftest import (
    TEXT,
    Start,
    assert_broken,
    assert_nothing_left,
    find,
    said,
    wait_for_phase,
)

SOON_S = 10.0
"""Seconds within which the loss of a Locust process ends the run."""


def test_server_killed(in_window: "subprocess.Popen[str]", tmp_path: Path) -> None:
    find(tmp_path, "gunicorn", "server:create_app").kill()
    assert_broken(in_window, tmp_path, "the server ended with exit code -9")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("load-worker-1",), "Locust worker 1 ended with exit code -9"),
        (("load-master",), "Locust's master ended with exit code -9"),
        (("fork_locust.py",), "Locust worker 0 ended with exit code -9"),
    ],
    ids=["worker", "master", "the process that forked them"],
)
def test_part_of_the_generator_killed(
    in_window: "subprocess.Popen[str]", tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    find(tmp_path, *words).kill()
    assert_broken(in_window, tmp_path, sentence, SOON_S)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("load-worker-0",), "a Locust worker has stopped reporting to its master"),
        (("load-master",), "Locust's master has stopped reporting"),
    ],
    ids=["worker", "master"],
)
def test_part_of_the_generator_frozen(
    in_window: "subprocess.Popen[str]", tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    """The requests recorded so far are kept with the logs, where no stage reads them."""
    find(tmp_path, *words).suspend()
    failure = assert_broken(in_window, tmp_path, sentence, SOON_S)
    kept = tmp_path / "failed" / "a" / "1"
    assert failure.phase == "window"
    assert failure.requests == len(pd.read_parquet(kept / "requests.parquet")) > 0
    roles = set(pd.read_parquet(kept / "processes.parquet")["role"])
    assert roles == {"host", "server-master", "server-worker", "load-master", "load-worker"}
    assert set(pd.read_parquet(kept / "threads.parquet")["role"]) == roles - {"host"}
    assert pd.read_parquet(kept / "sockets.parquet")["connections"].max() > 0
    assert {path.name for path in (kept / "logs").iterdir()} >= {"server.log", "load-master.log", "load-worker-1.log"}


def test_server_worker_killed(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    """The run completes, with a failed check that states when the worker was replaced.

    Since it succeeds, the folder of an earlier failed attempt is removed.
    """
    run = first_run(TEXT.replace("duration: 20s", "duration: 3s, server: {workers: 2, store: sqlite}"))
    earlier = tmp_path / "failed" / "a" / "1" / "failed.json"
    earlier.parent.mkdir(parents=True)
    earlier.touch()
    process = start_measure(run)
    wait_for_phase(tmp_path, "window")
    find(tmp_path, "gunicorn", "server:create_app").children()[0].kill()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert not (tmp_path / "failed").exists()
    [check] = [
        check
        for check in read_record(tmp_path / "runs/a/1/run.json").checks
        if check.name == "server workers restarted"
    ]
    assert not check.ok
    assert re.fullmatch(r"1: \d\.\d s (into|after) the window", check.figure), "after, if the machine is very busy"


def test_users_never_all_spawned(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    """A worker stands still while users are started, so no window begins."""
    process = start_measure(first_run(TEXT.replace("users: 5, spawn_rate: 5", "users: 40, spawn_rate: 2")))
    wait_for_phase(tmp_path, "ramp-up")
    find(tmp_path, "load-worker-0").suspend()
    assert_broken(process, tmp_path, "a Locust worker has stopped reporting to its master")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_by_a_signal(in_window: "subprocess.Popen[str]", tmp_path: Path, number: signal.Signals) -> None:
    """The cause is known, so only the log is kept."""
    in_window.send_signal(number)
    _, errors = in_window.communicate(timeout=30)
    assert in_window.returncode == 130
    assert errors.splitlines()[-1] == f"loadstone: a, repeat 1: stopped by {number.name}"
    assert said(tmp_path).endswith(f"\na, repeat 1: stopped by {number.name}\n")
    assert_nothing_left(tmp_path)
    assert not (tmp_path / "failed").exists()


def test_killed_itself(in_window: "subprocess.Popen[str]", lock_folder: Path, tmp_path: Path) -> None:
    """The guard ends all processes, and only then releases the machine's lock."""
    [lock] = lock_folder.iterdir()
    assert stat.S_IMODE(lock.stat().st_mode) == 0o666, "other users must be able to lock it"
    assert Holder.model_validate_json(lock.read_bytes()).pid == in_window.pid
    in_window.kill()
    in_window.wait()
    wait_for(lambda: not lock.exists(), 5, "the end of the lock")
    assert_nothing_left(tmp_path)


def test_server_does_not_start(run: Run, start_measure: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of an earlier failed attempt is replaced."""
    earlier = tmp_path / "failed" / "a" / "1" / "requests.parquet"
    earlier.parent.mkdir(parents=True)
    earlier.touch()
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--user=nobody-of-that-name")
    failure = assert_broken(start_measure(run), tmp_path, "the server ended with exit code 1: ")
    assert failure.requests == 0
    assert failure.phase == "starting the server"
    assert json.loads((earlier.parent / "failed.json").read_text("utf-8"))["run"]["seed"] == run.seed


def test_port_is_taken(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = first_run(TEXT.replace("{a: {", f"{{a: {{server: {{port: {port}}}, "))
        assert_broken(start_measure(run), tmp_path, f"port {port} on 127.0.0.1 is taken")


def test_nothing_succeeds(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    text = TEXT.replace("duration: 20s", "duration: 3s, server: {store: sqlite}")
    process = start_measure(first_run(text))
    wait_for(lambda: "starting Locust" in said(tmp_path), 30, "the load")
    [store] = tmp_path.rglob("albums.sqlite")
    with sqlite3.connect(store) as db:
        db.execute("ALTER TABLE albums RENAME COLUMN title TO heading")  # every endpoint of the mix needs it
    failure = assert_broken(process, tmp_path, "requests in the window succeeded")
    assert failure.phase == "collecting"
    assert "no such column: title" in (tmp_path / "failed/a/1/logs/server.log").read_text("utf-8")


def test_server_answers_nothing(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    process = start_measure(first_run(TEXT.replace("duration: 20s", "duration: 60s")))
    wait_for_phase(tmp_path, "window")
    master = find(tmp_path, "gunicorn", "server:create_app")
    for frozen in [*master.children(), master]:
        frozen.suspend()
    assert_broken(process, tmp_path, "no answer to any request for 1")
