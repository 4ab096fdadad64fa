"""From a run's tables to its signals, and from runs to an experiment's verdict."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from loadstone.analyse.signals import Signals, signals_of
from loadstone.analyse.thinking import Cycle
from loadstone.analyse.verdicts import against_baselines, agree, judge_campaign, probe
from loadstone.baselines import unloaded_name
from loadstone.plan import Plan, make_plan
from loadstone.suitefile import load_suite
from tests.unit.records import make_record
from tests.unit.test_bottleneck import EAGER, IDLE

RECORD = make_record(load_started=0.0, window=(10.0, 20.0))
ENDPOINTS = pd.DataFrame(
    [
        {"endpoint": "all", "requests": 332, "failures": 2, "goodput_rps": 33.0, "server_ms": 0.5, "bytes_mean": 100.0},
        {"endpoint": "GET /albums", "requests": 1, "failures": 0, "goodput_rps": 1, "server_ms": 9, "bytes_mean": 9},
    ]
)
PROCESSES = pd.DataFrame(
    [
        {"role": "host", "pid": 0, "cpu": 0.4, "steal": 0.02, "run_queue": 3.0},
        {"role": "server-master", "pid": 1, "cpu": 0.9, "steal": None},
        {"role": "server-worker", "pid": 2, "cpu": 0.1, "steal": None},
        {"role": "server-worker", "pid": 3, "cpu": 0.2, "steal": None},
        {"role": "load-worker", "pid": 4, "cpu": 0.3, "steal": None},
    ]
)
CYCLE = Cycle(throughput=33.2, response_s=0.005, think_s=1.5)


def test_signals_come_from_the_tables() -> None:
    signals = signals_of(RECORD, CYCLE, ENDPOINTS, PROCESSES, None)
    assert (signals.users, signals.throughput, signals.response_s, signals.think_s) == (50, 33.2, 0.005, 1.5)
    assert signals.server_cpu == pytest.approx(0.3), "workers only"
    assert signals.generator_cpu == [0.3]
    assert (signals.host_busy, signals.host_steal) == (0.2, 0.01), "of two CPUs"
    assert signals.server_seconds == 0.0005
    assert (signals.requests, signals.failures) == (332, 2)
    assert signals.bytes_per_s == 3300
    assert signals.host_run_queue == 1.5, "a CPU"
    assert signals.steady is None


def test_what_was_not_measured_is_missing() -> None:
    nothing = PROCESSES[PROCESSES["role"] == "server-master"]
    signals = signals_of(RECORD, CYCLE, ENDPOINTS.assign(server_ms=float("nan")), nothing, True)
    assert {"server_cpu", "generator_cpu", "host_busy", "host_steal", "server_seconds"} <= set(signals.missing)


def test_experiment_has_the_verdict_of_most_of_its_runs() -> None:
    assert agree(["think time"] * 4 + ["server CPU"]) == "think time"
    assert agree(["think time"] * 3 + ["server CPU"]) == "mixed"
    assert agree(["generator"]) == "generator"


Planned = Callable[[str], Plan]


@pytest.fixture
def planned(write_suite: Callable[[str], Path]) -> Planned:
    return lambda text: make_plan(load_suite(write_suite(text)))


def judged(plan: Plan, **of_experiments: Any) -> dict[str, Any]:
    """Judge a campaign whose runs have the signals given for their experiment (one mapping, or one a repeat)."""
    signals = {}
    for run in plan.runs:
        given = of_experiments[run.experiment]
        signals[run.experiment, run.repeat] = Signals(**(given[run.repeat - 1] if isinstance(given, list) else given))
    return judge_campaign(plan, signals)


def test_content_of_the_file(planned: Planned) -> None:
    plan = planned("{baselines: false, defaults: {repeats: 2}, experiments: {b: {repeats: 1}, a: {}}}")
    found = judged(plan, b=IDLE, a=EAGER)
    assert found["experiments"]["b"] == {
        "verdict": "think time",
        "parties": ("think time",),
        "runs": {"think time": 1},
        "elasticity": None,
        "remark": None,
    }
    assert found["experiments"]["a"]["runs"] == {"undetermined": 2}
    assert [(run["experiment"], run["repeat"]) for run in found["runs"]] == [("a", 1), ("a", 2), ("b", 1)]


def test_thresholds_are_the_suites(planned: Planned) -> None:
    text = "baselines: false\ndefaults: {repeats: 1}\nexperiments: {a: {}}"
    busy = EAGER | {"server_cpu": 0.85}
    assert judged(planned(text), a=busy)["experiments"]["a"]["verdict"] == "undetermined"
    lower = planned(text + "\nthresholds: {saturated: 0.8}")
    assert judged(lower, a=busy)["experiments"]["a"]["verdict"] == "server CPU"


def test_baselines_add_what_they_measured(planned: Planned) -> None:
    plan = planned("experiments: {a: {repeats: 2}}")
    unloaded = unloaded_name(plan.suite.experiments["a"])
    alone = Signals(**(EAGER | {"users": 1.0, "response_s": 0.004, "throughput": 250.0}))
    full = Signals(**(EAGER | {"generator_cpu": [0.99], "throughput": 2100.0, "response_s": 50 / 2100}))
    own = Signals(**(IDLE | {"unloaded_response_s": None, "generator_ceiling": None}))
    signals = {(unloaded, 1): alone, ("ceiling@HttpUser-1", 1): full, ("a", 1): own, ("a", 2): own}
    known = against_baselines(plan, signals)
    assert (known["a", 2].unloaded_response_s, known["a", 2].generator_ceiling) == (0.004, 2100.0)
    assert known[unloaded, 1] == alone


def test_a_baseline_that_broke_a_law_or_was_no_limit_adds_nothing(planned: Planned) -> None:
    plan = planned("experiments: {a: {repeats: 1}}")
    unloaded = unloaded_name(plan.suite.experiments["a"])
    broken = Signals(**(EAGER | {"users": 1.0, "response_s": 0.004, "throughput": 100.0}))
    idle = Signals(**(EAGER | {"generator_cpu": [0.5], "host_busy": 0.6}))
    own = Signals(**(IDLE | {"unloaded_response_s": None, "generator_ceiling": None}))
    known = against_baselines(plan, {(unloaded, 1): broken, ("ceiling@HttpUser-1", 1): idle, ("a", 1): own})
    assert (known["a", 1].unloaded_response_s, known["a", 1].generator_ceiling) == (None, None)


FULL_SLOTS = EAGER | {"server_seconds": 0.0038, "generator_ceiling": None}
THREADS = "baselines: false\nsweeps: {t: {vary: server.threads, values: [2, 4], repeats: 2}}"


def test_slots_that_add_nothing_are_a_serial_section(planned: Planned) -> None:
    more = FULL_SLOTS | {"throughput": 1010.0, "response_s": 50 / 1010, "server_threads": 8, "server_seconds": 0.0075}
    found = judged(planned(THREADS), **{"t=2": FULL_SLOTS, "t=4": more})["experiments"]
    assert (found["t=2"]["verdict"], found["t=4"]["verdict"]) == ("serial section", "serial section")
    assert "factor of 1.01" in found["t=4"]["remark"]


def test_slots_that_add_throughput_are_server_concurrency(planned: Planned) -> None:
    more = FULL_SLOTS | {"throughput": 1900.0, "response_s": 50 / 1900, "server_threads": 8}
    found = judged(planned(THREADS), **{"t=2": FULL_SLOTS, "t=4": more})["experiments"]
    assert (found["t=2"]["verdict"], found["t=4"]["verdict"]) == ("server concurrency", "server concurrency")


def test_elasticity_tells_think_time_from_a_capacity() -> None:
    follows = probe([66.1, 66.3, 66.0], [33.0, 33.1, 33.2])
    assert follows.value == pytest.approx(1, abs=0.01)
    assert follows.low is not None
    assert follows.high is not None
    assert follows.low < follows.value < follows.high
    assert "follows the users" in follows.reading
    stays = probe([1010.0], [1000.0])
    assert stays.value == pytest.approx(0.0144, abs=0.001)
    assert (stays.low, stays.high) == (None, None)
    assert "capacity is reached" in stays.reading
    assert "near the knee" in probe([150.0], [100.0]).reading


def test_probe_is_part_of_the_verdict(planned: Planned) -> None:
    plan = planned("baselines: false\nexperiments: {a: {probe: true, repeats: 1}}")
    twice = IDLE | {"users": 100.0, "throughput": 66.4}
    found = judged(plan, **{"a": IDLE, "a@twice": twice})
    assert found["experiments"]["a"]["elasticity"]["value"] == pytest.approx(1)
    assert found["experiments"]["a@twice"]["elasticity"] is None
