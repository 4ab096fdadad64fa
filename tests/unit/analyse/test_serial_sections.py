"""Slots that add nothing, and what twice the users show."""

from typing import Any

import pytest

from loadstone.analyse.probes import judge_elasticity
from loadstone.results.verdicts import Elasticity
from loadstone.suite.thresholds import Thresholds
from tests.support.example_signals import EAGER, IDLE
from tests.support.judged_runs import Planned, judged

FULL_SLOTS = EAGER | {"server_seconds": 0.0038, "generator_ceiling": None}
THREADS = "baselines: false\nsweeps: {t: {vary: server.threads, values: [2, 4], repeats: 2}}"


def test_slots_that_add_nothing_are_a_serial_section(planned: Planned) -> None:
    more = FULL_SLOTS | {"throughput": 1010.0, "response_s": 50 / 1010, "server_threads": 8, "server_seconds": 0.0075}
    found = judged(planned(THREADS), **{"t=2": FULL_SLOTS, "t=4": more}).experiments
    assert (found["t=2"].verdict, found["t=4"].verdict) == (
        "a serial section in the server",
        "a serial section in the server",
    )
    assert "factor of 1.01" in found["t=4"].remark


def test_slots_that_add_throughput_are_server_concurrency(planned: Planned) -> None:
    more = FULL_SLOTS | {"throughput": 1900.0, "response_s": 50 / 1900, "server_threads": 8}
    found = judged(planned(THREADS), **{"t=2": FULL_SLOTS, "t=4": more}).experiments
    assert (found["t=2"].verdict, found["t=4"].verdict) == ("all server threads busy", "all server threads busy")


def with_full_slots(threads: int, throughput: float) -> dict[str, Any]:
    """Behave like a server whose threads are taken at 95 %, whatever it delivers."""
    return FULL_SLOTS | {
        "throughput": throughput, "response_s": 50 / throughput, "server_threads": threads,
        "server_seconds": 0.95 * threads / throughput,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.3, "a serial section in the server"), (1.5, "all server threads busy")]
)
def test_slots_count_by_the_factor_they_grew(planned: Planned, factor: float, verdict: str) -> None:
    """Four times the slots: ln 1.3/ln 4 is 0.19, up to 0.2 a serial section; ln 1.5/ln 4 is 0.29."""
    plan = planned(THREADS.replace("[2, 4]", "[2, 8]"))
    few, many = with_full_slots(2, 1000.0), with_full_slots(8, 1000.0 * factor)
    found = judged(plan, **{"t=2": few, "t=8": many}).experiments
    assert {level.verdict for level in found.values()} == {verdict}


def test_slots_that_add_just_the_limit_are_a_serial_section(planned: Planned) -> None:
    plan = planned(THREADS + "\nthresholds: {most_elasticity_at_capacity: 0}")
    few = with_full_slots(2, 1000.0)
    found = judged(plan, **{"t=2": few, "t=4": with_full_slots(4, 1000.0)}).experiments
    assert found["t=4"].verdict == "a serial section in the server"
    found = judged(plan, **{"t=2": few, "t=4": with_full_slots(4, 1001.0)}).experiments
    assert found["t=4"].verdict == "all server threads busy"


@pytest.mark.parametrize("level", ["t=2", "t=4"])
def test_serial_section_needs_full_slots_before_and_after(planned: Planned, level: str) -> None:
    runs = {"t=2": with_full_slots(2, 1000.0), "t=4": with_full_slots(4, 1000.0)}
    runs[level] |= {"server_cpu": 0.95}
    found = judged(planned(THREADS), **runs).experiments
    verdicts = {name: found[name].verdict for name in runs}
    assert verdicts == dict.fromkeys(runs, "all server threads busy") | {level: "server's CPU"}


def elasticity(twice: list[float], once: list[float], **limits: float) -> Elasticity:
    found = judge_elasticity(twice, once, Thresholds(**limits))
    assert found is not None
    return found


def test_elasticity_at_a_limit_counts_as_beyond_it() -> None:
    """No change at all is an elasticity of 0."""
    at_capacity = {"most_elasticity_at_capacity": 0.0}
    assert "capacity is reached" in elasticity([100.0], [100.0], **at_capacity).reading
    assert "near the knee" in elasticity([100.1], [100.0], **at_capacity).reading
    think_time = at_capacity | {"least_elasticity_of_think_time": 0.0}
    assert "limited by users' pauses" in elasticity([100.0], [100.0], **think_time).reading
    assert "capacity is reached" in elasticity([99.9], [100.0], **think_time).reading


def test_elasticity_tells_think_time_from_a_capacity() -> None:
    follows = elasticity([66.1, 66.3, 66.0], [33.0, 33.1, 33.2])
    assert follows.value == pytest.approx(1, abs=0.01)
    assert follows.low is not None
    assert follows.high is not None
    assert follows.low < follows.value < follows.high
    assert "grows with the number of users" in follows.reading
    stays = elasticity([1010.0], [1000.0])
    assert stays.value == pytest.approx(0.0144, abs=0.001)
    assert (stays.low, stays.high) == (None, None)
    assert "capacity is reached" in stays.reading
    assert "near the knee" in elasticity([150.0], [100.0]).reading


def test_run_without_throughput_has_no_elasticity() -> None:
    assert judge_elasticity([0.0, 100.0], [50.0]) is None
    assert judge_elasticity([100.0], [50.0, 0.0]) is None


def test_probe_is_part_of_the_verdict(planned: Planned) -> None:
    plan = planned("baselines: false\nexperiments: {a: {probe: true, repeats: 1}}")
    twice = IDLE | {"users": 100.0, "throughput": 66.4}
    found = judged(plan, **{"a": IDLE, "a@twice": twice})
    assert found.experiments["a"].elasticity.value == pytest.approx(1)
    assert found.experiments["a@twice"].elasticity is None
