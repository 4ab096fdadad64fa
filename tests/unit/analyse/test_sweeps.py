"""A sweep, put together: ratios, grounds, fits, prediction."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.analyse.sweeps import analyse_sweeps
from loadstone.plan.schedule import Plan, make_plan
from loadstone.report.sections.sweeps import LAWS
from loadstone.results.json_file import to_json
from loadstone.results.scaling import CampaignScaling, SweepResult
from loadstone.results.signals import Signals
from loadstone.results.tables import RunKey
from loadstone.results.verdicts import CampaignVerdicts, ExperimentVerdict
from loadstone.results.window import Window
from loadstone.suite.load import load_suite
from loadstone.suite.verdict import Verdict
from loadstone.theory.scaling import LawName, amdahl
from tests.support.example_signals import EAGER

WORKERS = """
baselines: false
defaults: {repeats: 3, server: {store: sqlite}}
sweeps: {w: {vary: server.workers, values: [1, 2, 4, 6], fit: [amdahl, usl]}}
"""
Planned = Callable[[str], Plan]
Behaviour = Callable[[Any, np.random.Generator], dict[str, Any]]
"""From a run to how its signals differ from EAGER's."""


@pytest.fixture
def planned(write_suite: Callable[[str], Path]) -> Planned:
    return lambda text: make_plan(load_suite(write_suite(text)))


def sweeps(
    plan: Plan, behaviour: Behaviour, verdict: str, growth: Mapping[str, int] | None = None
) -> dict[str, SweepResult]:
    """Make up a campaign and analyse its sweeps; all levels have the same verdict.

    `growth` says of experiments how many albums joined their 100; each of those cost 0.1 ms.
    """
    rng = np.random.default_rng(8)
    signals: dict[RunKey, Signals] = {}
    rows = []
    windows = {}
    for run in plan.runs:
        made = Signals(**(EAGER | behaviour(run, rng)))
        signals[run.experiment, run.repeat] = made
        grown = (growth or {}).get(run.experiment, 0)
        windows[run.experiment, run.repeat] = Window(
            begin=0.0, end=10.0, configured_begin=0.0, settled=True, remark=None, started=0.0,
            albums_begin=100, albums_end=100 + grown, growth_effect_ms=grown / 10 if grown else None,
            growth_effect_p=0.01 if grown else None,
        )  # fmt: skip
        rows.append((run.experiment, run.repeat, "all", made.throughput, 1000 * made.response_s))
    table = pd.DataFrame(rows, columns=["experiment", "repeat", "endpoint", "goodput_rps", "mean_ms"])
    measured = MeasuredCampaign(plan=plan, summary=table, signals=signals, windows=windows)
    scaling = analyse_sweeps(measured, signals, all_bound_by(Verdict(verdict), plan))
    assert CampaignScaling.model_validate_json(to_json(scaling), strict=True) == scaling
    return scaling.root


def all_bound_by(verdict: Verdict, plan: Plan) -> CampaignVerdicts:
    """Make up the verdicts of a campaign in which each experiment has the same."""
    agreed = ExperimentVerdict(verdict=verdict, parties=(verdict,), runs={verdict: 1})
    return CampaignVerdicts(experiments=dict.fromkeys(plan.experiments, agreed), runs=())


def scaled(run: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Behave like a CPU-bound server with a serial fraction of 5 % on a machine with CPUs to spare."""
    rps = float(amdahl(run.server.workers, 400.0, 0.05) * rng.lognormal(0, 0.005))
    return {
        "throughput": rps, "response_s": 50 / rps, "server_workers": run.server.workers, "server_cores": 8.0,
        "server_cpu": 0.97 * run.server.workers, "host_busy": 0.4, "generator_ceiling": None,
    }  # fmt: skip


def test_law_where_there_are_grounds(planned: Planned) -> None:
    found = sweeps(planned(WORKERS), scaled, "server's CPU")["w"]
    assert found.reason is None
    assert (found.party, found.indicative, found.left_out) == ("server", True, {})
    laws = {law.law: law for law in found.laws}
    assert set(laws) == {"amdahl", "usl"}
    sigma = laws["amdahl"].parameters["sigma"]
    assert sigma.low < 0.05 < sigma.high
    assert laws["amdahl"].max_speedup == pytest.approx(20, rel=0.3)
    assert len(laws["amdahl"].residuals) == 12
    for point in laws["amdahl"].curve:
        assert point.low < point.throughput < point.high
    assert [level.verdict for level in found.levels] == ["server's CPU"] * 4


def test_hard_cap_has_its_corner_on_the_curve(planned: Planned) -> None:
    def limited(run: Any, rng: np.random.Generator) -> dict[str, Any]:
        rps = min(400.0 * run.server.workers, 1000.0) * float(rng.lognormal(0, 0.005))
        return scaled(run, rng) | {"throughput": rps, "response_s": 50 / rps}

    found = sweeps(planned(WORKERS.replace("[amdahl, usl]", "[amdahl, capped]")), limited, "server's CPU")["w"]
    assert [law.law for law in found.laws] == ["capped"], "Amdahl's law misses the levels"
    [law] = found.laws
    knee = law.parameters["cap"].value / law.parameters["x1"].value
    assert knee == pytest.approx(2.5, rel=0.02)
    assert any(point.value == pytest.approx(knee) for point in law.curve)
    assert (law.peak, law.max_speedup) == (None, pytest.approx(knee))
    assert set(LAWS) == set(get_args(LawName)), "the page names each law"


def test_no_law_without_grounds(planned: Planned) -> None:
    """The same throughputs, on a machine whose CPUs are all busy."""
    found = sweeps(
        planned(WORKERS), lambda run, rng: scaled(run, rng) | {"host_busy": 0.97}, "the whole machine's CPU"
    )["w"]
    assert found.laws == ()
    assert "the whole machine's CPU" in found.reason
    assert set(found.left_out) == {"w=1", "w=2", "w=4", "w=6"}


def test_no_law_where_steal_is_unknown(planned: Planned) -> None:
    """A machine 40 % busy may have been full: the hypervisor can have taken the rest."""
    found = sweeps(planned(WORKERS), lambda run, rng: scaled(run, rng) | {"host_steal": None}, "server's CPU")["w"]
    assert found.laws == ()
    assert set(found.left_out.values()) == {"the whole machine's CPU not measured"}


def test_law_that_misses_the_levels_is_withdrawn(planned: Planned) -> None:
    def bumpy(run: Any, rng: np.random.Generator) -> dict[str, Any]:
        rps = {1: 400.0, 2: 410.0, 4: 1600.0, 6: 700.0}[run.server.workers] * float(rng.lognormal(0, 0.002))
        return scaled(run, rng) | {"throughput": rps, "response_s": 50 / rps}

    found = sweeps(planned(WORKERS), bumpy, "server's CPU")["w"]
    assert found.laws == ()
    assert "lack of fit" in found.reason


def test_law_with_a_parameter_for_every_level_is_refused(planned: Planned) -> None:
    found = sweeps(planned(WORKERS.replace("4, 6]", "4]")), scaled, "server's CPU")["w"]
    assert [law.law for law in found.laws] == ["amdahl"]
    assert found.reason == "usl: 3 levels, and the law has 3 parameters: its form cannot be tested"


def test_levels_are_set_beside_the_first_as_ratios_with_intervals(planned: Planned) -> None:
    levels = sweeps(planned(WORKERS), scaled, "server's CPU")["w"].levels
    assert levels[0].throughput_ratio.value == pytest.approx(1)
    ratio = levels[2].throughput_ratio
    assert ratio.low < amdahl(4, 1.0, 0.05) < ratio.high
    assert levels[2].response_ratio.value == pytest.approx(1 / ratio.value)


def test_growth_is_told_of_each_level_by_its_own_runs(planned: Planned) -> None:
    levels = sweeps(planned(WORKERS), scaled, "server's CPU", growth={"w=2": 5, "w=6": 20})["w"].levels
    assert [level.growth for level in levels] == pytest.approx([0, 0.05, 0, 0.2])
    assert [level.growth_effect_ms for level in levels] == [None, 0.5, None, 2.0]


def test_level_without_a_single_success_has_no_ratio(planned: Planned) -> None:
    def failing(run: Any, rng: np.random.Generator) -> dict[str, Any]:
        return scaled(run, rng) | ({"throughput": 0.0} if run.server.workers == 2 else {})

    levels = sweeps(planned(WORKERS), failing, "too many failures")["w"].levels
    assert [level.throughput_ratio is None for level in levels] == [False, True, False, False]


IDLE_SWEEP = """
baselines: false
defaults: {repeats: 3, server: {store: sqlite}}
sweeps: {s: {vary: FACTOR, values: [1, 2, 4], fit: [usl]}}
"""


def waiting(run: Any, rng: np.random.Generator) -> dict[str, Any]:
    """50 users who wait 0.99 s and send 50 requests/s: 2 ms of the server's CPU each, 1 ms of each of two clients'."""
    return {
        "throughput": 50.0, "think_s": 0.99, "response_s": 0.01, "unloaded_response_s": 0.01, "server_cpu": 0.1,
        "server_workers": 4, "server_cores": 8.0, "generator_cpu": [0.05, 0.05], "generator_ceiling": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("factor", "whom"), [("server.workers", "4 workers of the server"), ("load.workers", "4 workers of the generator")]
)
def test_users_needed_follow_from_the_cpu_a_request(planned: Planned, factor: str, whom: str) -> None:
    """Server and generator use 2 ms alike: 4·(0.002 + 0.99)/0.002."""
    found = sweeps(planned(IDLE_SWEEP.replace("FACTOR", factor)), waiting, "users' pauses")["s"]
    assert f"at least 1,984 users would be needed to saturate {whom}" in found.reason
    assert "N/(R₀ + Z) = 50.0 requests/s, 50.0 measured" in found.reason


@pytest.mark.parametrize(
    ("factor", "whom", "used", "silent"),
    [
        ("server.workers", "server", {"server_cpu": 0.05}, {"server_cpu": None}),
        ("load.workers", "generator", {"generator_cpu": [0.02, 0.03]}, {"generator_cpu": None}),
    ],
)
def test_runs_without_cpu_or_throughput_say_nothing_of_it(
    planned: Planned, factor: str, whom: str, used: dict[str, Any], silent: dict[str, Any]
) -> None:
    """What is left is one run, of 1 ms a request: 4·(0.001 + 0.99)/0.001."""
    unlike = {1: used, 2: silent, 3: {"throughput": 0.0}}
    plan = planned(IDLE_SWEEP.replace("FACTOR", factor))
    found = sweeps(plan, lambda run, rng: waiting(run, rng) | unlike[run.repeat], "users' pauses")["s"]
    assert f"at least 3,964 users would be needed to saturate 4 workers of the {whom}" in found.reason
    found = sweeps(plan, lambda run, rng: waiting(run, rng) | silent, "users' pauses")["s"]
    assert f"how many users would saturate the {whom} is unknown" in found.reason


def test_unloaded_response_of_some_runs_stands_for_all(planned: Planned) -> None:
    plan = planned(IDLE_SWEEP.replace("FACTOR", "server.workers"))

    def once(run: Any, rng: np.random.Generator) -> dict[str, Any]:
        return waiting(run, rng) | ({"unloaded_response_s": None} if run.repeat > 1 else {})

    assert "N/(R₀ + Z) = 50.0 requests/s" in sweeps(plan, once, "users' pauses")["s"].reason
    found = sweeps(plan, lambda run, rng: waiting(run, rng) | {"unloaded_response_s": None}, "users' pauses")["s"]
    assert "N/Z = 50.5 requests/s" in found.reason


@pytest.mark.parametrize(("cpu", "ceiling"), [(0.95, None), (0.3, 0.95), (0.95, 0.3), (None, 0.95)])
def test_generator_is_as_busy_as_its_cpu_or_its_ceiling_says(
    planned: Planned, cpu: float | None, ceiling: float | None
) -> None:
    def busy(run: Any, rng: np.random.Generator) -> dict[str, Any]:
        made = scaled(run, rng)
        full = None if ceiling is None else made["throughput"] / ceiling
        return made | {"generator_cpu": None if cpu is None else [cpu], "generator_ceiling": full}

    left_out = sweeps(planned(WORKERS), busy, "server's CPU")["w"].left_out
    assert left_out == dict.fromkeys(["w=1", "w=2", "w=4", "w=6"], "Locust's CPU at 0.95")


def test_one_repeat_has_no_intervals(planned: Planned) -> None:
    found = sweeps(planned(WORKERS.replace("repeats: 3", "repeats: 1")), scaled, "server's CPU")["w"]
    assert all(level.throughput.low is level.throughput_ratio.low is None for level in found.levels)
    assert found.laws == ()


def test_users_are_met_by_a_prediction(planned: Planned) -> None:
    """The machine-repairman model: one CPU of 2 ms, think time 100 ms."""
    text = "baselines: false\nsweeps: {u: {vary: load.users, values: [1, 20, 60, 120], repeats: 1}}"

    def repairman(run: Any, rng: np.random.Generator) -> dict[str, Any]:
        n = run.load.users
        rps = min(n / 0.102, 500.0) * (0.9 if n == 60 else 1.0)
        return {
            "users": float(n), "throughput": rps, "think_s": 0.1, "response_s": n / rps - 0.1,
            "unloaded_response_s": 0.002, "server_cpu": 0.002 * rps, "server_workers": 1,
        }  # fmt: skip

    found = sweeps(planned(text), repairman, "server's CPU")["u"]
    forecast = found.forecast
    assert forecast.knee_users == pytest.approx(51, rel=0.01)
    assert forecast.capacity_rps == pytest.approx(500, rel=0.01)
    assert [level.users for level in forecast.levels] == [1, 20, 60, 120]
    assert all(0.9 < level.throughput_ratio < 1.1 for level in forecast.levels)
    assert math.isclose(found.levels[0].throughput.value, 1 / 0.102)


def test_prediction_that_can_not_be_made_says_why(planned: Planned) -> None:
    text = "baselines: false\nsweeps: {u: {vary: load.users, values: [1, 2], repeats: 1}}"
    found = sweeps(planned(text), lambda run, rng: {"unloaded_response_s": None}, "no clear limit")["u"]
    assert found.forecast is None
    assert "one user" in found.forecast_reason


def test_factor_that_is_no_number_has_levels_and_no_law(planned: Planned) -> None:
    text = "baselines: false\nsweeps: {s: {vary: server.store, values: [list, dict], repeats: 2}}"
    found = sweeps(planned(text), lambda run, rng: {}, "no clear limit")["s"]
    assert [level.value for level in found.levels] == ["list", "dict"]
    assert (found.laws, found.reason) == ((), None)
