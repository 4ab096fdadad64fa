"""What not to believe, and the experiments one by one."""

import json

import numpy as np

from loadstone.plan.schedule import Run
from loadstone.report import other_load
from loadstone.report.doubts import find_doubts
from loadstone.report.page import render
from loadstone.report.sections import experiments, runs, verdicts, warnings
from tests.support.example_signals import IDLE
from tests.support.made_up import Made, Make, steady
from tests.support.page_parts import section


def test_what_else_was_running_is_named(make: Make) -> None:
    suite = "baselines: false\ndefaults: {repeats: 3}\nexperiments: {a: {}}"
    others = {1: 0.2, 2: 0.9, 3: None}
    found = make(suite, lambda run, rng: steady(run, rng) | {"other_cpus": others[run.repeat]})
    assert {key: round(each.cpus, 3) for key, each in other_load.other_load(found).items()} == {
        ("a", 1): 0.2,
        ("a", 2): 0.9,
    }
    assert "in 1 of 2 runs (baselines included)" in warnings.doubt_sentence(found, find_doubts(found))
    assert "In 1 of 2 runs, baselines included, other processes" in section(render(found), "warnings")


def test_quiet_machine_is_no_sentence(make: Make) -> None:
    campaign = make("baselines: false\nexperiments: {a: {}}", steady)
    assert other_load.other_load_sentence(campaign) == ""


def test_what_not_to_believe(make: Make) -> None:
    changes = {
        "bad": {"throughput": 500.0}, "wild": {"steady": False, "window": {"settled": False, "remark": "it drifts"}},
        "client": {"generator_cpu": [0.97]}, "host": {"host_busy": 0.97}, "broken": {"failures": 9000.0},
    }  # fmt: skip

    def behaviour(run: Run, rng: np.random.Generator) -> Made:
        return steady(run, rng) | changes.get(run.experiment, {})

    names = ", ".join(f"{name}: {{}}" for name in [*changes, "good"])
    campaign = make(f"baselines: false\ndefaults: {{repeats: 1}}\nexperiments: {{{names}}}", behaviour)
    assert warnings.doubt_sentence(campaign, find_doubts(campaign)) == (
        "3 of 6 runs (1 never settled, 1 failed too often, 1 with contradictory figures), in means only because their "
        "experiments have no other runs; 3 experiments have no usable run (bad, broken, wild); the rates of client "
        "show what the load generator could send, not what the server could answer; in host all CPUs of the machine "
        "were busy, so server and load generator slowed each other; what limited good is undecided."
    )


def test_nothing_to_doubt(make: Make) -> None:
    campaign = make("baselines: false\nexperiments: {a: {repeats: 1}}", lambda run, rng: IDLE)
    assert warnings.doubt_sentence(campaign, find_doubts(campaign)) == ("There is no reason to doubt the run.")


def test_card_has_windows_roles_and_errors(make: Make) -> None:
    campaign = make("baselines: false\nexperiments: {a: {}, b: {server: {threads: 8}}}", steady)
    table = campaign.summary
    rows = (table["experiment"] == "a") & (table["repeat"] == 1) & (table["endpoint"] == "GET /albums")
    table.loc[rows, "failure_kinds"] = json.dumps({"<500>": 3})
    doubts = find_doubts(campaign)
    first, second = experiments.experiment_views(
        campaign, verdicts.verdict_rows(campaign, doubts), runs.run_rows(campaign, doubts)
    )
    assert (first.anchor, first.differs, second.differs) == ("experiment=a", "", "server.threads: 8")
    assert first.errors == [("GET /albums", "<500>", 3)]
    assert [(role.name, role.processes) for role in first.roles] == [("load-worker", 1.0), ("server-worker", 1.0)]
    assert first.endpoints[0]["endpoint"] == "all"
    assert (first.windows[0].before_s, first.windows[0].after_s) == (10.0, 1.0)
    assert "&lt;500&gt;" in render(campaign)
