"""Users of declared requests, in a real Locust, against a server that notes what it receives."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from scipy.stats import binom

from loadstone.suite.declared_requests import DeclaredRequest, prepare_requests
from loadstone.suite.templates import render
from tests.conftest import ROOT
from tests.support.noting_server import Received, noting_server

CLASSES = ("DeclaredHttpUser", "DeclaredFastHttpUser")
DEADLINE_S = 60.0


NOTING = """\
import atexit, json, os

import gevent
from locust import events

noted = []

@events.init.add_listener
def note_requests(environment, **_):
    def note(request_type, name, exception, **_):
        noted.append((request_type, name, exception and str(exception)))
        if len(noted) == int(os.environ["ENOUGH"]):
            gevent.spawn(environment.runner.quit)

    environment.events.request.add_listener(note)

atexit.register(lambda: open(os.environ["NOTES"], "w").write(json.dumps(noted)))
"""
"""A second locustfile: notes the requests as Locust counts them, and ends the test in order when there are enough."""


class Event(NamedTuple):
    method: str
    name: str
    failure: str | None


def run_locust(
    user: str,
    requests: list[dict[str, Any]],
    enough: int,
    folder: Path,
    *options: str,
    seed: int = 1,
    users: int = 1,
    https: bool = False,
) -> tuple[list[Received], list[Event]]:
    """Load a server until it has had enough requests; return them, and the requests as Locust counts them."""
    declared = [DeclaredRequest.model_validate(request) for request in requests]
    (folder / "noting.py").write_text(NOTING, encoding="utf-8")
    with noting_server(https=https) as server, (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "locust", "-f", f"locustfiles/declared.py,{folder}/noting.py", "--headless"]
        command += ["--host", f"http{'s' * https}://127.0.0.1:{server.server_port}/base", "--users", str(users)]
        command += ["--spawn-rate", str(users), "--requests", prepare_requests(declared), "--seed", str(seed)]
        command += ["--only-summary", "--stop-timeout", "30", *options, user]
        environment = os.environ | {"NOTES": str(folder / "events.json"), "ENOUGH": str(enough)}
        subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, env=environment, timeout=DEADLINE_S, check=False)
        received = list(server.received)
    assert "Traceback" not in (folder / "log").read_text(), (folder / "log").read_text()
    return received, [Event(*event) for event in json.loads((folder / "events.json").read_text())]


SHOP: list[dict[str, Any]] = [
    {"get": "/health", "weight": 3},
    {"get": "/café/${id=1..1000}?colour=${red|green}", "headers": {"X-Id": "${id}", "X-Odd": "$${id}"}},
    {"post": "/orders", "json": {"n": "${1..5}", "s": "„${a|\"b\"}“", "tags": [None, True, 1.5, "${t|u}"], "e": {}}},
    {"put": "/form", "data": {"name": "x & y", "colour": "${red|light blue}"}},
    {"patch": "/text", "data": "no. ${-3..3}", "headers": {"content-type": "text/csv"}},
    {"delete": "/orders/${1..9}", "name": "/orders/<id>"},
    {"options": "/health"},
    {"head": "/health"},
    {"post": "/empty"},
]  # fmt: skip


class Expected(NamedTuple):
    """What a server should receive."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def expected_requests(seed: int, count: int) -> list[Expected]:
    """Draw what the first user of a process sends, as the documentation describes it."""
    prepared = json.loads(prepare_requests([DeclaredRequest.model_validate(request) for request in SHOP]))
    draw = random.Random(f"{seed}/0-0/requests")
    weights = [request["weight"] for request in prepared]
    requests = []
    for _ in range(count):
        [request] = draw.choices(prepared, weights)
        values = [draw.randint(low, high) for low, high in request["draws"]]
        headers = {name.lower(): render(parts, values) for name, parts in request["headers"].items()}
        path = "/base" + render(request["path"], values).replace("é", "%C3%A9")
        requests.append(Expected(request["method"], path, headers, render(request.get("body", []), values).encode()))
    return requests


@pytest.mark.slow
@pytest.mark.parametrize("user", CLASSES)
def test_requests_are_sent_as_declared_in_the_order_of_the_seed(user: str, tmp_path: Path) -> None:
    enough = 1000
    received, events = run_locust(user, SHOP, enough, tmp_path, seed=7)
    for got, wanted in zip(received, expected_requests(7, enough), strict=False):
        assert (got.method, got.path, got.body) == (wanted.method, wanted.path, wanted.body)
        assert wanted.headers.items() <= got.headers.items()
    assert len(events) == len(received)
    assert {event.failure for event in events} == {None}
    declared = [DeclaredRequest.model_validate(request) for request in SHOP]
    counts = Counter(f"{event.method} {event.name}" for event in events[:enough])
    assert counts.keys() == {request.endpoint for request in declared}
    for request in declared:
        share = request.weight / sum(other.weight for other in declared)
        assert binom.ppf(5e-7, enough, share) <= counts[request.endpoint] <= binom.isf(5e-7, enough, share)


@pytest.mark.slow
@pytest.mark.parametrize("user", CLASSES)
def test_users_draw_by_themselves_and_the_same_again(user: str, tmp_path: Path) -> None:
    requests = [{"get": "/${1..1000000}"}]

    def sequences(seed: int) -> set[tuple[str, ...]]:
        received, _ = run_locust(user, requests, 400, tmp_path, seed=seed, users=3)
        by_connection: dict[int, list[str]] = {}
        for request in received:
            by_connection.setdefault(request.connection, []).append(request.path)
        assert len(by_connection) == 3
        return {tuple(paths[:20]) for paths in by_connection.values()}

    first, again, other = sequences(1), sequences(1), sequences(2)
    assert first == again
    assert len(first | other) == 6


@pytest.mark.slow
@pytest.mark.parametrize("user", CLASSES)
def test_success_is_a_matter_of_the_status(user: str, tmp_path: Path) -> None:
    requests: list[dict[str, Any]] = [
        {"get": "/status/200"},
        {"get": "/status/204"},
        {"get": "/status/404", "expect": 404},
        {"get": "/status/500"},
        {"get": "/status/202", "expect": 201},
        {"get": "/redirect", "name": "followed"},
        {"post": "/redirect", "name": "posted", "data": "x"},
        {"get": "/redirect/2", "name": "not followed", "expect": 302},
        {"get": "/loop"},
        {"get": "/nowhere"},
    ]
    received, events = run_locust(user, requests, 600, tmp_path)
    outcomes = {(event.name, event.failure) for event in events}
    assert {(name, failure) for name, failure in outcomes if name not in ("/loop", "/nowhere")} == {
        ("/status/200", None),
        ("/status/204", None),
        ("/status/404", None),
        ("/status/500", "HTTP 500"),
        ("/status/202", "HTTP 202"),
        ("followed", None),
        ("posted", None),
        ("not followed", None),
    }
    assert {name for name, failure in outcomes if failure} == {"/status/500", "/status/202", "/loop", "/nowhere"}
    assert {name for name, failure in outcomes if not failure}.isdisjoint({"/loop", "/nowhere"})
    landings = sum(request.path == "/landing" for request in received)
    assert landings == sum(event.name in ("followed", "posted") for event in events)


@pytest.mark.slow
@pytest.mark.parametrize("user", CLASSES)
def test_certificates_are_checked_unless_any_will_do(user: str, tmp_path: Path) -> None:
    _, events = run_locust(user, [{"get": "/"}], 20, tmp_path, https=True)
    assert all("CERTIFICATE_VERIFY_FAILED" in str(event.failure) for event in events)
    _, events = run_locust(user, [{"get": "/"}], 20, tmp_path, "--insecure", https=True)
    assert {event.failure for event in events} == {None}


@pytest.mark.parametrize(
    "text", ["{", "[]", "[{}]", '[{"path": 5}]', '[{"path": [{}]}]', '[{"path": "/", "method": "X"}]']
)
@pytest.mark.slow
def test_option_that_holds_no_requests_is_refused_in_one_line(text: str) -> None:
    command = [sys.executable, "-m", "locust", "-f", "locustfiles/declared.py", "--headless", "--requests", text]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "argument --requests: not a list of requests" in answer.stderr.splitlines()[-1]
    assert "Traceback" not in answer.stderr
