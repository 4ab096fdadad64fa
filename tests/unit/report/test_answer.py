"""The sentences of the answer, and the experiments one by one."""

import json
from pathlib import Path

import numpy as np
import pytest

from loadstone.plan.schedule import Run
from loadstone.report import other_load
from loadstone.report.doubts import find_doubts
from loadstone.report.page import render
from loadstone.report.sections import answer, capacity, experiments, hypotheses, published, runs, verdicts
from tests.support.made_up import PUBLISHED, REPEATING, Made, Make, steady, thinking
from tests.support.page_parts import section
from tests.unit.analyse.test_bottleneck import IDLE
from tests.unit.report.test_scaling import CLAIMS, probe, searched


def test_what_was_run(make: Make, tmp_path: Path) -> None:
    campaign = searched(make, tmp_path, probe(10, 5.0, None), probe(20, 90.0, "p95 was 90 ms"))
    assert answer.run_sentence(campaign) == "1 run of 1 experiment; 1 capacity search with 2 steps."
    views = capacity.search_views(campaign)
    assert answer.capacity_sentence(views) == "c meets p95 < 50ms at 10.0 requests/s but not at 20.0."
    assert answer.capacity_sentence([]) == ""


@pytest.mark.slow
def test_why_the_published_rates_are_what_they_are(make: Make) -> None:
    campaign = make(REPEATING, thinking, PUBLISHED)
    rows = published.published_rows(campaign, find_doubts(campaign))
    assert answer.published_sentence(campaign, rows) == (
        "1 of 2 rows; 1 more cannot come from the stated number of users: 50 users with a mean "
        "think time of 1.50 s cannot send more than 33.2 requests/s, however fast the server is, and the published "
        "rate is 32.7. Measured again: 0.949× to 1.02× of that. "
        "As many users without pauses got 995 requests/s from the same server, 30.4× the 32.7 published, in eager."
    )
    assert answer.run_sentence(campaign).endswith("2 experiments repeat published figures.")
    page = section(render(campaign), "answer")
    assert "Users' pauses limited the published rates" in page
    assert "The published experiments: think time (all 2); the other experiments: undetermined (1)." in page


def test_table_that_can_not_be_audited_has_no_sentence(make: Make) -> None:
    campaign = make(REPEATING, thinking, PUBLISHED.replace("50,180,117", "0,180,117"))
    assert answer.published_sentence(campaign, []) == ""


def test_what_else_was_running_is_named(make: Make) -> None:
    suite = "baselines: false\ndefaults: {repeats: 3}\nexperiments: {a: {}}"
    others = {1: 0.2, 2: 0.9, 3: None}
    found = make(suite, lambda run, rng: steady(run, rng) | {"other_cpus": others[run.repeat]})
    assert {key: round(each.cpus, 3) for key, each in other_load.other_load(found).items()} == {
        ("a", 1): 0.2,
        ("a", 2): 0.9,
    }
    assert "in 1 of 2 runs (baselines included)" in answer.doubt_sentence(found, find_doubts(found))
    assert "In 1 of 2 runs, baselines included, other processes" in section(render(found), "warnings")


def test_quiet_machine_is_no_sentence(make: Make) -> None:
    campaign = make("baselines: false\nexperiments: {a: {}}", steady)
    assert other_load.other_load_sentence(campaign) == ""


def test_groups_of_a_suite_without_published_rows(make: Make) -> None:
    def behaviour(run: Run, rng: np.random.Generator) -> Made:
        return IDLE if run.experiment == "a" else steady(run, rng)

    text = """
baselines: false
defaults: {repeats: 1}
experiments: {a: {}, b: {}}
sweeps: {s: {vary: server.threads, values: [1, 2]}}
"""
    assert answer.bound_sentence(make(text, behaviour)) == (
        "The levels of sweeps: undetermined (all 2); the experiments: think time (1), undetermined (1)."
    )


def test_refuted_hypotheses_come_with_their_effect(make: Make) -> None:
    sentence = answer.refuted_sentence(hypotheses.hypothesis_rows(make(CLAIMS, steady)))
    assert sentence.startswith("Of 4 hypotheses, 1 is refuted: «b answers far more» (")
    assert sentence.endswith("1 are supported and 2 left open.")
    assert answer.refuted_sentence([]) == ""


def test_nothing_refuted(make: Make) -> None:
    text = CLAIMS.replace('expect: "> 2"', 'expect: "> 0.5"')
    assert answer.refuted_sentence(hypotheses.hypothesis_rows(make(text, steady))) == (
        "None of 4 hypotheses is refuted: 2 are supported and 2 left open."
    )


def test_what_not_to_believe(make: Make) -> None:
    changes = {
        "bad": {"throughput": 500.0}, "wild": {"steady": False, "window": {"settled": False, "remark": "it drifts"}},
        "client": {"generator_cpu": [0.97]}, "host": {"host_busy": 0.97}, "broken": {"failures": 9000.0},
    }  # fmt: skip

    def behaviour(run: Run, rng: np.random.Generator) -> Made:
        return steady(run, rng) | changes.get(run.experiment, {})

    names = ", ".join(f"{name}: {{}}" for name in [*changes, "good"])
    campaign = make(f"baselines: false\ndefaults: {{repeats: 1}}\nexperiments: {{{names}}}", behaviour)
    assert answer.doubt_sentence(campaign, find_doubts(campaign)) == (
        "3 of 6 runs (1 never settled, 1 failed too often, 1 with contradictory figures), in means only because their "
        "experiments have no other runs; 3 experiments have no usable run (bad, broken, wild); the rates of client "
        "show what the load generator could send, not what the server could answer; in host all CPUs of the machine "
        "were busy, so server and load generator slowed each other; what bound good is undecided."
    )


def test_nothing_to_doubt(make: Make) -> None:
    campaign = make("baselines: false\nexperiments: {a: {repeats: 1}}", lambda run, rng: IDLE)
    assert answer.doubt_sentence(campaign, find_doubts(campaign)) == ("There is no reason to doubt the run.")


def test_card_has_windows_roles_and_errors(make: Make) -> None:
    campaign = make("baselines: false\nexperiments: {a: {}, b: {server: {threads: 8}}}", steady)
    table = campaign.summary
    rows = (table["experiment"] == "a") & (table["repeat"] == 1) & (table["endpoint"] == "GET /albums")
    table.loc[rows, "failure_kinds"] = json.dumps({"<500>": 3})
    doubts = find_doubts(campaign)
    first, second = experiments.experiment_views(
        campaign, verdicts.verdict_rows(campaign, doubts), runs.run_rows(campaign, doubts)
    )
    assert (first.anchor, first.differs, second.differs) == ("experiment-1", "", "server.threads: 8")
    assert first.errors == [("GET /albums", "<500>", 3)]
    assert [(role.name, role.processes) for role in first.roles] == [("load-worker", 1.0), ("server-worker", 1.0)]
    assert first.endpoints[0]["endpoint"] == "all"
    assert (first.windows[0].before_s, first.windows[0].after_s) == (10.0, 1.0)
    assert "&lt;500&gt;" in render(campaign)
