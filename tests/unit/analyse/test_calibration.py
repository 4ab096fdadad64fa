"""A known weight: what theory says of it, when the instrument passes, and how that is told."""

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

from loadstone.analyse.calibration import KnownDemandLevel, calibrate, predict_curve, slots_taken
from loadstone.plan.schedule import make_plan
from loadstone.results.json_file import to_json
from loadstone.results.scaling import CampaignScaling, SweepResult
from loadstone.suite.load import load_suite
from loadstone.suite.settings import Calibration, Settings
from loadstone.text import figure
from tests.conftest import ROOT
from tests.support.commandline import loadstone
from tests.unit.analyse.test_sweeps import sweeps

KNOWN = Calibration.model_validate({"parallel": "20ms", "serial": "2ms"})
FULL: dict[str, Any] = {
    "server": {"worker_class": "sync", "workers": 4, "threads": 1, "store": "sqlite",
               "calibration": {"parallel": "20ms", "serial": "2ms"}},
    "load": {"users": 12, "think_time": 0, "mix": {"calibration": 1}},
}  # fmt: skip


def level(slots: int, *throughput: float, demand: Calibration = KNOWN, cpu: float | None = None) -> KnownDemandLevel:
    return KnownDemandLevel(
        value=slots,
        slots=slots,
        demand=demand,
        throughput=throughput or (1.0,),
        server_demand_s=cpu,
        servers=2,
        host=0.5,
    )


def predicted(slots: int, parallel: str = "20ms", serial: str = "2ms") -> float:
    demand = Calibration.model_validate({"parallel": parallel, "serial": serial})
    [reading] = calibrate([level(slots, demand=demand)])
    return reading.predicted


def test_predictions_by_hand() -> None:
    assert predicted(1) == pytest.approx(1 / 0.022)
    waiting = 0.002 * (1 + 0.002 / 0.022)  # an arriving customer finds what a lonely one leaves behind
    assert predicted(2) == pytest.approx(2 / (0.020 + waiting))
    assert predicted(200) == pytest.approx(1 / 0.002)
    assert predicted(7, serial="0s") == pytest.approx(7 / 0.020), "nobody waits for anybody"
    assert predicted(7, parallel="0s") == pytest.approx(1 / 0.002), "one at a time"


@pytest.mark.parametrize(("share", "passed"), [(0.899, False), (0.9, True), (1.0, True), (1.1, True), (1.101, False)])
@pytest.mark.parametrize("slots", [1, 3, 8])
def test_passes_within_ten_per_cent(slots: int, share: float, passed: bool) -> None:
    [reading] = calibrate([level(slots, share * predicted(slots))])
    assert reading.ratio == pytest.approx(share)
    assert reading.passed is passed


def test_more_than_eight_slots_are_shown_and_not_judged() -> None:
    assert [reading.passed for reading in calibrate([level(16, 100.0), level(8, 100.0)])] == [False, None]


def test_measured_is_the_mean_of_runs_with_its_interval() -> None:
    [three], [four] = calibrate([level(1, 43.0, 44.0, 45.0)]), calibrate([level(1, 43.0, 44.0, 44.0, 45.0)])
    assert (three.low, three.high, three.values) == (None, None, (43.0, 44.0, 45.0))
    assert three.measured == pytest.approx((43.0 * 44.0 * 45.0) ** (1 / 3))
    assert four.low is not None
    assert four.high is not None
    assert four.low < four.measured < four.high


def test_cpu_of_the_server_lowers_the_prediction_beside_the_pure_one() -> None:
    [unknown], [known] = calibrate([level(1)]), calibrate([level(1, cpu=0.001)])
    assert unknown.predicted_with_cpu is None
    assert known.predicted_with_cpu == pytest.approx(1 / 0.023)
    assert known.predicted == unknown.predicted


def test_curve_goes_from_one_slot_to_the_most() -> None:
    curve = predict_curve([level(1), level(32)])
    assert [point.slots for point in curve] == list(range(1, 33))
    throughput = [point.throughput for point in curve]
    assert throughput[0] == pytest.approx(1 / 0.022)
    assert all(more >= fewer for fewer, more in itertools.pairwise(throughput))


def settings(server: dict[str, Any], load: dict[str, Any]) -> Settings:
    return Settings.model_validate({"server": FULL["server"] | server, "load": FULL["load"] | load})


@pytest.mark.parametrize(
    ("server", "load", "slots"),
    [
        ({}, {}, 4),
        ({"worker_class": "gthread", "workers": 1, "threads": 12}, {}, 12),
        ({"workers": 13}, {}, None),  # than users
        ({"worker_class": "gthread"}, {}, None),  # connections stay with one process
        ({"worker_class": "gevent", "calibration": {"parallel": "20ms"}}, {}, None),
        ({"calibration": {"parallel": "20ms", "failures": 0.1}}, {}, None),
        ({"calibration": {"parallel": "0s"}}, {}, None),
        ({}, {"think_time": 0.1}, None),
        ({}, {"pacing": "100ms"}, None),
        ({}, {"arrivals": {"rate": 10.0}}, None),
        ({}, {"mix": {"calibration": 9, "get_album": 1}}, None),
        ({"calibration": None}, {"mix": {"get_album": 1}}, None),
    ],
)
def test_slots_that_are_always_taken_by_a_known_demand(
    server: dict[str, Any], load: dict[str, Any], slots: int | None
) -> None:
    assert slots_taken(settings(server, load)) == slots


def analysed(factor: float) -> dict[str, SweepResult]:
    """Analyse the calibration suite, as if it had given so much of what theory says."""

    def behaviour(run: Any, _: Any) -> dict[str, Any]:
        rps = factor * predicted(run.server.workers * run.server.threads)
        return {
            "throughput": rps, "response_s": run.load.users / rps, "users": float(run.load.users), "host_busy": 0.5,
            "server_workers": run.server.workers, "server_cores": 2.0, "server_cpu": 0.001 * rps,
        }  # fmt: skip

    return sweeps(make_plan(load_suite(ROOT / "config" / "calibration.yaml")), behaviour, "all server threads busy")


def test_calibration_suite() -> None:
    found = analysed(0.96)
    points = {name: {at.slots: at for at in sweep.calibration} for name, sweep in found.items()}
    assert {name: list(at) for name, at in points.items()} == {"processes": [1, 2, 4, 8], "threads": [8, 16, 32]}
    for at in (*points["processes"].values(), *points["threads"].values()):
        assert at.ratio == pytest.approx(0.96)
        assert at.passed is (True if at.slots <= 8 else None)
        assert at.predicted_with_cpu < at.predicted
    assert len(found["threads"].calibration_curve) == 32


def test_lock_of_the_calibration_suite_is_full_between_its_last_levels() -> None:
    """By theory its verdicts are server concurrency up to 8 slots, and serial section from 16 on."""
    elasticity = {n: math.log(predicted(2 * n) / predicted(n)) / math.log(2) for n in (4, 8, 16)}
    assert elasticity[4] > 0.8
    assert elasticity[8] > 0.5
    assert elasticity[16] < 0.1


def results(folder: Path, sweeps: dict[str, SweepResult]) -> Path:
    (folder / "scaling.json").write_bytes(to_json(CampaignScaling(sweeps)))
    return folder


@pytest.mark.parametrize(("factor", "code"), [(0.96, 0), (0.8, 1)])
def test_command_prints_every_point_and_fails_with_one(factor: float, code: int, tmp_path: Path) -> None:
    answer = loadstone("calibrate", "--results", str(results(tmp_path, analysed(factor))))
    assert (answer.returncode, answer.stderr) == (code, "")
    rows = [line for line in answer.stdout.splitlines() if f"{factor:.3f}" in line]
    assert len(rows) == 7
    assert sum("pass" in row for row in rows) == (5 if code == 0 else 0)
    assert sum("FAIL" in row for row in rows) == (0 if code == 0 else 5)
    assert sum("shown" in row for row in rows) == 2
    assert "45.5" in rows[0]
    assert "50 %" in rows[0], "how busy the machine was"
    runs = figure(factor * 1000 / 22)
    assert f"{runs}, {runs}" in rows[0], "two runs are shown themselves"
    counted = "within 10 % of the prediction: 5 of 5 points with up to 8 slots"
    outcome = f"W{counted[1:]}." if code == 0 else f"Not {counted}: "
    assert outcome in answer.stdout
    assert ("processes=1, processes=2" in answer.stdout) is (code == 1)


@pytest.mark.parametrize(
    ("host", "advice"),
    [(0.2, "Measure again with nothing else running"), (1.0, "Another process used the CPUs"), (None, "again")],
)
def test_one_failing_point_is_enough(host: float | None, advice: str, tmp_path: Path) -> None:
    found = analysed(0.96)
    readings = list(found["processes"].calibration or ())
    readings[2] = readings[2].model_copy(update={"ratio": 0.85, "passed": False, "host": host})
    found["processes"] = found["processes"].model_copy(update={"calibration": tuple(readings)})
    answer = loadstone("calibrate", "--results", str(results(tmp_path, found)))
    assert answer.returncode == 1
    assert "Not within 10 % of the prediction: 1 of 5 points with up to 8 slots: processes=4." in answer.stdout
    assert advice in answer.stdout


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"s": {"calibration": null}}'])
def test_missing_results_are_told_in_one_line(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "scaling.json").write_text(content, encoding="utf-8")
    answer = loadstone("calibrate", "--results", str(tmp_path))
    assert (answer.returncode, answer.stdout) == (1, "")
    [line] = answer.stderr.splitlines()
    assert line.startswith(f"loadstone: {tmp_path}/scaling.json: ")
