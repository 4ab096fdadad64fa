"""Runs whose users send the requests that a suite declares."""

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from loadstone.plan.schedule import Run
from tests.support.noting_server import noting_server

Start = Callable[[Run], "subprocess.Popen[str]"]


def suite(port: int, user: str, requests: str) -> str:
    return (
        "baselines: false\ndefaults: {duration: 1s, warm_up: 200ms, repeats: 1}\n"
        f"experiments: {{a: {{server: {{kind: external, url: 'http://127.0.0.1:{port}'}}, load: {{users: 4, "
        f"spawn_rate: 4, think_time: 0.02, workers: 2, user: {user}, requests: {requests}}}}}}}"
    )


@pytest.mark.parametrize("user", ["HttpUser", "FastHttpUser"])
def test_every_request_is_recorded_under_its_endpoint(
    user: str, first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path
) -> None:
    requests = (
        "[{get: '/orders/${1..9}', weight: 3}, {post: /redirect, json: {n: '${1..9}'}, name: followed}, "
        "{put: /status/404, expect: 404}, {delete: /status/202, expect: 204}]"
    )
    with noting_server() as server:
        process = start_measure(first_run(suite(server.server_port, user, requests)))
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    table = pq.read_table(tmp_path / "runs" / "a" / "1" / "requests.parquet").to_pylist()
    assert {(row["endpoint"], row["status"], row["error"]) for row in table} == {
        ("GET /orders/${1..9}", 200, None),
        ("POST followed", 200, None),
        ("PUT /status/404", 404, None),
        ("DELETE /status/202", 202, "HTTP 202"),
    }
    assert {row["user"] for row in table} == {0, 1, 2, 3}
    sent = Counter(received.method for received in server.received if received.path not in ("/landing", "/healthz"))
    preflight = Counter(GET=1)
    assert sent - preflight == Counter(row["endpoint"].split()[0] for row in table)


@pytest.mark.parametrize("user", ["HttpUser", "FastHttpUser"])
def test_redirect_to_another_machine_ends_the_run_in_one_line(
    user: str, first_run: Callable[[str], Run], start_measure: Start
) -> None:
    with noting_server() as server:
        process = start_measure(first_run(suite(server.server_port, user, "[{get: /other}]")))
        _, errors = process.communicate(timeout=60)
    [line] = [line for line in errors.splitlines() if line.startswith("loadstone: ")]
    assert process.returncode == 1
    assert "192.0.2.1" in line
    assert "load.allow_hosts" in line
