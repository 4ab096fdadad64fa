"""The live view as a process, before, while and after a run is measured."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loadstone.plan.schedule import Run
from loadstone.results.live import LIVE_JSON
from loadstone.suite.verdict import Verdict
from tests.conftest import ROOT, files_below, wait_for

TEXT = (
    "baselines: false\n"
    "defaults: {duration: 3s, warm_up: 500ms, repeats: 1}\n"
    "experiments: {watched: {load: {users: 10, spawn_rate: 10, think_time: 0.1}}}"
)

Serve = Callable[..., "View"]


class View:
    """A running live view, and its address."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port

    def open(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request(method, path, headers=headers)
        return connection.getresponse()

    def events(self, deadline_s: float) -> Iterator[tuple[str, Any]]:
        """Read the stream as (kind, data). Fail if it continues beyond the deadline."""
        deadline = time.monotonic() + deadline_s
        with self.open("/events") as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            kind = ""
            for line in answer:
                if time.monotonic() > deadline:
                    pytest.fail(f"not seen within {deadline_s:g} s")
                if line.startswith(b"event: "):
                    kind = line.decode().removeprefix("event: ").strip()
                elif line.startswith(b"data: "):
                    yield kind, json.loads(line.removeprefix(b"data: "))

    def stop(self) -> tuple[int, str]:
        """Press Ctrl-C; return the exit code and standard error."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=5)
        return self.process.returncode, errors


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "loadstone", "serve", *arguments]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start `loadstone serve` on a free port, for the results of `start_measure`."""
    started = []

    def start(*arguments: str) -> View:
        serve_command = command("--port", "0", "--results", str(tmp_path), *arguments)
        process = subprocess.Popen(
            serve_command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line, process.communicate(timeout=5)
        return View(process, int(line.partition("http://127.0.0.1:")[2].partition("/")[0]))

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_run_is_seen_from_begin_to_end(
    first_run: Callable[[str], Run],
    start_measure: Callable[[Run], "subprocess.Popen[str]"],
    serve: Serve,
    tmp_path: Path,
) -> None:
    run = first_run(TEXT)
    view = serve("--suite", str(tmp_path / "suite.yaml"))
    measuring = None
    seen: list[dict[str, Any]] = []
    lists: dict[str, list[list[dict[str, Any]]]] = {"runs": [], "results": [[]]}
    for kind, data in view.events(90):
        if kind in lists:
            lists[kind].append(data)
            continue
        seen.append(data)
        if measuring is None:
            assert data["state"] == "idle"
            measuring = start_measure(run)
        if data["state"] == "over" and lists["results"][-1]:
            break
    assert measuring is not None
    assert measuring.wait(10) == 0
    window = [now["current"] for now in seen if now["current"] and now["current"]["phase"] == "window"]
    assert window
    loaded = [current for current in window if current["rps"]]
    assert loaded, window
    best = max(loaded, key=lambda current: current["rps"])
    assert best["rps"] < 200, "ten users who wait 0.1 s send less than 100 requests per second"
    assert 0 < best["mean_ms"] <= 2 * best["p95_ms"]
    assert best["failures"] == 0
    roles = [cpu["role"] for cpu in best["cpu"]]
    assert roles == ["Server workers", "Server master", "Locust workers", "Locust master", "Whole machine"]
    assert all(now["running"] == 1 for now in seen if now["current"])
    assert seen[-1]["sentence"] == "The run is measured."
    states = [data[0]["state"] for data in lists["runs"]]
    assert (states[0], states[-1]) == ("left", "done")
    assert "running" in states
    [found] = lists["results"][-1]
    assert (found["name"], found["runs"], found["failed"]) == ("watched", 1, 0)
    assert 0 < found["rps"] < 100, "ten users who wait 0.1 s"
    assert found["limit"] in set(Verdict)
    assert not list(tmp_path.rglob(f"*{LIVE_JSON}*")), "the result does not contain it"
    assert view.stop() == (0, "")


def status_files(folder: Path) -> list[Path]:
    return [path for path in files_below(folder) if LIVE_JSON in path.name]


def test_status_goes_with_a_run_that_is_killed(
    first_run: Callable[[str], Run],
    start_measure: Callable[[Run], "subprocess.Popen[str]"],
    serve: Serve,
    tmp_path: Path,
) -> None:
    run = first_run(TEXT.replace("duration: 3s", "duration: 30s"))
    view = serve("--suite", str(tmp_path / "suite.yaml"))
    measuring = start_measure(run)
    wait_for(lambda: status_files(tmp_path), 40, "a status file")
    assert json.load(view.open("/snapshot.json"))["state"] == "measuring"
    measuring.kill()
    measuring.wait()
    wait_for(lambda: not status_files(tmp_path), 5, "the end of the status file")
    wait_for(lambda: json.load(view.open("/snapshot.json"))["state"] == "idle", 5, "the view to notice")


def test_only_reading_and_only_by_its_own_name(serve: Serve, tmp_path: Path) -> None:
    view = serve()
    assert json.load(view.open("/snapshot.json"))["state"] == "empty", "no suite, no campaign"
    assert view.open("/", "POST").status == 405
    assert view.open("/", Host=f"evil.example:{view.port}").status == 403
    assert view.open("/", Host=f"localhost:{view.port}").status == 200
    assert view.open(f"http://evil.example:{view.port}/").status == 403
    assert view.open("/../../etc/passwd").status == 404


def test_nobody_else_on_the_network_is_answered(serve: Serve) -> None:
    view = serve()
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.2", view.port)) != 0, "bound to 127.0.0.1 alone"


def test_several_viewers_and_their_bound(serve: Serve) -> None:
    view = serve()
    streams = []
    while (answer := view.open("/events")).status == 200:
        assert answer.readline() == b"retry: 2000\n"
        streams.append(answer)
    assert 8 <= len(streams) <= 64
    assert answer.status == 503
    for stream in streams:
        stream.close()
    wait_for(lambda: view.open("/events").status == 200, 10, "a free place")


def test_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = subprocess.run(
            command("--port", port), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30
        )
    assert answer.returncode == 1
    [line] = answer.stderr.splitlines()
    assert line.startswith(f"loadstone: cannot listen on port {port} of 127.0.0.1: ")


def test_wrong_suite_is_one_line(tmp_path: Path) -> None:
    answer = subprocess.run(
        command("--suite", "none.yaml"), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30
    )
    assert (answer.returncode, answer.stderr) == (2, "loadstone: none.yaml: no such suite\n")


def test_ctrl_c_ends_it_while_it_is_watched(serve: Serve) -> None:
    view = serve()
    answer = view.open("/events")
    assert answer.readline() == b"retry: 2000\n"
    assert view.stop() == (0, "")


def test_another_host_is_no_option() -> None:
    answer = subprocess.run(command("--host", "0.0.0.0"), cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S104
    assert answer.returncode == 2
    assert "No such option" in answer.stderr
