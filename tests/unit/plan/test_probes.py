"""Probes: which ones an experiment can have, what each changes, and how granted ones come into a plan."""

from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.plan.check import find_problem
from loadstone.plan.probes import describe_change, follow_ups, probed_experiment
from loadstone.plan.schedule import Plan, Run, describe_rest, make_longest_plan, make_plan
from loadstone.suite.load import load_suite
from loadstone.suite.settings import Settings

Planned = Callable[[str], Plan]


@pytest.fixture
def planned(write_suite: Callable[[str], Path]) -> Planned:
    return lambda text: make_plan(load_suite(write_suite("baselines: false\n" + text)))


def possible(plan: Plan) -> set[str]:
    return {name.partition("@")[2] for name in plan.possible_probes}


@pytest.mark.parametrize(
    ("settings", "probes"),
    [
        ("probe: false", set()),
        ("load: {think_time: [1, 3]}", {"client", "slots", "half-think"}),
        ("load: {think_time: 0}", {"client", "slots"}),
        ("load: {pacing: 1s}", {"client", "slots"}),
        ("load: {arrivals: {rate: 5}}", {"client", "slots"}),
        ("server: {worker_class: sync, threads: 1, store: sqlite}, load: {think_time: 0}", {"client", "slots"}),
        ("server: {worker_class: sync, threads: 1}, load: {think_time: 0}", {"client"}),  # one process holds its dict
        ("server: {worker_class: gevent, threads: 1}, load: {think_time: 0}", {"client"}),
        ("server: {kind: external, url: 'http://127.0.0.1:9'}, load: {think_time: 0}", {"client"}),
        ("server: {kind: command, argv: [x, '{port}']}, load: {think_time: 0}", {"client"}),
        ("server: {kind: command, argv: [x, '{port}', '{workers}'], workers: 2}, load: {think_time: 0}",
         {"client", "slots"}),
        ("server: {kind: command, argv: [x, '{port}', '{workers}'], workers: 40}, load: {think_time: 0}", {"client"}),
    ],
)  # fmt: skip
def test_probes_that_server_and_load_allow(planned: Planned, settings: str, probes: set[str]) -> None:
    plan = planned(f"experiments: {{a: {{{'probe: true, ' * ('probe' not in settings)}{settings}}}}}")
    assert possible(plan) == probes
    for changed in plan.possible_probes.values():
        assert Settings.model_validate_json(changed.model_dump_json()) == changed


def test_users_of_a_locustfile_keep_their_client_and_their_waits(write_suite: Callable[[str], Path]) -> None:
    path = write_suite("experiments: {a: {probe: true, load: {locustfile: shop.py}}}")
    (path.parent / "shop.py").write_text("from locust import HttpUser\nclass Web(HttpUser): pass\n", encoding="utf-8")
    assert set(follow_ups(load_suite(path).experiments)) == {"a@slots"}


def test_each_probe_changes_one_thing(planned: Planned) -> None:
    plan = planned("experiments: {a: {probe: true, repeats: 2, server: {threads: 3}, load: {think_time: [1, 3]}}}")
    own = plan.suite.experiments["a"]
    client, slots, half = (plan.possible_probes[f"a@{kind}"] for kind in ("client", "slots", "half-think"))
    assert (client.load.user, slots.server.threads, half.load.think_time) == ("FastHttpUser", 6, (0.5, 1.5))
    for name, changed in (("a@client", client), ("a@slots", slots), ("a@half-think", half)):
        assert (changed.repeats.min, changed.repeats.max, changed.probe) == (2, 2, False)
        experiment, probe = probed_experiment(name) or ("", None)
        assert experiment == "a"
        assert probe is not None
        assert describe_change(probe, own, changed) in (
            "FastHttpUser instead of HttpUser", "twice the threads", "half the think time",
        )  # fmt: skip


def test_exponential_think_time_is_halved(planned: Planned) -> None:
    plan = planned("experiments: {a: {probe: true, load: {think_time: {exponential: 3}}}}")
    assert plan.possible_probes["a@half-think"].load.mean_think_time_s == 1.5


TWO = "experiments: {a: {probe: true, repeats: 2}, b: {repeats: {min: 2, max: 3}}}"


def test_only_granted_probes_are_part_of_a_plan(planned: Planned) -> None:
    sure = planned(TWO)
    assert set(sure.added) == {"a@twice"}
    assert sure.rounds == 1
    granted = make_plan(sure.suite, [["b", "a@slots"]])
    assert set(granted.added) == {"a@slots", "a@twice"}
    more = granted.runs[len(sure.runs) :]
    assert sorted((run.experiment, run.repeat) for run in more) == [("a@slots", 1), ("a@slots", 2), ("b", 3)]
    assert granted.runs[: len(sure.runs)] == sure.runs
    assert find_problem(Path("plan.json"), granted) is None
    assert Plan.model_validate_json(granted.model_dump_json()) == granted
    for run in more:
        assert Run.model_validate_json(run.model_dump_json()) == run


def test_what_may_come_is_known_and_counted(planned: Planned) -> None:
    sure = planned(TWO)
    longest = make_longest_plan(sure.suite)
    assert {"a@client", "a@slots", "a@half-think"} <= longest.repeats.keys()
    assert "may add up to 5 runs where a question is open, 4 of them probes" in describe_rest(sure)


def test_a_probe_costs_a_look(planned: Planned) -> None:
    sure = planned("experiments: {a: {probe: true, repeats: 1}}")
    granted = make_plan(sure.suite, [["a@slots"]])
    assert granted.expected_s > sure.expected_s + sure.runs[0].expected_s


@pytest.mark.parametrize("name", ["a", "unloaded@e57f6e8f", "ceiling@HttpUser-1", "a@other", "@slots"])
def test_other_names_are_no_probes(name: str) -> None:
    assert probed_experiment(name) is None
