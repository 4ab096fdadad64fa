"""The order of runs is fixed beforehand, takes turns, and fits the budget."""

from collections import Counter
from itertools import pairwise

from loadstone.ab.schedule import make_schedule
from loadstone.suite.settings import Settings


def settings(**values: object) -> Settings:
    return Settings.model_validate({"duration": "10s", "warm_up": "0s", **values})


def test_commits_take_turns_at_coming_first() -> None:
    order = "".join(scheduled.side for scheduled in make_schedule({"one": settings(repeats=4)}, seed=1).runs)
    assert order == "ABBAABBA"


def test_runs_of_a_pair_follow_each_other_with_the_same_seed() -> None:
    schedule = make_schedule({"one": settings(), "two": settings(), "three": settings()}, seed=1)
    pairs = list(zip(schedule.runs[::2], schedule.runs[1::2], strict=True))
    assert all(first.run == second.run for first, second in pairs)
    assert all({first.side, second.side} == {"A", "B"} for first, second in pairs)
    assert len({first.run.seed for first, _ in pairs}) == len(pairs) == 9


def test_each_block_has_all_experiments() -> None:
    schedule = make_schedule({"one": settings(), "two": settings()}, seed=1)
    assert [scheduled.run.repeat for scheduled in schedule.runs] == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]


def test_repeats_of_the_suite_are_the_pairs_and_at_least_two() -> None:
    schedule = make_schedule({"one": settings(repeats=1), "five": settings(repeats=5)}, seed=1)
    assert schedule.pairs == {"one": 2, "five": 5}
    assert Counter(scheduled.run.experiment for scheduled in schedule.runs) == {"one": 4, "five": 10}


def test_budget_is_kept_with_an_even_number_of_pairs() -> None:
    experiments = {"one": settings(), "two": settings()}
    one_of_each_s = 2 * 2 * settings().expected_s
    for pairs in (2, 4, 10):
        for budget_s in (pairs * one_of_each_s, (pairs + 1.9) * one_of_each_s):
            schedule = make_schedule(experiments, 1, budget_s)
            assert set(schedule.pairs.values()) == {pairs}
            assert schedule.expected_s <= budget_s + 1e-6


def test_too_short_a_budget_still_gives_two_pairs() -> None:
    assert make_schedule({"one": settings()}, 1, budget_s=1.0).pairs == {"one": 2}


def test_order_depends_on_seed_and_names_alone() -> None:
    names = [f"e{number}" for number in range(6)]
    experiments = {name: settings() for name in names}
    backwards = {name: settings() for name in reversed(names)}
    assert make_schedule(experiments, 1).runs == make_schedule(backwards, 1).runs
    assert make_schedule(experiments, 1).runs != make_schedule(experiments, 2).runs
    orders = [[s.run.experiment for s in make_schedule(experiments, 1).runs[i : i + 12 : 2]] for i in (0, 12, 24)]
    assert all(first != second for first, second in pairwise(orders))
