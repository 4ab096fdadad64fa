"""The plan: which runs it holds, and in which order."""

from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.errors import ResultError
from loadstone.plan.file import read_plan
from loadstone.plan.schedule import Plan, make_plan
from loadstone.suite.differences import common_settings, differences
from loadstone.suite.load import load_suite

TEXT = (
    "baselines: false\ndefaults: {repeats: 3}\n"
    "experiments: {a: {}, b: {load: {workers: 2}}, c: {}, d: {}, e: {}, f: {repeats: 1}}"
)


@pytest.fixture
def plan(write_suite: Callable[[str], Path]) -> Plan:
    return make_plan(load_suite(write_suite(TEXT)))


def test_runs_come_in_blocks_of_repeats(plan: Plan) -> None:
    assert [run.repeat for run in plan.runs] == [1] * 6 + [2] * 5 + [3] * 5
    assert {run.experiment for run in plan.runs[:6]} == set("abcdef")


def test_each_block_has_an_order_of_its_own(plan: Plan) -> None:
    first = [run.experiment for run in plan.runs if run.repeat == 1 and run.experiment != "f"]
    others = [[run.experiment for run in plan.runs if run.repeat == repeat] for repeat in (2, 3)]
    assert any(other != first for other in others)
    assert first != sorted(first) or others[0] != sorted(others[0])


def test_order_and_seeds_do_not_depend_on_the_file(plan: Plan, write_suite: Callable[[str], Path]) -> None:
    shuffled = (
        "# a comment\nbaselines: false\n"
        "experiments: {f: {repeats: 1}, e: {}, d: {}, c: {}, b: {load: {workers: 2}}, a: {}}\n"
        "defaults: {repeats: 3}"
    )
    assert make_plan(load_suite(write_suite(shuffled))).model_dump_json() == plan.model_dump_json()


def test_another_experiment_leaves_the_rest_as_it_was(plan: Plan, write_suite: Callable[[str], Path]) -> None:
    longer = make_plan(load_suite(write_suite(TEXT.replace("f:", "g: {}, f:"))))
    assert [run for run in longer.runs if run.experiment != "g"] == list(plan.runs)


def test_more_repeats_leave_the_earlier_ones_as_they_were(plan: Plan, write_suite: Callable[[str], Path]) -> None:
    longer = make_plan(load_suite(write_suite(TEXT), {"repeats": 4}))
    assert list(longer.runs[: len(plan.runs)]) == list(plan.runs)


def test_every_run_has_a_seed_of_its_own(plan: Plan) -> None:
    assert len({run.seed for run in plan.runs}) == len(plan.runs)


def test_another_seed_changes_order_and_seeds(plan: Plan, write_suite: Callable[[str], Path]) -> None:
    other = make_plan(load_suite(write_suite(TEXT), {"seed": 2}))
    assert [(run.experiment, run.repeat) for run in other.runs] != [(run.experiment, run.repeat) for run in plan.runs]
    assert {run.seed for run in other.runs}.isdisjoint({run.seed for run in plan.runs})


def test_differences_are_told_against_what_most_share(plan: Plan) -> None:
    base = common_settings(plan.suite)
    by_name = {run.experiment: differences(run, base) for run in plan.runs}
    assert by_name["a"] == {}
    assert by_name["b"] == {"load.workers": 2}


def test_plan_survives_writing_and_reading(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(plan.model_dump_json(), encoding="utf-8")
    assert read_plan(path) == plan


@pytest.mark.parametrize("text", ["", "{}", '{"suite": 1, "runs": []}'])
def test_damaged_plan_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ResultError, match=r"plan\.json: damaged"):
        read_plan(path)
