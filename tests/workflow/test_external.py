"""A run against a server that somebody else runs, and who may be reached from outside while one is measured."""

import contextlib
import ipaddress
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
import requests

from loadstone.analyse.bottleneck import judge
from loadstone.measure.ports import free_port
from loadstone.plan.schedule import Run
from loadstone.results.run_record import read_record
from loadstone.results.signals import read_signals
from loadstone.results.sockets import NOT_ACCEPTED, UNKNOWN_PROCESS
from loadstone.suite.verdict import Verdict
from loadstone.summarise.stage import summarise_folder
from tests.conftest import ROOT, processes_of, wait_for

Start = Callable[[Run], "subprocess.Popen[str]"]

STARTING, POSTED = 8, 4
BEFORE = STARTING + POSTED
"""Albums that the server holds when the run begins, of which the suite knows three."""
LOAD = "{users: 4, spawn_rate: 4, think_time: 0.05, user: FastHttpUser}"


def suite(server: str, duration: str = "1s", load: str = LOAD) -> str:
    return (
        f"baselines: false\ndefaults: {{duration: {duration}, warm_up: 200ms, repeats: 1}}\n"
        f"experiments: {{a: {{server: {{{server}}}, load: {load}}}}}"
    )


@contextlib.contextmanager
def somebodys_server(application: str) -> Iterator[str]:
    """Run an application of `server` under gunicorn, as somebody who knows nothing of Loadstone would."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "8", "--keep-alive", "60"]
    command += ["--no-control-socket", "--bind", url.removeprefix("http://"), application]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True) as process:

        def answers() -> bool:
            with contextlib.suppress(requests.ConnectionError):
                return requests.get(f"{url}/healthz", timeout=5).status_code > 0
            return False

        try:
            wait_for(answers, 30, "an answer of somebody's server")
            yield url
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with somebodys_server(f"server:create_app(albums={STARTING})") as url:
        yield url


def outcome(process: "subprocess.Popen[str]") -> tuple[int, list[str]]:
    """Wait for the end of a run; return its exit code and what went wrong, in Loadstone's words."""
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    return process.returncode, [line for line in errors.splitlines() if line.startswith("loadstone: ")]


def test_run_against_somebodys_server(
    url: str, first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path
) -> None:
    for number in range(POSTED):  # as a run before this one did
        album = {"id": f"u{number}-1", "title": "Take 1", "artist": f"User {number}", "price": 5}
        assert requests.post(f"{url}/albums", json=album, timeout=5).status_code == 201
    assert outcome(start_measure(first_run(suite(f"kind: external, url: '{url}'")))) == (0, [])
    folder = tmp_path / "runs" / "a" / "1"
    record = read_record(folder / "run.json")

    assert record.commands.server is None
    assert record.exit_codes == {"load-master": 0, "load-worker-0": 0}
    assert [(check.name, check.ok) for check in record.checks] == [("requests counted by Locust", True)]
    assert record.counts.server is None
    samples = pq.read_table(folder / "processes.parquet").column("role").unique().to_pylist()
    assert sorted(samples) == ["host", "load-master", "load-worker"]
    connections = pq.read_table(folder / "sockets.parquet").to_pylist()
    assert {row["pid"] for row in connections} == {NOT_ACCEPTED, UNKNOWN_PROCESS}
    assert {row["downstream"] for row in connections} == {None}
    rows = pq.read_table(folder / "requests.parquet").to_pylist()
    assert [row["error"] for row in rows if row["error"]] == []
    posted = sum(row["endpoint"] == "POST /albums" for row in rows)
    assert posted > 0
    albums = record.albums
    assert albums is not None
    assert (albums.before, albums.after, albums.expected_after) == (BEFORE, BEFORE + posted, BEFORE + posted)
    assert BEFORE <= albums.window_begin <= albums.window_end <= albums.after
    assert requests.get(f"{url}/healthz", timeout=5).json()["albums"] == albums.after, "it runs on as it was"
    assert_nothing_is_held_against_it(folder, tmp_path / "tables")
    assert not (folder / "logs" / "server.log").exists()


def assert_nothing_is_held_against_it(folder: Path, tables: Path) -> None:
    """Sum the run up and judge it, as the workflow does."""
    record = read_record(folder / "run.json")
    summarise_folder(record, folder).write(tables)
    signals = read_signals(tables / "signals.json")
    assert signals.other_cpus is None, "the server's CPU is not known apart from that of others"
    verdict = judge(signals)
    assert verdict.verdict not in (Verdict.SERVER_CPU, Verdict.SERVER_CONCURRENCY, Verdict.SERIAL_SECTION)
    assert {"server_cores", "server_cpu", "server_threads", "server_workers"} <= set(verdict.missing)
    assert not {"u_server", "u_slot"} & {figure.signal for figure in verdict.evidence}


def test_run_against_a_server_that_a_command_starts(
    first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path
) -> None:
    port = free_port()
    argv = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "8", "--keep-alive", "60"]
    argv += ["--no-control-socket", "--bind", f"127.0.0.1:{port}", "--pythonpath", str(ROOT)]
    argv += [f"server:create_app(albums={STARTING})"]
    run = first_run(suite(f"kind: command, argv: {json.dumps(argv)}, url: 'http://127.0.0.1:{port}'"))
    assert outcome(start_measure(run)) == (0, [])
    folder = tmp_path / "runs" / "a" / "1"
    record = read_record(folder / "run.json")
    assert record.commands.server == argv
    assert record.exit_codes == {"server": 0, "load-master": 0, "load-worker-0": 0}
    assert record.albums is not None
    assert record.albums.before == STARTING
    samples = pq.read_table(folder / "processes.parquet").to_pylist()
    assert len({row["pid"] for row in samples if row["role"] == "server-worker"}) == 2, "gunicorn and its worker"
    assert f"$ {sys.executable} -m gunicorn" in (folder / "logs" / "server.log").read_text("utf-8")
    assert processes_of(tmp_path) == []
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5)


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["/no/such/program"], "server.argv: cannot start /no/such/program: no such file"),
        ([sys.executable, "-c", "raise SystemExit('I give up')"], "the server ended with exit code 1: I give up"),
    ],
    ids=["no program", "ends"],
)
def test_command_that_starts_nothing(
    first_run: Callable[[str], Run], start_measure: Start, argv: list[str], sentence: str
) -> None:
    server = f"kind: command, argv: {json.dumps(argv)}, url: 'http://127.0.0.1:{free_port()}'"
    code, [line] = outcome(start_measure(first_run(suite(server))))
    assert code == 1
    assert sentence in line


def test_command_does_not_measure_what_listens_there_already(
    url: str, first_run: Callable[[str], Run], start_measure: Start
) -> None:
    code, [line] = outcome(start_measure(first_run(suite(f"kind: command, argv: [sleep, '60'], url: '{url}'"))))
    assert code == 1
    assert f"another process already listens on port {url.rpartition(':')[2]} of 127.0.0.1" in line


@pytest.mark.parametrize(
    ("application", "sentence"),
    [
        ("server:create_app(albums=2)", "GET /albums/3: status 404, expected 200"),
        (None, "no server answers at http://127.0.0.1:"),
    ],
    ids=["too few albums", "nobody there"],
)
def test_server_of_another_kind_is_refused(
    first_run: Callable[[str], Run],
    start_measure: Start,
    application: str | None,
    sentence: str,
) -> None:
    somewhere = contextlib.nullcontext(f"http://127.0.0.1:{free_port()}")
    with somebodys_server(application) if application else somewhere as url:
        code, [line] = outcome(start_measure(first_run(suite(f"kind: external, url: '{url}'"))))
    assert code == 1
    assert sentence in line


def test_redirection_is_not_followed(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    """Else a server nearby could send the load elsewhere."""
    with somebodys_server("tests.support.elsewhere:application") as url:
        run = first_run(
            suite(f"kind: external, url: '{url}', albums: 1", load=LOAD.replace("}", ", mix: {get_album: 1}}"))
        )
        assert outcome(start_measure(run)) == (0, [])
    rows = pq.read_table(tmp_path / "runs" / "a" / "1" / "requests.parquet").to_pylist()
    assert {row["status"] for row in rows} == {200, 302}
    assert {row["error"] for row in rows if row["status"] == 302} == {"HTTP 302"}


def test_all_that_listens_is_on_loopback(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    process = start_measure(first_run(suite("albums_max: 3", duration="20s")))
    log = tmp_path / "logs" / "1.log"
    wait_for(lambda: log.exists() and ": window" in log.read_text("utf-8"), 60, "the window")
    listening: dict[str, set[str]] = {}
    for each in [psutil.Process(process.pid), *processes_of(tmp_path)]:
        for socket in each.net_connections(kind="inet"):
            if socket.status == psutil.CONN_LISTEN or not socket.raddr:
                command = " ".join(each.cmdline())
                who = next((name for name in ("gunicorn", "locust") if name in command), command)
                listening.setdefault(who, set()).add(socket.laddr.ip)
    process.terminate()
    code, _ = outcome(process)
    assert code == 130
    assert set(listening) == {"gunicorn", "locust"}
    assert all(ipaddress.ip_address(ip).is_loopback for ips in listening.values() for ip in ips)
