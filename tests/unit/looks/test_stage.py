"""What a look grants, on made-up campaigns: the real analysis judges them, and the runs behave as each test says."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from loadstone.errors import SuiteError
from loadstone.looks.stage import take_look
from loadstone.plan.schedule import Run, make_longest_plan, make_plan
from loadstone.results.looks import Look, grants_of, read_looks
from loadstone.suite.load import load_suite
from tests.support.example_signals import EAGER
from tests.support.made_up import Made, write_run

HEAD = "baselines: false\ndefaults: {duration: 5s, repeats: {min: 3, max: 6}, load: {think_time: 0}}\n"
TWO = "experiments: {slow: {}, fast: {load: {users: 60}}}\n"
RATIO = "hypotheses: {h: {claim: c, compare: {metric: throughput, of: fast, to: slow}, expect: '%s'}}\n"

Rates = dict[str, tuple[float, float]]
"""Experiment → mean throughput, and its coefficient of variation."""


def look_at(folder: Path, text: str, rates: Rates, made: Callable[[Run], Made] = lambda _: {}) -> list[Look]:
    """Make up all runs that a suite can come to, and take looks until one grants nothing."""
    (folder / "suite.yaml").write_text(text, encoding="utf-8")
    suite = load_suite(folder / "suite.yaml")
    rng = np.random.default_rng(3)
    for number, run in enumerate(make_longest_plan(suite).runs):
        mean, variation = rates[run.experiment]
        rate = mean * (1 + variation * rng.standard_normal())
        behaviour = EAGER | {"throughput": rate, "response_s": 50 / rate, "users": 50.0} | made(run)
        write_run(folder / "results", run, number, behaviour)
    looks: list[Look] = []
    while len(looks) < make_plan(suite).rounds and (not looks or looks[-1].granted):
        looks.append(take_look(suite, looks, folder / "results" / "summaries", None))
    return looks


def test_decided_question_gets_no_repeat(tmp_path: Path) -> None:
    [look] = look_at(tmp_path, HEAD + TWO + RATIO % "> 1.5", {"slow": (1000, 0.01), "fast": (2000, 0.01)})
    assert (look.granted, look.open) == ((), ())
    assert {found.reason for found in look.experiments.values()} == {"no question about it is open"}


def test_open_question_gets_repeats_until_it_is_decided_or_the_most_are_measured(tmp_path: Path) -> None:
    looks = look_at(tmp_path, HEAD + TWO + RATIO % "> 1.05", {"slow": (1000, 0.05), "fast": (1060, 0.05)})
    assert [look.granted for look in looks] == [("fast", "slow")] * 3
    assert looks[0].experiments["slow"].reason == "h is open"
    assert [look.experiments["fast"].repeats for look in looks] == [3, 4, 5]


def test_hopeless_question_is_given_up(tmp_path: Path) -> None:
    """A ratio of 1.0501 against 1.05 would take thousands of repeats."""
    text = HEAD.replace("max: 6", "max: 9") + TWO + RATIO % "> 1.05"
    looks = look_at(tmp_path, text, {"slow": (1000, 0.03), "fast": (1050.1, 0.03)})
    reasons = {found.reason for found in looks[-1].experiments.values()}
    assert looks[-1].open == ("h",)
    assert reasons == {"h would need far more repeats than allowed"} or len(looks) == 6


def test_budget_goes_to_where_a_repeat_narrows_most(tmp_path: Path) -> None:
    """Of two open questions the nearer one comes first; what the budget does not hold rests."""
    text = HEAD + "experiments: {slow: {}, fast: {load: {users: 60}}, other: {load: {users: 70}}}\n"
    near = "near: {claim: c, compare: {metric: throughput, of: fast, to: slow}, expect: '> 1.05'}"
    far = "far: {claim: c, compare: {metric: throughput, of: other, to: slow}, expect: '> 1.05'}"
    text += f"hypotheses: {{{near}, {far}}}\n"
    rates = {"slow": (1000.0, 0.02), "fast": (1120.0, 0.02), "other": (1055.0, 0.02)}
    (tmp_path / "suite.yaml").write_text(text, encoding="utf-8")
    sure = make_plan(load_suite(tmp_path / "suite.yaml"))
    two_more = sure.expected_s + 2 * sure.runs[0].expected_s + 7
    looks = look_at(tmp_path, f"budget: {two_more:.0f}s\n" + text, rates)
    assert looks[0].open == ("far", "near")
    assert looks[0].granted == ("fast", "slow")
    assert looks[0].experiments["other"].reason.startswith("far is open, but the budget of")
    assert looks[0].spent_s <= two_more


def test_question_with_a_fixed_side_gets_no_repeats_that_cannot_count(tmp_path: Path) -> None:
    text = HEAD + "experiments: {slow: {repeats: 3}, fast: {load: {users: 60}}}\n" + RATIO % "> 1.05"
    [look] = look_at(tmp_path, text, {"slow": (1000, 0.05), "fast": (1060, 0.05)})
    assert look.granted == ()
    assert look.experiments["fast"].reason == "h is open, but slow has the most repeats allowed"


def test_law_that_is_asked_for_gets_five_repeats(tmp_path: Path) -> None:
    text = HEAD + "sweeps: {w: {vary: server.workers, values: [1, 2, 4], fit: [amdahl], server: {store: sqlite}}}\n"
    rates = {"w=1": (1000.0, 0.01), "w=2": (1900.0, 0.01), "w=4": (3500.0, 0.01)}

    def bound_by_server(run: Run) -> Made:
        workers = run.server.workers or 1
        return {"server_workers": workers, "server_cpu": 0.97 * workers, "server_cores": 8.0, "host_busy": 0.6}

    looks = look_at(tmp_path, text, rates, bound_by_server)
    assert [len(look.granted) for look in looks] == [3, 3, 0]
    assert looks[0].experiments["w=1"].reason == "the law of w has few repeats"


def test_open_verdict_on_which_runs_agree_gets_no_repeat_and_is_stated(tmp_path: Path) -> None:
    text = HEAD + "experiments: {slow: {}}\nhypotheses: {h: {claim: c, bottleneck: slow, expect: server}}\n"
    [look] = look_at(tmp_path, text, {"slow": (1000, 0.01)})
    assert (look.granted, look.open) == ((), ("h",))
    assert look.experiments["slow"].reason == "h is open, but its runs agree on their verdict"


def test_precision_is_reached_by_the_first_repeats_rule(tmp_path: Path) -> None:
    text = HEAD.replace("think_time: 0}", "think_time: 0}, precision: 8%") + TWO
    looks = look_at(tmp_path, text, {"slow": (1000, 0.0001), "fast": (1000, 0.05)})
    assert looks[0].experiments["slow"].reason == "its precision of ±8 % is not reached"  # four runs at least
    assert looks[1].experiments["slow"].more is False
    assert looks[1].experiments["fast"].reason == "its precision of ±8 % is not reached"


def test_precision_out_of_reach_is_given_up_and_stated(tmp_path: Path) -> None:
    text = HEAD.replace("think_time: 0}", "think_time: 0}, precision: 0.5%") + "experiments: {noisy: {}}\n"
    looks = look_at(tmp_path, text, {"noisy": (1000, 0.1)})
    assert [look.granted for look in looks] == [("noisy",), ()], "four repeats have to state how many it takes"
    assert looks[1].experiments["noisy"].reason.startswith("its precision of ±0.5 % would take ")


def test_looks_are_read_back_and_others_grant_nothing(tmp_path: Path) -> None:
    looks = look_at(tmp_path, HEAD + TWO + RATIO % "> 1.05", {"slow": (1000, 0.05), "fast": (1060, 0.05)})
    folder = tmp_path / "looks"
    folder.mkdir()
    for look in looks:
        (folder / f"{look.round}.json").write_text(look.model_dump_json(), encoding="utf-8")
    digest = make_plan(load_suite(tmp_path / "suite.yaml")).digest
    assert grants_of(read_looks(folder, digest)) == [("fast", "slow")] * 3
    assert read_looks(folder, "another suite's") == ()


def test_sure_runs_have_to_fit_into_the_budget(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text("budget: 30s\n" + HEAD + TWO, encoding="utf-8")
    with pytest.raises(SuiteError, match=r"budget: 30s is less than the .* that the sure runs take; allowed: more"):
        make_plan(load_suite(tmp_path / "suite.yaml"))
