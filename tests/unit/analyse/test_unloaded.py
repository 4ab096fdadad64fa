"""R₀ of a user's own load, compared with figures computed by hand."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from loadstone.analyse.unloaded import weigh_unloaded
from loadstone.analyse.verdicts import against_baselines
from loadstone.plan.baselines import unloaded_name
from loadstone.plan.schedule import Plan, make_plan
from loadstone.results.signals import Signals
from loadstone.suite.load import load_suite
from tests.unit.analyse.test_bottleneck import EAGER, IDLE

Rows = dict[str, tuple[int, float]]
"""Endpoint → requests, mean ms."""


@pytest.fixture
def plan(write_suite: Callable[[str], Path]) -> Plan:
    text = "experiments: {own: {load: {requests: [{get: /fast}, {get: /slow}]}}, albums: {}}"
    return make_plan(load_suite(write_suite(text)))


def weighed(plan: Plan, own: Rows, unloaded: Rows) -> float | None:
    baseline = unloaded_name(plan.suite.experiments["own"])
    table = pd.DataFrame(
        [
            (name, 1, endpoint, requests, mean)
            for name, rows in (("own", own), ("albums", own), (baseline, unloaded))
            for endpoint, (requests, mean) in ({"all": (1000, 77.0)} | rows).items()
        ],
        columns=["experiment", "repeat", "endpoint", "requests", "mean_ms"],
    )
    found = weigh_unloaded(plan, table)
    assert found.keys() == {("own", 1)}, "the mix of album users is the same with and without waits"
    signals = {("own", 1): Signals(**IDLE), (baseline, 1): Signals(**(EAGER | {"users": 1.0, "throughput": 20.0}))}
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
