"""From a run's tables to its signals."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from loadstone.plan.schedule import Run
from loadstone.summarise.signals import gather_signals
from loadstone.summarise.starts import Starts
from loadstone.summarise.user_cycle import Cycle
from loadstone.summarise.users import Stretch
from tests.support.records import make_record

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
).assign(rss_max_mib=20.0)
CYCLE = Cycle(throughput=33.2, response_s=0.005, think_s=1.5)


def test_signals_come_from_the_tables() -> None:
    signals = gather_signals(RECORD, CYCLE, ENDPOINTS, PROCESSES, None)
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
    signals = gather_signals(RECORD, CYCLE, ENDPOINTS.assign(server_ms=float("nan")), nothing, True)
    assert {"server_cpu", "generator_cpu", "host_busy", "host_steal", "server_seconds"} <= set(signals.missing)


def conditions(**given: Any) -> Run:
    return Run.model_validate({"experiment": "a", "repeat": 1, "seed": 1} | given)


@pytest.mark.parametrize(
    ("load", "late", "behind"),
    [
        ({"pacing": "1s"}, 10, False),
        ({"pacing": "1s"}, 11, True),
        ({"arrivals": {"rate": 33}}, 11, True),
        ({}, 11, None),
    ],
)
def test_schedule_is_missed_by_more_than_one_request_in_twenty(load: Any, late: int, behind: bool | None) -> None:
    record = RECORD.model_copy(update={"run": conditions(load=load)})
    endpoints = ENDPOINTS.assign(requests=200, late=late)
    assert gather_signals(record, CYCLE, endpoints, PROCESSES, None).behind_schedule is behind


@pytest.mark.parametrize(
    ("load", "kept", "due", "unattributed", "behind"),
    [
        ({"arrivals": {"rate": 100}}, 300, 1000, 0.0, False),
        ({"arrivals": {"rate": 100}}, 200, 1000, 0.0, True),  # 11 late requests of 200
        ({"arrivals": {"rate": 100}}, 300, 824, 0.0, False),
        ({"arrivals": {"rate": 100}}, 300, 823, 0.0, True),
        ({"arrivals": {"rate": 100}}, 300, 823, 0.5, None),
        ({"pacing": "500ms", "users": 50}, 300, 824, 0.0, False),
        ({"pacing": "500ms", "users": 50}, 300, 823, 0.0, True),
        ({}, 0, 0, 0.0, None),
    ],
)
def test_schedule_is_missed_where_too_few_requests_kept_an_intended_start(
    load: Any, kept: int, due: int, unattributed: float, behind: bool | None
) -> None:
    begin = RECORD.window[0]
    record = RECORD.model_copy(update={"run": conditions(load=load)})
    endpoints, cycle = ENDPOINTS.assign(requests=1000, late=11), replace(CYCLE, unattributed=unattributed)
    running = [Stretch(begin, begin + 10, 50)]
    found = gather_signals(record, cycle, endpoints, PROCESSES, None, running, Starts(kept, due))
    assert (found.behind_schedule, found.scheduled) == (behind, kept or None)


@pytest.mark.parametrize(
    ("server", "threads"),
    [
        ({"threads": 6}, 6),
        ({"worker_class": "sync", "threads": 1}, 1),
        ({"worker_class": "gevent", "threads": 1}, None),
    ],
)
def test_gevent_has_no_slots_to_count(server: Any, threads: int | None) -> None:
    record = RECORD.model_copy(update={"run": conditions(server=server)})
    assert gather_signals(record, CYCLE, ENDPOINTS, PROCESSES, None).server_threads == threads
