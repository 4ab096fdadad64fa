"""By elimination: more load brings nothing, generator and machine have slack, so it is the server or behind it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadstone.plan.schedule import Plan, make_plan
from loadstone.results.threads import ThreadState
from loadstone.results.verdicts import CampaignVerdicts, ExperimentVerdict
from loadstone.suite.load import load_suite
from loadstone.suite.verdict import SERVER_VERDICTS, Verdict
from tests.unit.analyse.test_bottleneck import EAGER
from tests.unit.analyse.test_verdicts import judged

BEHIND = Verdict.SERVER_OR_BEHIND
SUITE = "baselines: false\nexperiments: {a: {probe: true, repeats: 1, load: {think_time: 0}}}"


@pytest.fixture
def planned(write_suite: Callable[[str], Path]) -> Callable[[str], Plan]:
    return lambda text: make_plan(load_suite(write_suite(text)))


def doubled(once: dict[str, Any], factor: float, **changes: Any) -> dict[str, Any]:
    rate = once["throughput"] * factor
    return once | {"users": 2 * once["users"], "throughput": rate, "response_s": 2 * once["users"] / rate} | changes


def judge(plan: Plan, once: dict[str, Any], twice: dict[str, Any]) -> ExperimentVerdict:
    found: CampaignVerdicts = judged(plan, **{"a": once, "a@twice": twice})
    return found.experiments["a"]


UNKNOWN = {"server_cpu": None, "server_workers": None, "server_threads": None, "server_seconds": None}
"""What is unknown of a server that somebody else started."""


def test_capacity_with_slack_elsewhere_is_the_servers_or_behind_it(planned: Callable[[str], Plan]) -> None:
    once = EAGER | UNKNOWN | {"unloaded_response_s": None}
    found = judge(planned(SUITE), once, doubled(once, 1.02))
    assert (found.verdict, found.parties) == (BEHIND, (BEHIND,))
    assert "twice the users make 1.02 times the throughput" in str(found.remark)
    assert found.sentence.startswith("Limited by the server, or what it waits for: ")


@pytest.mark.parametrize(
    "changes",
    [
        {"generator_cpu": [0.8]},
        {"generator_cpu": None},
        {"generator_waited": 0.3},
        {"generator_ceiling": 1300.0},
        {"host_busy": 0.95},
        {"host_busy": None},
        {"host_steal": None},
        {"bytes_per_s": 0.8e8},
    ],
)
@pytest.mark.parametrize("side", ["a", "a@twice"])
def test_what_may_be_the_limit_or_is_unknown_eliminates_nothing(
    planned: Callable[[str], Plan], side: str, changes: dict[str, Any]
) -> None:
    once = EAGER | UNKNOWN | {"unloaded_response_s": None}
    runs = {"a": once, "a@twice": doubled(once, 1.02)}
    runs[side] = runs[side] | changes
    found = judge(planned(SUITE), runs["a"], runs["a@twice"])
    assert found.verdict not in SERVER_VERDICTS


@pytest.mark.parametrize("factor", [1.3, 2.0])
def test_throughput_that_grows_eliminates_nothing(planned: Callable[[str], Plan], factor: float) -> None:
    once = EAGER | UNKNOWN | {"unloaded_response_s": None}
    assert judge(planned(SUITE), once, doubled(once, factor)).verdict == "no clear limit"


STATES = {ThreadState.OTHER: 6.0, ThreadState.DISK: 0.1, ThreadState.EVENTS: 3.0}


def test_likely_states_are_stated(planned: Callable[[str], Plan]) -> None:
    once = EAGER | UNKNOWN | {"unloaded_response_s": None, "thread_states": STATES}
    found = judge(planned(SUITE), once, doubled(once, 1.0))
    assert found.verdict == BEHIND
    assert "of the server's threads, on average 6.00 other" in found.sentence
    assert "disk" not in found.sentence


def test_users_that_never_reach_the_server_show_nothing_of_an_open_load_at_its_rate(
    planned: Callable[[str], Plan],
) -> None:
    """Twice as many users may be in progress, and the rate stays."""
    plan = planned("baselines: false\nexperiments: {a: {probe: true, repeats: 1, load: {arrivals: {rate: 1000}}}}")
    once = EAGER | UNKNOWN | {"unloaded_response_s": None, "arrival_rate": 1000.0}
    found = judge(plan, once, once | {"users": 100.0, "think_s": 0.05})
    assert found.verdict not in SERVER_VERDICTS
    assert found.elasticity is not None
    assert found.elasticity.reading == "the arrival rate was sent in full, so the number of users shows nothing"


def test_open_load_above_capacity_names_the_backlog(planned: Callable[[str], Plan]) -> None:
    plan = planned("baselines: false\nexperiments: {a: {repeats: 1, load: {arrivals: {rate: 1500}}}}")
    late = EAGER | UNKNOWN | {"arrival_rate": 1500.0, "unloaded_response_s": 0.002, "think_s": 0.0}
    found = judged(plan, a=late).experiments["a"]
    assert found.verdict in SERVER_VERDICTS
    if found.verdict == BEHIND and found.remark:
        assert "carries only 1,000 of the 1,500 requests/s asked for" in found.remark
        assert "backlog grows by 500 requests per second" in found.remark


SWEEP = "baselines: false\nsweeps: {n: {vary: load.users, values: [50, 100], repeats: 1, load: {think_time: 0}}}"


def test_sweep_over_users_shows_a_capacity(planned: Callable[[str], Plan]) -> None:
    once = EAGER | UNKNOWN | {"unloaded_response_s": None}
    found = judged(planned(SWEEP), **{"n=50": once, "n=100": doubled(once, 1.01)}).experiments
    assert {level.verdict for level in found.values()} == {BEHIND}
    assert "1.01 times the throughput and 1.98 times the response time from 50 to 100 users" in str(
        found["n=50"].remark
    )
    found = judged(planned(SWEEP), **{"n=50": once, "n=100": doubled(once, 1.6)}).experiments
    assert {level.verdict for level in found.values()} == {Verdict.UNDETERMINED}


def test_probes_are_read(planned: Callable[[str], Plan]) -> None:
    sure = planned(SUITE.replace("think_time: 0", "think_time: 0.05"))
    plan = make_plan(sure.suite, [["a@slots", "a@client"]])
    once = EAGER | UNKNOWN | {"unloaded_response_s": None}
    runs = {
        "a": once,
        "a@twice": doubled(once, 1.02),
        "a@slots": once | {"throughput": 1970.0, "response_s": 50 / 1970},
        "a@client": once,
    }
    readings = [probe.reading for probe in judged(plan, **runs).experiments["a"].probes]
    assert readings == [
        "with twice the users: 1.02 times the throughput: more users do not raise throughput: a capacity is reached",
        "with FastHttpUser instead of HttpUser: 1.00 times the throughput: no change: not limited by the client",
        "with twice the threads: 1.97 times the throughput: limited by the slots",
    ]
    runs["a@slots"] = once
    assert "no change: something behind the slots is the limit" in str(judged(plan, **runs).experiments["a"].probes)
    runs["a@slots"] = once | {"generator_cpu": [0.85]}
    assert "no change, but the generator had no slack" in str(judged(plan, **runs).experiments["a"].probes)


def test_probe_of_runs_that_cannot_be_used_shows_nothing(planned: Callable[[str], Plan]) -> None:
    once = EAGER | UNKNOWN | {"unloaded_response_s": None}
    failed = doubled(once, 1.0, failures=9000.0)
    found = judge(planned(SUITE), once, failed)
    assert found.verdict == "no clear limit"
    assert found.elasticity is not None
    assert "shows nothing" in found.elasticity.reading
    assert "shows nothing" in found.probes[0].reading


def test_half_the_think_time_is_read_by_the_shorter_cycle(planned: Callable[[str], Plan]) -> None:
    sure = planned(SUITE.replace("think_time: 0", "think_time: 0.1"))
    plan = make_plan(sure.suite, [["a@half-think"]])
    once = EAGER | UNKNOWN | {"throughput": 400.0, "response_s": 0.025, "think_s": 0.1, "unloaded_response_s": None}
    half = once | {"throughput": 50 / 0.075, "think_s": 0.05}
    runs = {"a": once, "a@twice": doubled(once, 1.5, think_s=0.1, response_s=100 / 600 - 0.1), "a@half-think": half}
    found = judged(plan, **runs).experiments["a"].probes[-1]
    assert found.reading.endswith("1.67 times the throughput: limited by users' pauses")
    runs["a@half-think"] = once | {"think_s": 0.05, "response_s": 0.075}
    assert judged(plan, **runs).experiments["a"].probes[-1].reading.endswith("no change: a capacity is reached")
