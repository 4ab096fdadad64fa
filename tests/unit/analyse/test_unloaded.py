"""R₀ of a user's own load, compared with figures computed by hand."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from loadstone.analyse.unloaded import weigh_unloaded
from loadstone.analyse.verdicts import against_baselines
from loadstone.plan.baselines import unloaded_names
from loadstone.plan.schedule import Plan, make_plan
from loadstone.results.signals import Signals
from loadstone.suite.load import load_suite
from tests.support.example_signals import EAGER, IDLE

Rows = dict[str, tuple[int, float]]
"""Endpoint → requests, mean ms."""


SLOWER = IDLE | {"response_s": 2.0}


@pytest.fixture
def plan(write_suite: Callable[[str], Path]) -> Plan:
    text = "experiments: {own: {load: {requests: [{get: /fast}, {get: /slow}]}}, albums: {}}"
    return make_plan(load_suite(write_suite(text)))


def weighed(plan: Plan, own: Rows, unloaded: Rows) -> float | None:
    baseline = unloaded_names(plan.suite.experiments["own"])[0]
    table = pd.DataFrame(
        [
            (name, 1, endpoint, requests, mean)
            for name, rows in (("own", own), ("albums", own), (baseline, unloaded))
            for endpoint, (requests, mean) in ({"all": (1000, 77.0)} | rows).items()
        ],
        columns=["experiment", "repeat", "endpoint", "requests", "mean_ms"],
    )
    found = weigh_unloaded(plan, table, {baseline: 1.0})
    assert found.keys() == {("own", 1)}, "the mix of album users is the same with and without waits"
    signals = {("own", 1): Signals(**SLOWER), (baseline, 1): Signals(**(EAGER | {"users": 1.0, "throughput": 20.0}))}
    assert against_baselines(plan, signals, table)["own", 1].unloaded_response_s == found["own", 1]
    return found["own", 1]


def test_each_endpoint_counts_as_often_as_the_run_requested_it(plan: Plan) -> None:
    """Alone, a user without waits sends 1,000 fast requests for each slow one; in the run there are as many of both."""
    assert weighed(plan, {"GET /fast": (500, 9.0), "GET /slow": (500, 1e4)}, {
        "GET /fast": (1000, 1.0), "GET /slow": (1, 1001.0),
    }) == pytest.approx(0.501)  # fmt: skip


def test_endpoints_that_were_not_measured_alone_may_be_few(plan: Plan) -> None:
    alone = {"GET /fast": (100, 2.0), "GET /failed": (3, float("nan"))}
    assert weighed(plan, {"GET /fast": (90, 9.0), "GET /slow": (10, 9.0)}, alone) == pytest.approx(0.002)
    assert weighed(plan, {"GET /fast": (89, 9.0), "GET /slow": (11, 9.0)}, alone) is None
    assert weighed(plan, {"GET /fast": (89, 9.0), "GET /failed": (11, 9.0)}, alone) is None


def test_endpoints_that_are_added_up_are_others_in_each_run(plan: Plan) -> None:
    alone = {"GET /fast": (100, 2.0), "other": (100, 500.0)}
    assert weighed(plan, {"GET /fast": (90, 9.0), "other": (10, 9.0)}, alone) == pytest.approx(0.002)
    assert weighed(plan, {"GET /fast": (89, 9.0), "other": (11, 9.0)}, alone) is None


def test_endpoints_of_each_class_come_from_its_own_run(write_suite: Callable[[str], Path]) -> None:
    """Web and Admin both request /login; Web, nine of ten users, counts nine times there."""
    path = write_suite("experiments: {own: {load: {locustfile: shop.py, classes: {Web: 9, Admin: 1}}}}")
    (path.parent / "shop.py").write_text(
        "from locust import HttpUser\nclass Web(HttpUser): pass\nclass Admin(HttpUser): pass\n", encoding="utf-8"
    )
    plan = make_plan(load_suite(path))
    web, admin = unloaded_names(plan.suite.experiments["own"])
    runs: dict[str, Rows] = {
        "own": {"GET /cart": (50, 9.0), "GET /report": (40, 9.0), "POST /login": (10, 9.0)},
        web: {"GET /cart": (900, 1.0), "POST /login": (9000, 2.0)},
        admin: {"GET /report": (10, 100.0), "POST /login": (1, 12.0)},
    }
    table = pd.DataFrame(
        [
            (name, 1, endpoint, requests, mean)
            for name, rows in runs.items()
            for endpoint, (requests, mean) in ({"all": (1000, 77.0)} | rows).items()
        ],
        columns=["experiment", "repeat", "endpoint", "requests", "mean_ms"],
    )
    assert weigh_unloaded(plan, table, dict.fromkeys((web, admin), 1.0))["own", 1] == pytest.approx(
        (50 + 40 * 100 + 10 * 3) / 100 / 1000
    )
    assert weigh_unloaded(plan, table, {web: 1.0})["own", 1] is None, "the figures of Admin's run cannot be used"
    alone = Signals(**(EAGER | {"users": 1.0, "throughput": 20.0}))
    signals = {("own", 1): Signals(**SLOWER), (web, 1): alone, (admin, 1): alone}
    assert against_baselines(plan, signals, table)["own", 1].unloaded_response_s == pytest.approx(0.0408)
    assert against_baselines(plan, signals)["own", 1].unloaded_response_s is None
