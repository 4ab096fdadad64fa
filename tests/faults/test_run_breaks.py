"""A run that breaks: one sentence, the logs, no result, nothing left running. Real processes, really killed."""

import signal
import socket
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from loadstone.plan import Run
from tests.conftest import files_below, processes_of, wait_for

TEXT = (
    "defaults: {duration: 20s, warm_up: 0s, repeats: 1}\n"
    "experiments: {a: {load: {users: 5, spawn_rate: 5, think_time: 0.1, workers: 2}}}"
)

Start = Callable[[Run], "subprocess.Popen[str]"]


@pytest.fixture
def run(first_run: Callable[[str], Run]) -> Run:
    return first_run(TEXT)


@pytest.fixture
def in_window(run: Run, start_measure: Start, tmp_path: Path) -> "subprocess.Popen[str]":
    """A run whose window has begun."""
    process = start_measure(run)
    wait_for_window(tmp_path)
    return process


def wait_for_window(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "1.log"
    wait_for(lambda: log.exists() and ": window" in log.read_text("utf-8"), 40, "the window")


def find(tmp_path: Path, *words: str) -> psutil.Process:
    """Find the one process of the run whose command line holds all `words`; of a family, the eldest."""
    found = [p for p in processes_of(tmp_path) if all(word in " ".join(p.cmdline()) for word in words)]
    return min(found, key=lambda p: p.create_time())


def assert_broken(process: "subprocess.Popen[str]", tmp_path: Path, sentence: str, code: int = 1) -> None:
    """Check what every broken run has in common."""
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in errors
    [line] = [line for line in errors.splitlines() if line.startswith("loadstone: ")]
    assert sentence in line
    kept = tmp_path / "logs" / "1.logs"
    assert line.endswith(f"logs: {kept}")
    assert (kept / "server.log").exists() or "taken" in sentence
    assert_nothing_left(tmp_path)


def assert_nothing_left(tmp_path: Path) -> None:
    """Check that no process, no port and no half-written result is left."""
    wait_for(lambda: not processes_of(tmp_path), 5, "the end of all processes")
    wait_for(lambda: not files_below(tmp_path / "runs"), 5, "the end of the scratch folder")


def test_server_killed(in_window: "subprocess.Popen[str]", tmp_path: Path) -> None:
    find(tmp_path, "gunicorn", "server:create_app").kill()
    assert_broken(in_window, tmp_path, "the server ended with exit code -9")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("locust", "worker-1.jsonl"), "Locust worker 1 ended with exit code -9"),
        (("locust", "--master-bind-port"), "Locust's master ended with exit code -9"),
    ],
    ids=["worker", "master"],
)
def test_part_of_the_generator_killed(
    in_window: "subprocess.Popen[str]", tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    find(tmp_path, *words).kill()
    assert_broken(in_window, tmp_path, sentence)


def test_locust_worker_frozen(in_window: "subprocess.Popen[str]", tmp_path: Path) -> None:
    find(tmp_path, "locust", "worker-0.jsonl").suspend()
    assert_broken(in_window, tmp_path, "a Locust worker has stopped reporting to its master")


def test_users_never_all_spawned(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    """A worker that stands still while users are started: no window ever begins."""
    process = start_measure(first_run(TEXT.replace("users: 5, spawn_rate: 5", "users: 40, spawn_rate: 2")))
    log = tmp_path / "logs" / "1.log"
    wait_for(lambda: log.exists() and ": ramp-up" in log.read_text("utf-8"), 40, "the ramp-up")
    find(tmp_path, "locust", "worker-0.jsonl").suspend()
    assert_broken(process, tmp_path, "a Locust worker has stopped reporting to its master")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_by_a_signal(in_window: "subprocess.Popen[str]", tmp_path: Path, number: signal.Signals) -> None:
    in_window.send_signal(number)
    assert_broken(in_window, tmp_path, f"stopped by {number.name}", code=130)


def test_killed_itself(in_window: "subprocess.Popen[str]", tmp_path: Path) -> None:
    assert len(processes_of(tmp_path)) >= 5
    in_window.kill()
    in_window.wait()
    assert_nothing_left(tmp_path)


def test_server_does_not_start(run: Run, start_measure: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--user=nobody-of-that-name")
    assert_broken(start_measure(run), tmp_path, "the server ended with exit code 1: ")


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
    log = tmp_path / "logs" / "1.log"
    wait_for(lambda: log.exists() and "starting Locust" in log.read_text("utf-8"), 30, "the load")
    [store] = tmp_path.rglob("albums.sqlite")
    with sqlite3.connect(store) as db:
        db.execute("ALTER TABLE albums RENAME COLUMN title TO heading")  # every endpoint of the mix needs it
    assert_broken(process, tmp_path, "requests in the window succeeded")
    assert "no such column: title" in (tmp_path / "logs/1.logs/server.log").read_text("utf-8")


def test_server_answers_nothing(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    process = start_measure(first_run(TEXT.replace("duration: 20s", "duration: 60s")))
    wait_for_window(tmp_path)
    master = find(tmp_path, "gunicorn", "server:create_app")
    for frozen in [*master.children(), master]:
        frozen.suspend()
    assert_broken(process, tmp_path, "no answer to any request for 1")
