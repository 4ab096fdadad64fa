"""From a run's tables to its signals, and from runs to an experiment's verdict."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from loadstone.analyse.agreement import agree
from loadstone.analyse.probes import judge_elasticity
from loadstone.analyse.verdicts import against_baselines, judge_campaign
from loadstone.plan.baselines import unloaded_names
from loadstone.plan.schedule import Plan, Run, make_plan
from loadstone.results.json_file import to_json
from loadstone.results.signals import Signals
from loadstone.results.verdicts import CampaignVerdicts, Elasticity, ExperimentVerdict, read_verdicts
from loadstone.suite.load import load_suite
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.summarise.signals import gather_signals
from loadstone.summarise.starts import Starts
from loadstone.summarise.user_cycle import Cycle
from loadstone.summarise.users import Stretch
from tests.support.records import make_record
from tests.unit.analyse.test_bottleneck import EAGER, IDLE

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


def test_experiment_has_the_verdict_of_most_of_its_runs() -> None:
    assert agree(["users' pauses"] * 4 + ["server's CPU"]) == "users' pauses"
    assert agree(["users' pauses"] * 3 + ["server's CPU"]) == "repeats disagree"
    assert agree(["Locust's CPU"]) == "Locust's CPU"
    assert agree(["several limits"] * 4 + ["server's CPU"]) == "several limits", "one that differs is no disagreement"
    assert agree(["several limits"] * 3 + ["server's CPU"]) == "repeats disagree"


Planned = Callable[[str], Plan]


@pytest.fixture
def planned(write_suite: Callable[[str], Path]) -> Planned:
    return lambda text: make_plan(load_suite(write_suite(text)))


def judged(plan: Plan, **of_experiments: Any) -> CampaignVerdicts:
    """Judge a campaign whose runs have the signals given for their experiment (one mapping, or one a repeat)."""
    signals = {}
    for run in plan.runs:
        given = of_experiments[run.experiment]
        signals[run.experiment, run.repeat] = Signals(**(given[run.repeat - 1] if isinstance(given, list) else given))
    return judge_campaign(plan, signals)


def test_content_of_the_file(planned: Planned) -> None:
    plan = planned("{baselines: false, defaults: {repeats: 2}, experiments: {b: {repeats: 1}, a: {}}}")
    found = judged(plan, b=IDLE, a=EAGER)
    think_time = Verdict.THINK_TIME
    assert found.experiments["b"] == ExperimentVerdict(
        verdict=think_time,
        parties=(think_time,),
        runs={think_time: 1},
        elasticity=None,
        remark=None,
        sentence=found.by_run["b", 1].sentence,
        representative=1,
    )
    assert found.experiments["a"].runs == {"no clear limit": 2}
    assert [(run.experiment, run.repeat) for run in found.runs] == [("a", 1), ("a", 2), ("b", 1)]


def test_unsound_runs_have_no_say_where_others_are_sound(planned: Planned) -> None:
    plan = planned("{baselines: false, defaults: {repeats: 3}, experiments: {a: {}, b: {}}}")
    unsettled = IDLE | {"steady": False}
    found = judged(plan, a=[IDLE, unsettled, unsettled], b=[unsettled, unsettled, IDLE | {"failures": 1000.0}])
    assert (found.experiments["a"].verdict, found.experiments["a"].parties) == ("users' pauses", ("users' pauses",))
    assert found.experiments["a"].runs == {"users' pauses": 1, "invalid figures": 2}
    assert (found.experiments["b"].verdict, found.experiments["b"].representative) == ("repeats disagree", None)
    assert found.experiments["b"].sentence == "Repeats disagree: invalid figures in 2, too many failures in 1."


def test_disagreement_names_all_sides(planned: Planned) -> None:
    plan = planned("{baselines: false, defaults: {repeats: 3}, experiments: {a: {}}}")
    full = EAGER | {"server_cpu": 0.95}
    found = judged(plan, a=[full, full, IDLE]).experiments["a"]
    assert (found.verdict, found.parties) == ("repeats disagree", ("server's CPU", "users' pauses"))
    found = judged(plan, a=[IDLE, IDLE, EAGER | {"unloaded_response_s": None}]).experiments["a"]
    assert (found.verdict, found.parties) == ("repeats disagree", ("no clear limit", "users' pauses"))
    assert found.sentence == "Repeats disagree: users' pauses in 2, no clear limit in 1."


def test_one_run_stands_for_those_that_agree(planned: Planned) -> None:
    """The one with the median throughput; its sentence is not joined with others'."""
    plan = planned("{baselines: false, defaults: {repeats: 4}, experiments: {a: {}}}")
    runs = [IDLE | {"throughput": rate} for rate in (33.4, 33.1, 33.3)]
    found = judged(plan, a=[*runs, IDLE | {"steady": False}])
    assert found.experiments["a"].representative == 3
    assert found.experiments["a"].sentence == found.by_run["a", 3].sentence


def test_runs_not_to_be_used_are_those_that_failed_or_broke_a_law(planned: Planned) -> None:
    plan = planned("{baselines: false, defaults: {repeats: 3}, experiments: {a: {}}}")
    found = judged(plan, a=[EAGER, EAGER | {"failures": 400.0}, EAGER | {"steady": False}])
    assert found.unsound == {("a", 2), ("a", 3)}
    assert found.counting == {("a", 1)}


def test_all_runs_count_where_none_can_be_used(planned: Planned) -> None:
    """Something has to be shown of each experiment."""
    plan = planned("{baselines: false, defaults: {repeats: 2}, experiments: {a: {}, b: {}}}")
    found = judged(plan, a=EAGER | {"steady": False}, b=[EAGER, EAGER | {"steady": False}])
    assert found.unsound == {("a", 1), ("a", 2), ("b", 2)}
    assert found.counting == {("a", 1), ("a", 2), ("b", 1)}


def test_which_runs_count_is_decided_for_files_that_do_not_say(planned: Planned, tmp_path: Path) -> None:
    plan = planned("{baselines: false, defaults: {repeats: 2}, experiments: {a: {}, b: {}}}")
    found = judged(plan, a=EAGER | {"steady": False}, b=[EAGER, EAGER | {"steady": False}])
    tree = json.loads(to_json(found))
    for run in tree["runs"]:
        del run["counts"]
    (tmp_path / "verdicts.json").write_text(json.dumps(tree), encoding="utf-8")
    assert read_verdicts(tmp_path / "verdicts.json") == found


def test_thresholds_are_the_suites(planned: Planned) -> None:
    text = "baselines: false\ndefaults: {repeats: 1}\nexperiments: {a: {}}"
    busy = EAGER | {"server_cpu": 0.85}
    assert judged(planned(text), a=busy).experiments["a"].verdict == "no clear limit"
    lower = planned(text + "\nthresholds: {saturated: 0.8}")
    assert judged(lower, a=busy).experiments["a"].verdict == "server's CPU"


def test_baselines_add_what_they_measured(planned: Planned) -> None:
    plan = planned("experiments: {a: {repeats: 2}}")
    unloaded = unloaded_names(plan.suite.experiments["a"])[0]
    alone = Signals(**(EAGER | {"users": 1.0, "response_s": 0.004, "throughput": 250.0}))
    full = Signals(**(EAGER | {"generator_cpu": [0.99], "throughput": 2100.0, "response_s": 50 / 2100}))
    own = Signals(**(IDLE | {"unloaded_response_s": None, "generator_ceiling": None}))
    signals = {(unloaded, 1): alone, ("ceiling@HttpUser-1", 1): full, ("a", 1): own, ("a", 2): own}
    known = against_baselines(plan, signals)
    assert (known["a", 2].unloaded_response_s, known["a", 2].generator_ceiling) == (0.004, 2100.0)
    assert known[unloaded, 1] == alone


def test_a_pause_of_the_server_is_no_part_of_the_unloaded_response(planned: Planned) -> None:
    plan = planned("experiments: {a: {repeats: 1}}")
    unloaded = unloaded_names(plan.suite.experiments["a"])[0]
    alone = EAGER | {"users": 1.0, "response_s": 0.012, "throughput": 1 / 0.012, "typical_response_s": 0.004}
    own = Signals(**(IDLE | {"unloaded_response_s": None}))
    known = against_baselines(plan, {(unloaded, 1): Signals(**alone), ("a", 1): own})
    assert known["a", 1].unloaded_response_s == 0.004


@pytest.mark.parametrize(("unloaded_s", "believed"), [(0.00625, True), (0.0063, False)])
def test_unloaded_response_above_the_loaded_one_is_not_believed(
    planned: Planned, unloaded_s: float, believed: bool
) -> None:
    """A load makes no server faster. A quarter is for chance."""
    plan = planned("experiments: {a: {repeats: 1}}")
    unloaded = unloaded_names(plan.suite.experiments["a"])[0]
    alone = EAGER | {"users": 1.0, "response_s": unloaded_s, "throughput": 1 / unloaded_s}
    own = Signals(**(IDLE | {"unloaded_response_s": None}))
    known = against_baselines(plan, {(unloaded, 1): Signals(**alone), ("a", 1): own})
    assert known["a", 1].unloaded_response_s == (unloaded_s if believed else None)


def test_a_baseline_that_broke_a_law_or_was_no_limit_adds_nothing(planned: Planned) -> None:
    plan = planned("experiments: {a: {repeats: 1}}")
    unloaded = unloaded_names(plan.suite.experiments["a"])[0]
    broken = Signals(**(EAGER | {"users": 1.0, "response_s": 0.004, "throughput": 100.0}))
    idle = Signals(**(EAGER | {"generator_cpu": [0.5], "host_busy": 0.6}))
    own = Signals(**(IDLE | {"unloaded_response_s": None, "generator_ceiling": None}))
    known = against_baselines(plan, {(unloaded, 1): broken, ("ceiling@HttpUser-1", 1): idle, ("a", 1): own})
    assert (known["a", 1].unloaded_response_s, known["a", 1].generator_ceiling) == (None, None)


@pytest.mark.parametrize(
    ("generator_cpu", "host_busy", "is_ceiling"),
    [
        ([0.9], 0.5, True),
        ([0.3, 0.9], None, True),
        ([0.89], 0.97, False),
        ([0.89, 0.89], None, False),
        (None, 0.97, False),
    ],
)
def test_a_generator_is_at_its_ceiling_by_the_cpu_of_one_worker_alone(
    planned: Planned, generator_cpu: list[float] | None, host_busy: float | None, is_ceiling: bool
) -> None:
    plan = planned("experiments: {a: {repeats: 1}}")
    full = Signals(**(EAGER | {"generator_cpu": generator_cpu, "host_busy": host_busy, "generator_ceiling": None}))
    own = Signals(**(IDLE | {"generator_ceiling": None}))
    known = against_baselines(plan, {("ceiling@HttpUser-1", 1): full, ("a", 1): own})
    assert known["a", 1].generator_ceiling == (1000.0 if is_ceiling else None)


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
