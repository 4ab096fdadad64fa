"""From the verdicts of runs to an experiment's verdict, and from baselines to signals."""

import json
from pathlib import Path

import pytest

from loadstone.analyse.agreement import agree
from loadstone.analyse.verdicts import against_baselines
from loadstone.plan.baselines import unloaded_names
from loadstone.results.json_file import to_json
from loadstone.results.signals import Signals
from loadstone.results.verdicts import ExperimentVerdict, read_verdicts
from loadstone.suite.verdict import Verdict
from tests.support.example_signals import EAGER, IDLE
from tests.support.judged_runs import Planned, judged


def test_experiment_has_the_verdict_of_most_of_its_runs() -> None:
    assert agree(["users' pauses"] * 4 + ["server's CPU"]) == "users' pauses"
    assert agree(["users' pauses"] * 3 + ["server's CPU"]) == "repeats disagree"
    assert agree(["Locust's CPU"]) == "Locust's CPU"
    assert agree(["several limits"] * 4 + ["server's CPU"]) == "several limits", "one that differs is no disagreement"
    assert agree(["several limits"] * 3 + ["server's CPU"]) == "repeats disagree"


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
