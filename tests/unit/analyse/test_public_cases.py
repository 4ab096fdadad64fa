"""Verdicts on figures from public questions: what is sound, and what a load asks for beyond what is carried."""

from typing import Any

import pytest

from loadstone.analyse.bottleneck import judge
from loadstone.results.signals import Signals
from loadstone.results.threads import ThreadState
from loadstone.results.verdicts import Judgement
from loadstone.suite.verdict import Verdict


def judged(figures: dict[str, Any], **changes: object) -> Judgement:
    return judge(Signals(**(figures | changes)))


IN_STEP: dict[str, Any] = {
    "users": 10, "requests": 191, "throughput": 191 / 3, "response_s": 0.0633, "think_s": 0.1, "think_spread": 0.02,
    "failures": 0,
}  # fmt: skip
"""Three seconds of ten users who were started together and all wait 0.1 s: X·(R + Z)/N is 1.04."""


def test_users_in_step_may_have_one_request_more_each() -> None:
    assert Signals(**IN_STEP).consistency == pytest.approx(1.04, abs=0.002)
    assert judged(IN_STEP).verdict != Verdict.INVALID
    assert judged(IN_STEP, think_spread=0.3).verdict == Verdict.INVALID, "random waits balance"
    assert judged(IN_STEP, think_spread=None).verdict == Verdict.INVALID, "unknown"
    assert judged(IN_STEP, think_spread=None, behind_schedule=False).verdict != Verdict.INVALID, "paced"


def test_users_without_pauses_in_a_short_window_are_no_contradiction() -> None:
    """Twelve users of a lock for 20 ms, for four seconds: a few of them wait much longer than the others."""
    short = {
        "users": 12,
        "requests": 190,
        "throughput": 190 / 3.8,
        "response_s": 1.056 * 12 * 3.8 / 190,
        "think_s": 0.0,
    }
    assert judged(IN_STEP | short, think_spread=None).verdict != Verdict.INVALID
    assert judged(IN_STEP | short | {"requests": 1900}, think_spread=None).verdict == Verdict.INVALID, (
        "ten times as long"
    )
    assert judged(IN_STEP | short | {"think_s": 0.1}, think_spread=None).verdict == Verdict.INVALID, "they pause"


def test_more_than_one_request_per_user_is_invalid_in_step_too() -> None:
    assert judged(IN_STEP, users=9).verdict == Verdict.INVALID
    assert judged(IN_STEP, requests=1910, throughput=191 / 3).verdict == Verdict.INVALID, "thirty seconds of it"


FOUR_CORES: dict[str, Any] = {
    "users": 50, "throughput": 4.0, "response_s": 12.4, "think_s": 0, "unloaded_response_s": 1.0, "requests": 1200,
    "failures": 0, "server_workers": 9, "server_threads": 200, "server_cores": 4, "server_cpu": 3.95,
    "server_seconds": 12.3, "generator_cpu": [0.02], "host_busy": 0.99, "host_steal": 0,
}  # fmt: skip
"""A CPU second per request on four CPUs, whatever the number of workers."""


def test_workers_beyond_the_cpus_do_not_hide_them() -> None:
    assert judged(FOUR_CORES).verdict == Verdict.SERVER_CPU


REFUSED: dict[str, Any] = {
    "users": 2000, "throughput": 246.75, "response_s": 2.6, "think_s": 0, "arrival_rate": 500, "requests": 15000,
    "failures": 8590,
}  # fmt: skip


def test_refused_connections_are_failures_and_the_backlog_is_stated() -> None:
    found = judged(REFUSED)
    assert found.verdict == Verdict.ERRORS
    assert "the backlog grows by 253 requests per second" in found.sentence


def test_open_load_above_capacity_is_named_whatever_else_is_known() -> None:
    """Twenty per second asked of four threads that take a second each."""
    few = {"users": 60, "throughput": 4.0, "response_s": 15.0, "think_s": 0, "arrival_rate": 20, "requests": 60}
    found = judged(few)
    assert found.verdict == Verdict.UNDETERMINED
    assert found.sentence.startswith("The load asks for more than is carried")
    assert "Of 20.0 requests/s that the load asks for, 4.00 are carried" in found.sentence
    assert "the backlog grows by 16.0 requests per second" in found.sentence
    assert found.probe == "lower arrivals.rate to what is carried, 4.00 requests/s, or search for the capacity"
    slots = {"server_workers": 1, "server_threads": 4, "server_seconds": 1.0, "server_cores": 2, "server_cpu": 0.02}
    named = judged(few, **slots, generator_cpu=[0.02], host_busy=0.05, host_steal=0.0, steady=False)
    assert named.verdict == Verdict.SERVER_CONCURRENCY
    assert "the backlog grows by 16.0 requests per second" in named.sentence


def test_paced_users_who_wait_for_a_full_server_do_not_make_the_generator_the_limit() -> None:
    paced = FOUR_CORES | {"behind_schedule": True, "think_s": 0.1, "response_s": 12.4}
    for figures in (paced, paced | {"server_cpu": 1.0, "host_busy": 0.3, "generator_cpu": [0.005]}):
        assert judged(figures).verdict != Verdict.GENERATOR


TWENTY_BY_ONE: dict[str, Any] = {
    "users": 8, "throughput": 4.0, "response_s": 1.9, "think_s": 0.0003, "requests": 40, "failures": 0,
    "server_workers": 20, "server_threads": 1, "server_cores": 2, "cores": 2, "server_seconds": 0.456,
    "server_cpu": 0.005, "generator_cpu": [0.003], "generator_waited": 0.0, "busiest_process": 0.002,
    "busiest_thread": 0.002, "busiest_waited": 0.004, "host_busy": 0.1, "host_steal": 0.0, "other_cpus": 0.05,
    "connections": 8.0, "not_accepted": 0.0, "unread": 6.0, "inside": 2.0, "fullest_share": 0.75, "slow_users": 0,
    "thread_states": {ThreadState.SLEEP: 2.0, ThreadState.LOCK: 3.0, ThreadState.EVENTS: 20.0}, "proceeding": 2.0,
    "proceeding_low": 1.95, "proceeding_high": 2.05, "gap_share": 0.0, "gaps": 0, "evenness": 1.7,
}  # fmt: skip
"""Eight users, twenty processes of one thread, half a second of sleep per request: spread evenly, 16 requests/s."""


def test_connections_at_a_process_without_a_free_slot_are_uneven() -> None:
    found = judged(TWENTY_BY_ONE)
    assert found.verdict == Verdict.UNEVEN_CONNECTIONS
    assert found.sentence.startswith(
        "One of 20 server processes has 75 % of 8.0 connections, more than its slots: 6.0 of 8.0 requests wait unread, "
        "while 91 % of all slots are free."
    )
    for cleared in (
        {"fullest_share": 0.125},
        {"server_workers": 2},  # both are taken
        {"unread": 0.5},
        {"busiest_process": 0.95, "busiest_thread": 0.95},
        {"server_threads": None},
    ):
        assert judged(TWENTY_BY_ONE, **cleared).verdict != Verdict.UNEVEN_CONNECTIONS, cleared


def test_no_more_requests_wait_than_there_are() -> None:
    """Above capacity, X·R lags behind what waits."""
    slots = {"server_workers": 1, "server_threads": 4, "server_seconds": 1.0, "fullest_share": None}
    open_load = {"users": 60, "throughput": 3.9, "response_s": 6.6, "arrival_rate": 20.0, "requests": 58}
    threads = {"thread_states": {ThreadState.SLEEP: 4.0}, "proceeding": 4.0, "unread": 55.0, "inside": 4.0}
    proceeding = {"proceeding_low": 3.9, "proceeding_high": 4.1}
    found = judged(TWENTY_BY_ONE, **slots, **open_load, **threads, **proceeding)
    assert found.verdict == Verdict.SERVER_CONCURRENCY
    assert ": 55 requests wait for a free one." in found.sentence
