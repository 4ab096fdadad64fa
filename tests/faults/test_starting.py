"""Server and Locust start at the same time: no user comes too early, and no process outlives a start that fails."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.plan.schedule import Run
from loadstone.results.run_record import read_record
from tests.conftest import processes_of, wait_for
from tests.faults.conftest import Start, assert_broken, assert_nothing_left

SERVER = """\
import http.server, os, pathlib, sys, threading

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        ready = pathlib.Path("ready").exists()
        sender = "user" if "python-requests" in self.headers.get("User-Agent", "") else "loadstone"
        with open("asked", "a") as file:
            file.write(f"{sender} {self.path}\\n")
        self.send_response(200 if ready or self.path != "/ready" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

def end_if_told():
    while not pathlib.Path("end").exists():
        threading.Event().wait(0.02)
    os._exit(3)

threading.Thread(target=end_if_told, daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
"""It is ready when the file `ready` exists, and ends when the file `end` exists."""


@pytest.fixture
def starting(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> "subprocess.Popen[str]":
    """A run whose Locust workers are there, while its server is not ready yet."""
    (tmp_path / "slow.py").write_text(SERVER, encoding="utf-8")
    server = f"{{kind: command, argv: [{sys.executable}, slow.py, '{{port}}'], cwd: {tmp_path}, ready: /ready}}"
    load = "{users: 2, spawn_rate: 2, think_time: 0.05, workers: 2, requests: [{get: /orders}]}"
    process = start_measure(
        first_run(
            "baselines: false\ndefaults: {duration: 1s, warm_up: 0s, repeats: 1}\n"
            f"experiments: {{a: {{server: {server}, load: {load}}}}}"
        )
    )
    events = lambda: "".join(path.read_text("utf-8") for path in tmp_path.rglob("timeline.jsonl"))  # noqa: E731
    wait_for(lambda: "workers_connected" in events() and (tmp_path / "asked").exists(), 40, "Locust's workers")
    return process


def test_no_user_before_the_preflight(starting: "subprocess.Popen[str]", tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    _, errors = starting.communicate(timeout=60)
    assert starting.returncode == 0, errors
    senders = [line.split()[0] for line in (tmp_path / "asked").read_text("utf-8").splitlines()]
    preflight = (tmp_path / "asked").read_text("utf-8").splitlines().index("loadstone /orders")
    assert senders.index("user") > preflight
    phases = read_record(tmp_path / "runs/a/1/run.json").phases
    assert phases.workers_connected < phases.server_ready < phases.all_users_running


def test_server_ends_before_it_is_ready(starting: "subprocess.Popen[str]", tmp_path: Path) -> None:
    (tmp_path / "end").touch()
    failure = assert_broken(starting, tmp_path, "the server ended with exit code 3")
    assert failure.phase == "starting the server"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_while_both_start(starting: "subprocess.Popen[str]", tmp_path: Path, number: signal.Signals) -> None:
    assert len([each for each in processes_of(tmp_path) if each.name().startswith("load-")]) == 3
    starting.send_signal(number)
    starting.communicate(timeout=30)
    assert starting.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    assert_nothing_left(tmp_path)
