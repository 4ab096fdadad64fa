"""From a run's tables to its signals, and from runs to an experiment's verdict."""

import pandas as pd
import pytest

from loadstone.analyse.thinking import Cycle
from loadstone.analyse.verdicts import agree, signals_of, verdicts_of
from tests.unit.records import make_record
from tests.unit.test_bottleneck import EAGER, IDLE, Signals

RECORD = make_record(load_started=0.0, window=(10.0, 20.0))
ENDPOINTS = pd.DataFrame(
    [
        {"endpoint": "all", "requests": 332, "failures": 2, "goodput_rps": 33.0, "server_ms": 0.5, "bytes_mean": 100.0},
        {"endpoint": "GET /albums", "requests": 1, "failures": 0, "goodput_rps": 1, "server_ms": 9, "bytes_mean": 9},
    ]
)
PROCESSES = pd.DataFrame(
    [
        {"role": "host", "pid": 0, "cpu": 0.4, "steal": 0.02},
        {"role": "server-master", "pid": 1, "cpu": 0.9, "steal": None},
        {"role": "server-worker", "pid": 2, "cpu": 0.1, "steal": None},
        {"role": "server-worker", "pid": 3, "cpu": 0.2, "steal": None},
        {"role": "load-worker", "pid": 4, "cpu": 0.3, "steal": None},
    ]
)
COURSE = pd.DataFrame({"second": range(25), "requests": 33, "failures": 0, "mean_ms": 5.0})
CYCLE = Cycle(throughput=33.2, response_s=0.005, think_s=1.5)


def test_signals_come_from_the_tables() -> None:
    signals = signals_of(RECORD, CYCLE, ENDPOINTS, COURSE, PROCESSES)
    assert (signals.users, signals.throughput, signals.response_s, signals.think_s) == (50, 33.2, 0.005, 1.5)
    assert signals.server_cpu == pytest.approx(0.3), "workers only"
    assert signals.generator_cpu == [0.3]
    assert (signals.host_busy, signals.host_steal) == (0.2, 0.01), "of two CPUs"
    assert signals.server_seconds == 0.0005
    assert (signals.requests, signals.failures) == (332, 2)
    assert signals.bytes_per_s == 3300


def test_steadiness_is_judged_where_the_window_is_long_enough() -> None:
    assert signals_of(RECORD, CYCLE, ENDPOINTS, COURSE, PROCESSES).steady is None
    record = make_record(load_started=0.0, window=(10.0, 130.0))
    flat = pd.DataFrame({"second": range(140), "requests": [33, 34] * 70, "failures": 0, "mean_ms": [5.0, 5.1] * 70})
    assert signals_of(record, CYCLE, ENDPOINTS, flat, PROCESSES).steady is True
    falling = flat.assign(requests=[200 - second for second in range(140)])
    assert signals_of(record, CYCLE, ENDPOINTS, falling, PROCESSES).steady is False


def test_what_was_not_measured_is_missing() -> None:
    nothing = PROCESSES[PROCESSES["role"] == "server-master"]
    signals = signals_of(RECORD, CYCLE, ENDPOINTS.assign(server_ms=float("nan")), COURSE, nothing)
    assert {"server_cpu", "generator_cpu", "host_busy", "host_steal", "server_seconds"} <= set(signals.missing)


def test_experiment_has_the_verdict_of_most_of_its_runs() -> None:
    assert agree(["think time"] * 4 + ["server CPU"]) == "think time"
    assert agree(["think time"] * 3 + ["server CPU"]) == "mixed"
    assert agree(["generator"]) == "generator"


def test_content_of_the_file() -> None:
    found = verdicts_of({("b", 1): Signals(**IDLE), ("a", 2): Signals(**EAGER), ("a", 1): Signals(**EAGER)})
    assert found["experiments"]["b"] == {"verdict": "think time", "parties": ["think time"], "runs": {"think time": 1}}
    assert found["experiments"]["a"]["runs"] == {"undetermined": 2}
    assert [(run["experiment"], run["repeat"]) for run in found["runs"]] == [("a", 1), ("a", 2), ("b", 1)]
