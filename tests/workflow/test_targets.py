"""Servers that know nothing of albums, as real processes: how they are started, found, asked and stopped."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from loadstone.errors import ServerError
from loadstone.measure.check_target import check_targets
from loadstone.measure.guard import Guard
from loadstone.measure.ports import free_port
from loadstone.measure.stop import StopRequest
from loadstone.measure.target import Target, open_target
from loadstone.measure.target.http import send_request, try_connection
from loadstone.measure.workspace import Workspace
from loadstone.plan.schedule import Run, make_plan
from loadstone.results.run_record import read_record
from loadstone.suite.foreign_servers import CommandServer, ExternalServer
from loadstone.suite.load import load_suite
from loadstone.suite.load_settings import Load
from tests.conftest import ROOT, wait_for

TINY = ROOT / "tests" / "support" / "tiny_server.py"
ARGV = (sys.executable, str(TINY), "{port}")
NO_REQUESTS = Load.model_validate({"locustfile": "locustfile.py"})
Open = Callable[..., Target]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A run's workspace. Whatever runs in it is killed after the test."""
    scratch, base = tmp_path / "scratch", tmp_path / "suites"
    for folder in (scratch / "logs", base / "service"):
        folder.mkdir(parents=True)
    lock = tmp_path / "lock"
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR)
    with StopRequest("test") as stop, Guard(scratch, lock, descriptor) as guard:
        yield Workspace(
            scratch=scratch, logs=scratch / "logs", base=base, builds=scratch / "builds", guard=guard, stop=stop
        )
    os.close(descriptor)


@pytest.fixture
def command(workspace: Workspace) -> Open:
    """Start a server by a command; wait until it is ready."""

    def start(load: Load = NO_REQUESTS, **keys: Any) -> Target:
        target = open_target(CommandServer.model_validate({"argv": ARGV, **keys}), load, workspace)
        target.wait_ready()
        return target

    return start


@contextlib.contextmanager
def running(*options: str) -> Iterator[int]:
    """Run a server that nobody measures; yield its port."""
    port = free_port()
    with subprocess.Popen([sys.executable, str(TINY), str(port), *options], stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: try_connection(f"http://127.0.0.1:{port}", 1) is None, 20, "the start of the server")
            yield port
        finally:
            process.kill()


def log_of(workspace: Workspace) -> list[str]:
    return (workspace.logs / "server.log").read_text("utf-8").splitlines()


def started(workspace: Workspace) -> dict[str, Any]:
    """Read what the server reports of its start."""
    content: dict[str, Any] = json.loads(log_of(workspace)[1])
    return content


def asked(target: Target) -> list[str]:
    """List the requests that a server has answered."""
    requests: list[str] = send_request(target.url, "GET", "/asked", 5, verify=False).json()
    return requests


def test_placeholders_are_filled_in(command: Open, workspace: Workspace) -> None:
    target = command(
        argv=(*ARGV, "w={workers}", '{"t": {threads}}', "{other}"),
        env={"LISTEN": "127.0.0.1:{port}", "BRACE": "{"},
        workers=2,
        threads=8,
    )
    port = target.url.rpartition(":")[2]
    assert target.url == f"http://127.0.0.1:{port}"
    assert started(workspace)["argv"] == ["w=2", '{"t": 8}', "{other}"]
    environment = started(workspace)["environment"]
    assert (environment["LISTEN"], environment["BRACE"]) == (f"127.0.0.1:{port}", "{")
    assert target.command is not None
    assert target.command[2] == port
    assert target.stop() == 0


def test_port_of_the_url_is_filled_in_too(command: Open) -> None:
    port = free_port()
    assert command(url=f"http://localhost:{port}/").url == f"http://localhost:{port}"


@pytest.mark.parametrize(("cwd", "folder"), [(None, "suites"), ("service", "suites/service")])
def test_command_runs_in_the_suites_folder(
    command: Open, workspace: Workspace, tmp_path: Path, cwd: str | None, folder: str
) -> None:
    (tmp_path / folder / "serve").write_text(f"#!/bin/sh\nexec {sys.executable} {TINY} $1\n", encoding="utf-8")
    (tmp_path / folder / "serve").chmod(0o755)
    command(argv=("./serve", "{port}"), cwd=cwd)
    assert started(workspace)["folder"] == str(tmp_path / folder)


def test_programs_are_those_of_the_user(
    command: Open, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workflow puts Loadstone's own programs first on its search path; the user's come first for the server."""
    (tmp_path / "python").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("LOADSTONE_USER_PATH", f"{Path(sys.executable).parent}:/bin")
    command(argv=("python", str(TINY), "{port}"))
    assert started(workspace)["environment"]["PATH"].startswith(str(Path(sys.executable).parent))


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"ready": "tcp"},
        {"ready": "/late"},
        {"ready": {"log": "to serve"}},
        {"argv": (*ARGV, "base"), "url": "http://127.0.0.1:{port}/api/v1/", "ready": "/health"},
        {"argv": (*ARGV, "tls"), "url": "https://localhost:{port}", "verify": False},
        {"argv": (*ARGV, "tls"), "url": "https://127.0.0.1:{port}", "verify": False, "ready": "/late"},
    ],
    ids=["default", "tcp", "path", "log", "base path", "https, tcp", "https, path"],
)
def test_ready(command: Open, keys: dict[str, Any]) -> None:
    target = command(**keys)
    before = asked(target)
    assert len(before) == {"/late": 5, "/health": 2}.get(str(keys.get("ready")), 1), before
    assert target.count_albums() is None
    assert len(asked(target)) == len(before) + 1, "nothing is asked that only the album API knows"


def test_command_line_in_the_log_is_no_sign_of_readiness(workspace: Workspace) -> None:
    argv = (sys.executable, "-c", "import time; print('started'); time.sleep(600)", "{port}", "I am ready")
    server = CommandServer.model_validate({"argv": argv, "ready": {"log": "I am ready"}})
    target: Any = open_target(server, NO_REQUESTS, workspace)
    wait_for(lambda: "started" in log_of(workspace), 20, "the start")
    assert not target._is_ready()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"])
def test_stop_by_a_signal_of_choice(command: Open, workspace: Workspace, name: str) -> None:
    assert command(stop=name).stop() == 0
    assert log_of(workspace)[-1] == f"stopped by {name}"


def test_processes_that_start_later_are_seen(command: Open) -> None:
    target = command()
    assert len(target.processes()) == 1
    send_request(target.url, "GET", "/spawn", 5)
    wait_for(lambda: len(target.processes()) == 2, 5, "the second process")


REQUESTS = [
    {"get": "/orders?page=1"},
    {"head": "/", "expect": 200},
    {"get": "/users/${1..9}"},
    {"get": "/search", "headers": {"X-Id": "${1..9}"}},
    {"post": "/orders", "json": {"n": 1}},
    {"delete": "/orders/1"},
]


def test_declared_requests_that_change_nothing_are_sent_once(command: Open) -> None:
    target = command(Load.model_validate({"requests": REQUESTS}))
    target.preflight()
    assert asked(target)[:-1] == ["GET /orders?page=1", "HEAD /", "GET /users/1", "GET /search"]


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({"get": "/missing"}, "GET /missing: status 404, expected below 400 (load.requests)"),
        ({"get": "/", "expect": 204}, "GET /: status 200, expected 204 (load.requests)"),
        ({"get": "/${missing|orders}"}, "GET /missing: status 404, expected below 400 (load.requests)"),
        ({"get": "/moved", "expect": 301}, "GET /moved: status 302, expected 301 (load.requests)"),
    ],
)
def test_declared_request_that_fails_is_told(command: Open, request_: dict[str, Any], complaint: str) -> None:
    target = command(Load.model_validate({"requests": [request_]}))
    with pytest.raises(ServerError) as caught:
        target.preflight()
    assert str(caught.value).startswith(f"{target.url}: {complaint}")


@pytest.mark.parametrize(
    "request_", [{"get": "/missing", "expect": 404}, {"get": "/moved"}, {"get": "/moved", "expect": 200}]
)
def test_declared_request_may_fail_or_lead_elsewhere(command: Open, request_: dict[str, Any]) -> None:
    """Users follow redirects; what they find there counts."""
    command(Load.model_validate({"requests": [request_]})).preflight()


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"cwd": "nowhere"}, "suites/nowhere is not a folder"),
        ({"argv": ("./serve", "{port}")}, "server.argv: cannot start ./serve: no such file"),
        ({"argv": ("./notes.txt", "{port}")}, "cannot start ./notes.txt: it may not be executed (chmod +x)"),
        ({"argv": ("no-such-program", "{port}")}, "no-such-program: no such program on the search path (PATH)"),
    ],
)
def test_command_that_cannot_start(workspace: Workspace, keys: dict[str, Any], complaint: str) -> None:
    (workspace.base / "notes.txt").write_text("some text", encoding="utf-8")
    with pytest.raises(ServerError) as caught:
        open_target(CommandServer.model_validate({"argv": ARGV, **keys}), NO_REQUESTS, workspace)
    assert complaint in str(caught.value)


def find_external(workspace: Workspace, **keys: Any) -> Target:
    target = open_target(ExternalServer.model_validate(keys), NO_REQUESTS, workspace)
    target.wait_ready()
    return target


def test_external_server_is_found_by_any_sign(workspace: Workspace) -> None:
    with running("tls", "base") as port:
        url = f"https://localhost:{port}/api/v1"
        for ready in ("tcp", "/missing"):
            target = find_external(workspace, url=url, verify=False, ready=ready)
            assert (target.url, target.processes(), target.stop()) == (url, [], None)
        with pytest.raises(ServerError) as caught:
            find_external(workspace, url=url)
        assert "its certificate is not valid (self-signed certificate); verify: false accepts any" in str(caught.value)


def test_server_without_tls_is_told(workspace: Workspace) -> None:
    with running() as port, pytest.raises(ServerError) as caught:
        find_external(workspace, url=f"https://127.0.0.1:{port}", verify=False)
    assert "it does not speak TLS; the url may have to begin with http://" in str(caught.value)


LOCUSTFILE = """\
from locust import FastHttpUser, HttpUser, constant, task


class Requests(HttpUser):
    wait_time = constant(0.05)

    @task
    def ask(self):
        self.client.get("/orders", name="orders")


class Fast(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def ask(self):
        self.client.get("/orders", name="orders, fast")
"""


def test_run_over_https_below_a_base_path(
    first_run: Callable[[str], Run], start_measure: Callable[[Run], "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE, encoding="utf-8")
    argv = json.dumps([*ARGV, "tls", "base"])
    server = f"kind: command, argv: {argv}, url: 'https://localhost:{{port}}/api/v1', verify: false, ready: /health"
    suite = (
        "baselines: false\ndefaults: {duration: 1s, warm_up: 0s, repeats: 1}\n"
        f"experiments: {{a: {{server: {{{server}, workers: 1, threads: 8}}, "
        "load: {locustfile: locustfile.py, users: 4, spawn_rate: 4}}}"
    )
    process = start_measure(first_run(suite))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    rows = pq.read_table(tmp_path / "runs" / "a" / "1" / "requests.parquet").to_pylist()
    assert {(row["endpoint"], row["status"]) for row in rows} == {("GET orders", 200), ("GET orders, fast", 200)}
    record = read_record(tmp_path / "runs" / "a" / "1" / "run.json")
    assert record.albums is None
    assert [(check.name, check.ok) for check in record.checks] == [("requests counted by Locust", True)]


# Before the first run of a campaign

ABSENT = """\
defaults: {repeats: 1, server: {kind: external, url: "http://127.0.0.1:PORT"}}
experiments:
  a: {}
  b: {load: {users: 3, spawn_rate: 3}}
  c: {server: {kind: command, argv: [no-such-program, "{port}"]}}
  d: {server: {kind: command, argv: [sh, "{port}"], cwd: nowhere}}
  e: {server: {kind: command, argv: [sh, "{port}"]}}
  f: {server: {url: "http://192.0.2.1", allow_remote: true, ready: tcp}, load: {user: FastHttpUser}}
  g: {server: {kind: gunicorn}}
capacity: {most: {slo: p95 < 50ms}}
"""


def test_each_problem_of_a_campaigns_servers_is_one_line(write_suite: Callable[[str], Path], tmp_path: Path) -> None:
    port = free_port()
    plan = make_plan(load_suite(write_suite(ABSENT.replace("PORT", str(port)))))
    lines = sorted(check_targets(plan, tmp_path))
    [absent, no_program, no_folder, remote] = lines
    assert absent.startswith(f"a and 3 more: no server answers at http://127.0.0.1:{port}: ")
    assert absent.endswith("connection refused; start it before the run, or correct server.url")
    assert no_program.startswith("c and 1 more: server.argv: cannot start no-such-program: no such program")
    assert no_folder == f"d and 1 more: server.cwd: {tmp_path / 'nowhere'} is not a folder"
    assert remote.startswith("f and 1 more: no server answers at http://192.0.2.1: ")
    assert check_targets(plan, tmp_path, ["e", "g"]) == []
    assert [line.split(":")[0] for line in check_targets(plan, tmp_path, ["a", "e"])] == ["a"]


def snakemake(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--cores", "2", *options, "--config", f"suite={folder / 'suite.yaml'}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_wrong_port_is_one_line_before_any_job(write_suite: Callable[[str], Path], tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    experiments = ", ".join(f"e{number}: {{}}" for number in range(10))
    write_suite(f"defaults: {{server: {{kind: external, url: '{url}'}}}}\nexperiments: {{{experiments}}}")
    answer = snakemake(tmp_path)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    [line] = [line for line in answer.stderr.splitlines() if url in line]
    assert line.startswith(f"loadstone: e0 and 10 more: no server answers at {url}: ")
    assert not (tmp_path / "results").exists(), "no job has run"
    assert list((tmp_path / ".snakemake").glob("locks/*")) == []
    assert "no server answers" not in snakemake(tmp_path, "plan").stderr, "nothing is to be measured"
