"""GET /calibration: the configured demand, behind one lock for all threads and worker processes."""

import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError

from server import create_app
from server.calibration import STRATA, EvenDraws
from tests.server.conftest import Gunicorn


def test_route_is_there_only_where_wanted(client: FlaskClient) -> None:
    answer = client.get("/calibration")
    assert (answer.status_code, set(answer.json)) == (404, {"message"})
    answer = create_app(calibration={}).test_client().get("/calibration")
    assert (answer.status_code, answer.mimetype, set(answer.json)) == (200, "application/json", {"slept_ms"})


@pytest.mark.parametrize("demand", [{"parallel_ms": 1.0}, {"serial_ms": 1.0}, {"parallel_ms": 0.5, "serial_ms": 0.5}])
def test_sleeps_as_long_as_told_on_average(demand: dict[str, float], tmp_path: Path) -> None:
    client = create_app(calibration=demand, lock=str(tmp_path / "lock")).test_client()
    began = perf_counter()
    slept = [client.get("/calibration").json["slept_ms"] for _ in range(200)]
    assert sum(slept) <= (perf_counter() - began) * 1000
    assert 0.6 < sum(slept) / len(slept) < 1.5
    assert max(slept) > 2 * min(slept), "not all alike"


def test_parallel_times_are_exponential_and_their_mean_is_soon_the_one_told() -> None:
    draws = EvenDraws()
    blocks = [[draws.draw() for _ in range(STRATA)] for _ in range(100)]
    for block in blocks:
        assert sorted(math.ceil(math.exp(-x) * STRATA) for x in block) == list(range(1, STRATA + 1))
    every = sorted(x for block in blocks for x in block)
    assert sum(every) / len(every) == pytest.approx(1, abs=0.05), "independent draws would fail this in 3 of 100 trials"
    for share in (0.1, 0.5, 0.9, 0.99):
        assert every[int(share * len(every))] == pytest.approx(-math.log(1 - share), rel=0.2, abs=0.06)


def test_every_thread_draws_evenly_by_itself() -> None:
    draws = EvenDraws()
    draws.draw()
    with ThreadPoolExecutor(1) as other:
        block = [other.submit(draws.draw).result() for _ in range(STRATA)]
    assert len({math.ceil(math.exp(-x) * STRATA) for x in block}) == STRATA


def test_fails_as_often_as_told_after_its_sleeps(tmp_path: Path) -> None:
    client = create_app(calibration={"parallel_ms": 1.0, "failures": 0.3}).test_client()
    began = perf_counter()
    answers = [client.get("/calibration") for _ in range(300)]
    assert perf_counter() - began > 0.2
    failed = [answer for answer in answers if answer.status_code == 500]
    assert 0.15 < len(failed) / len(answers) < 0.45
    assert all(answer.mimetype == "application/json" and set(answer.json) == {"message"} for answer in failed)
    assert all(set(answer.json) == {"slept_ms"} for answer in answers if answer.status_code == 200)


def test_calibration_requests_are_counted() -> None:
    app = create_app(calibration={"failures": 1})
    assert app.test_client().get("/calibration").status_code == 500
    assert app.extensions["timing"].answered() == 1


@pytest.mark.parametrize("demand", [{"parallel": 1.0}, {"serial_ms": -1.0}, {"failures": 1.5}, {"parallel_ms": "1"}])
def test_demand_that_makes_no_sense_is_refused(demand: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises((ValidationError, TypeError)):
        create_app(calibration=demand, lock=str(tmp_path / "lock"))


def test_serial_demand_needs_a_lock() -> None:
    with pytest.raises(ValueError, match="needs a lock"):
        create_app(calibration={"serial_ms": 1.0})


def ask_at_once(server: Gunicorn, clients: int, requests: int) -> tuple[float, float]:
    """Send requests from several clients; return the seconds that they took and the sum of all sleeps."""

    def ask(_: int) -> float:
        connection = server.connect()
        connection.request("GET", "/calibration", headers={"Connection": "close"})
        slept: float = json.loads(connection.getresponse().read())["slept_ms"]
        connection.close()
        return slept / 1000

    began = perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        slept = sum(pool.map(ask, range(requests)))
    return perf_counter() - began, slept


@pytest.mark.parametrize(("worker_class", "workers", "threads"), [("sync", 2, 1), ("gthread", 1, 8), ("gthread", 2, 4)])
def test_one_lock_for_all_threads_and_processes(
    start_gunicorn: Callable[..., Gunicorn], tmp_path: Path, worker_class: str, workers: int, threads: int
) -> None:
    call = f'server:create_app(calibration={{"serial_ms": 20.0}}, lock="{tmp_path}/lock")'
    server = start_gunicorn(call, worker_class=worker_class, workers=workers, threads=threads)
    server.wait_ready()
    took, slept = ask_at_once(server, clients=8, requests=20)
    assert took >= slept, "two requests slept under the lock at once"
    answered = server.stop()
    assert sum(answered) == 20
    if worker_class == "sync":  # a gthread worker may take all connections
        assert min(answered) > 0, "both processes took part"


@pytest.mark.parametrize("worker_class", ["gthread", "gevent"])
def test_parallel_sleeps_overlap(start_gunicorn: Callable[..., Gunicorn], worker_class: str) -> None:
    call = 'server:create_app(calibration={"parallel_ms": 100.0})'
    server = start_gunicorn(call, worker_class=worker_class, threads=8 if worker_class == "gthread" else 1)
    server.wait_ready()
    took, slept = ask_at_once(server, clients=8, requests=32)
    assert took < slept
    assert server.stop() == [32]


def test_gevent_worker_refuses_to_share_a_lock(start_gunicorn: Callable[..., Gunicorn], tmp_path: Path) -> None:
    call = f'server:create_app(calibration={{"serial_ms": 20.0}}, lock="{tmp_path}/lock")'
    server = start_gunicorn(call, worker_class="gevent")
    assert server.process.wait(30) != 0
    assert "a gevent worker that waits for the lock stops all its greenlets" in server.log.read_text("utf-8")
