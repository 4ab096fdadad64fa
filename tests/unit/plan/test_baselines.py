"""The runs that Loadstone adds to a suite."""

from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.errors import SuiteError
from loadstone.plan.baselines import ceiling_name, is_baseline, unloaded_names
from loadstone.plan.schedule import Plan, make_plan
from loadstone.suite.load import load_suite

Planned = Callable[[str], Plan]
PAUSE = (0.02, 0.02)


@pytest.fixture
def planned(write_suite: Callable[[str], Path]) -> Planned:
    return lambda text: make_plan(load_suite(write_suite(text)))


def test_one_response_for_each_server_mix_and_client_and_one_ceiling_for_each_generator(planned: Planned) -> None:
    plan = planned(
        "experiments: {a: {}, more-users: {load: {users: 70, think_time: 0}}, longer: {duration: 60s},"
        "  bounded: {server: {albums_max: 3}}, dict: {server: {store: dict}},"
        "  reader: {load: {mix: {list_albums: 1}}}, fast: {load: {user: FastHttpUser, workers: 2}}}"
    )
    of = plan.suite.experiments
    assert len({unloaded_names(of[name]) for name in ("a", "more-users", "longer", "bounded")}) == 1
    assert len({unloaded_names(settings) for settings in of.values()}) == 4
    assert {ceiling_name(settings) for settings in of.values()} == {"ceiling@HttpUser-1", "ceiling@FastHttpUser-2"}
    assert sum(is_baseline(run.experiment) for run in plan.runs) == 6


def test_they_come_first_once_each_and_are_short(planned: Planned) -> None:
    plan = planned("experiments: {a: {}, b: {load: {workers: 2}}}")
    kinds = [is_baseline(run.experiment) for run in plan.runs]
    assert kinds == [True] * 3 + [False] * 6
    assert all(run.repeat == 1 and run.duration + run.warm_up <= 5 for run in plan.runs[:3])


def test_unloaded_is_one_user_who_pauses_at_a_store_that_does_not_grow(planned: Planned) -> None:
    plan = planned("experiments: {a: {server: {albums: 20}}}")
    settings = plan.added[unloaded_names(plan.suite.experiments["a"])[0]]
    assert (settings.load.users, settings.load.think_time, settings.server.albums_max) == (1, PAUSE, 20)
    assert settings.load.mix == plan.suite.experiments["a"].load.mix


def test_ceiling_is_measured_at_a_constant_answer(planned: Planned) -> None:
    plan = planned("experiments: {a: {load: {user: FastHttpUser, workers: 4}}}")
    settings = plan.added["ceiling@FastHttpUser-4"]
    assert settings.server.app == "constant"
    assert (settings.load.user, settings.load.workers, settings.load.think_time) == ("FastHttpUser", 4, (0, 0))


def test_they_depend_on_nothing_else_in_the_suite(planned: Planned) -> None:
    one = planned("experiments: {a: {}}")
    two = planned("experiments: {a: {}, z: {server: {store: dict}}}")
    assert set(one.added) < set(two.added)
    assert [run for run in two.runs if run.experiment in one.added] == list(one.runs[:2])


def test_a_suite_can_do_without(planned: Planned) -> None:
    assert planned("baselines: false\nexperiments: {a: {}}").added == {}


def test_probe_has_twice_the_users_at_the_same_pace(planned: Planned) -> None:
    plan = planned("baselines: false\nexperiments: {a: {probe: true, repeats: 2, load: {users: 20, spawn_rate: 10}}}")
    probes = [run for run in plan.runs if run.experiment == "a@twice"]
    assert [run.repeat for run in probes] == [1, 2]
    assert all((run.load.users, run.load.spawn_rate) == (40, 20) for run in probes)
    assert probes[0].load.ramp_up_s == plan.suite.experiments["a"].load.ramp_up_s


def test_probe_with_too_many_users_is_refused(planned: Planned) -> None:
    with pytest.raises(SuiteError, match=r"experiments\.a: probe: needs twice load\.users"):
        planned("experiments: {a: {probe: true, load: {users: 15000}}}")


def test_every_run_can_be_passed_to_measure(planned: Planned) -> None:
    """Added runs never passed the checks of a suite; they are checked when they are passed to `measure`."""
    plan = planned("experiments: {a: {probe: true}, none: {server: {albums: 0}, load: {mix: {list_albums: 1}}}}")
    for run in plan.runs:
        assert type(run).model_validate_json(run.model_dump_json()) == run


FILE = """
from locust import HttpUser, User
class Web(HttpUser): pass
class Admin(HttpUser): pass
class Socket(User): pass
"""


@pytest.fixture
def of_file(write_suite: Callable[[str], Path]) -> Callable[[str], Plan]:
    """Plan an experiment `a` with a load of `FILE`."""

    def plan(load: str) -> Plan:
        path = write_suite(f"experiments: {{a: {{load: {{locustfile: shop.py, {load}}}}}}}")
        (path.parent / "shop.py").write_text(FILE, encoding="utf-8")
        return make_plan(load_suite(path))

    return plan


def test_each_class_of_a_locustfile_has_an_unloaded_run_with_one_user_and_short_pauses(
    of_file: Callable[[str], Plan],
) -> None:
    plan = of_file(
        "classes: {Web: 9, Admin: 1}, users: 40, workers: 2, tags: buy, options: {api: 2}, shape: follow, env: {A: b}"
    )
    own = plan.suite.experiments["a"]
    assert {name for name in plan.added if name.startswith("unloaded@")} == {*unloaded_names(own)}
    runs = [plan.added[name] for name in unloaded_names(own)]
    assert [added.load.classes for added in runs] == [{"Web": 1}, {"Admin": 1}]
    for added in runs:
        assert (added.load.users, added.load.spawn_rate, added.load.workers) == (1, 1, 1)
        assert (added.load.think_time, added.load.shape) == (PAUSE, "ignore")
        for key in ("locustfile", "tags", "options", "env", "user"):
            assert getattr(added.load, key) == getattr(own.load, key)
    assert own.load.think_time is None, "the file's own"


def test_unloaded_run_of_a_locustfile_whose_classes_are_not_listed_is_one_user(of_file: Callable[[str], Plan]) -> None:
    plan = of_file("users: 40")
    [name] = unloaded_names(plan.suite.experiments["a"])
    assert (plan.added[name].load.users, plan.added[name].load.classes) == (1, None)


def test_names_of_unloaded_runs_of_album_users_stay(planned: Planned) -> None:
    """A campaign's baselines are found by their names: other names would measure them again."""
    plan = planned("experiments: {a: {}, b: {server: {store: dict}, load: {user: FastHttpUser}}}")
    assert [unloaded_names(settings) for settings in plan.suite.experiments.values()] == [
        ("unloaded@eb088e1e",),
        ("unloaded@b090ebbb",),
    ]


@pytest.mark.parametrize("schedule", ["pacing: 2s", "arrivals: {rate: 5}", "users: 20, spawn_rate: 10"])
def test_unloaded_run_has_no_schedule_and_does_not_depend_on_one(of_file: Callable[[str], Plan], schedule: str) -> None:
    plan, other = of_file(f"classes: [Web], {schedule}"), of_file("classes: [Web], users: 1, spawn_rate: 1")
    assert plan.added.keys() == other.added.keys()
    for run in (each for each in plan.runs if is_baseline(each.experiment)):
        assert type(run).model_validate_json(run.model_dump_json()) == run


def test_unloaded_runs_of_an_earlier_version_are_found_by_their_names(planned: Planned) -> None:
    """Their user did not pause; a campaign with both, or with neither, uses the new ones."""
    [own] = planned("experiments: {a: {}}").suite.experiments.values()
    [new] = unloaded_names(own)
    assert unloaded_names(own, {"unloaded@e57f6e8f"}) == ("unloaded@e57f6e8f",)
    assert unloaded_names(own, {"unloaded@e57f6e8f", new}) == unloaded_names(own, {}) == (new,)


def test_unknown_client_has_no_ceiling(of_file: Callable[[str], Plan]) -> None:
    assert [name for name in of_file("classes: [Socket]").added if name.startswith("ceiling@")] == []
    assert [name for name in of_file("classes: [Web], workers: 2").added if name.startswith("ceiling@")] == [
        "ceiling@HttpUser-2"
    ]


def test_unloaded_run_of_declared_requests_is_one_user_who_sends_them(planned: Planned) -> None:
    plan = planned("experiments: {a: {load: {requests: [{get: /health, weight: 3}], users: 20, user: FastHttpUser}}}")
    own = plan.suite.experiments["a"]
    added = plan.added[unloaded_names(own)[0]]
    assert (added.load.users, added.load.think_time, added.load.requests) == (1, PAUSE, own.load.requests)
    assert added.load.mix is None
    assert ceiling_name(own) == "ceiling@FastHttpUser-1"


def test_probe_of_a_shape_is_refused(of_file: Callable[[str], Plan]) -> None:
    with pytest.raises(SuiteError, match=r"experiments\.a: probe: needs one number of users"):
        of_file("shape: follow}, probe: true, server: {")
