"""The noise check, on this machine: with a neighbour, with the lock held, stopped and killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from loadstone.errors import Interrupted
from loadstone.measure import machine_limits
from loadstone.measure.machine_limits import Unreadable
from loadstone.measure.machine_lock import hold_machine_lock, try_machine_lock
from loadstone.measure.noise import check_before_campaign
from loadstone.measure.spinners import Spinners, variation_of_stretches
from loadstone.measure.stop import StopRequest
from loadstone.results.noise import MAX_PROCESSES, NoiseCheck, read_checks
from tests.conftest import processes_of, wait_for
from tests.support.commandline import loadstone

BURN = "while True: pass"


@pytest.fixture
def neighbour() -> Iterator[int]:
    """A process that uses a CPU, as far as it gets one."""
    process = subprocess.Popen([sys.executable, "-c", BURN, "--password=hidden"])
    yield process.pid
    process.kill()
    process.wait()


@pytest.fixture
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for locks that no other test uses."""
    folder = tmp_path / "locks"
    folder.mkdir()
    monkeypatch.setenv("LOADSTONE_LOCK_FOLDER", str(folder))
    return folder


def is_crowded(check: NoiseCheck) -> bool:
    """Whether as many processes as a check names used a CPU's good share: next to other tests they can."""
    return len(check.foreign) == MAX_PROCESSES and check.foreign[-1].cpus > 0.1


def start_doctor(folder: Path) -> "subprocess.Popen[str]":
    """Start `loadstone doctor` for a minute, and wait until it spins."""
    doctor = subprocess.Popen(
        [sys.executable, "-m", "loadstone", "doctor", "--seconds", "60", "--results", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: len(psutil.Process(doctor.pid).children()) > 0, 30, "spinning")
    return doctor


def test_neighbour_is_named_without_its_arguments(neighbour: int, own_locks: Path, tmp_path: Path) -> None:
    answer = loadstone("doctor", "--json", "--seconds", "2", "--results", tmp_path)
    assert answer.returncode == 0, answer.stderr
    result = json.loads(answer.stdout)
    check = NoiseCheck.model_validate_json(json.dumps(result["check"]))
    assert check.spin_ms is not None
    assert check.spin_ms > 0.5
    assert check.slowdown is None or check.slowdown > 0.1
    assert (check.steal is None) == any(phrase.startswith("steal") for phrase in check.missing)
    found = {each.pid: each.cpus for each in check.foreign}
    assert found.get(neighbour, 0) > 0.05 or is_crowded(check), "it is named, unless five others used more"
    assert os.getpid() not in found
    assert (check.foreign_cpus or 0.0) >= 0.05
    assert "hidden" not in answer.stdout
    assert not any("hidden" in text or "--" in text for text in result["remedies"])
    assert result["expected"]["variation"] >= 0.02
    assert list(own_locks.iterdir()) == []


def test_machine_that_another_measurement_holds_is_only_watched(own_locks: Path, tmp_path: Path) -> None:
    with (
        StopRequest("test") as stop,
        hold_machine_lock("theirs, repeat 2", stop, print),
    ):
        answer = loadstone("doctor", "--seconds", "2", "--results", tmp_path)
        check, problems = check_before_campaign(tmp_path / "noise.json", stop)
    assert answer.returncode == 0
    assert "theirs, repeat 2" in answer.stdout
    assert "spin: not tried" in answer.stdout
    assert "How far repeats will lie apart is not known" in answer.stdout
    assert (check, problems) == (None, []), "switched off in tests"


def test_check_before_a_campaign_is_stored(own_locks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADSTONE_NOISE_CHECK_S", "0.5")
    path = tmp_path / "results" / "noise.json"
    with StopRequest("test") as stop:
        check, problems = check_before_campaign(path, stop)
        assert check is not None
        assert (problems, read_checks(path)) == ([], (check,))
        with try_machine_lock("theirs, repeat 2"):
            held, problems = check_before_campaign(path, stop)
    assert held is not None
    assert held.measuring is not None
    assert "theirs, repeat 2" in held.measuring
    assert (problems, read_checks(path)) == ([], (check,)), "a check without a spin is not stored"
    assert list(own_locks.iterdir()) == []


@pytest.mark.parametrize("value", ["long", "-1", "61", "nan"])
def test_wrong_length_of_the_check_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LOADSTONE_NOISE_CHECK_S", value)
    with StopRequest("test") as stop:
        check, [problem] = check_before_campaign(tmp_path / "noise.json", stop)
    assert check is None
    assert "LOADSTONE_NOISE_CHECK_S" in problem
    assert "allowed: 0 to 60 seconds" in problem
    assert not (tmp_path / "noise.json").exists()


@pytest.mark.parametrize("value", ["1", "61", "nan", "inf", "long"])
def test_wrong_length_of_doctor_is_one_line(value: str) -> None:
    answer = loadstone("doctor", "--seconds", value)
    assert (answer.returncode, answer.stdout) == (2, "")
    [line] = answer.stderr.splitlines()
    assert "--seconds" in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_check_leaves_nothing(own_locks: Path, tmp_path: Path, number: signal.Signals) -> None:
    doctor = start_doctor(tmp_path)
    doctor.send_signal(number)
    _, errors = doctor.communicate(timeout=30)
    assert doctor.returncode == 130
    assert errors.splitlines()[1:] == [f"loadstone: loadstone doctor: stopped by {number.name}"]
    wait_for(lambda: processes_of(tmp_path) == [], 10, "the end of all processes")
    assert list(own_locks.iterdir()) == []


def test_spinners_end_with_a_killed_check(own_locks: Path, tmp_path: Path) -> None:
    doctor = start_doctor(tmp_path)
    doctor.kill()
    doctor.communicate(timeout=30)
    wait_for(lambda: processes_of(tmp_path) == [], 10, "the end of all processes")
    with try_machine_lock("next") as lock:
        assert lock.holder is None


def test_signal_ends_a_spin() -> None:
    with pytest.raises(Interrupted), StopRequest("test") as stop, Spinners(1) as spinners:
        spinners.spin(30, stop, look=lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert not any(psutil.pid_exists(pid) for pid in spinners.pids)


def test_variation_is_that_of_half_seconds() -> None:
    steady = [(0.01 * number, 0.01) for number in range(200)]
    assert variation_of_stretches(steady) == pytest.approx(0, abs=1e-9)
    slower_at_the_end = steady[:100] + [(1 + 0.02 * number, 0.02) for number in range(50)]
    assert variation_of_stretches(slower_at_the_end) == pytest.approx(0.385, rel=0.01), "two of 10 ms, two of 20 ms"
    assert variation_of_stretches(steady[:50]) is None


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (machine_limits.read_pressure, "pressure"),
        (machine_limits.read_quota, "CPU quota"),
        (machine_limits.read_fastest_mhz, "frequency"),
        (machine_limits.read_governors, "governor"),
        (machine_limits.share_cores, "share cores"),
    ],
)
def test_what_a_system_does_not_show_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: object, names: str
) -> None:
    for place in ("PROC", "SYS_CPU", "CGROUPS"):
        monkeypatch.setattr(machine_limits, place, tmp_path)
    assert callable(function)
    with pytest.raises(Unreadable, match=names):
        function()


@pytest.mark.parametrize(
    ("groups", "files", "quota"),
    [
        ("0::/", {}, float("inf")),
        ("0::/", {"cpu.max": "150000 100000"}, 1.5),
        ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "50000 100000"}, 0.5),
        (
            "4:cpu,cpuacct:/a",
            {"cpu,cpuacct/a/cpu.cfs_quota_us": "200000", "cpu,cpuacct/a/cpu.cfs_period_us": "100000"},
            2,
        ),
        ("4:cpu:/docker/x", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, float("inf")),
    ],
)
def test_quota_of_a_group_and_of_those_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, groups: str, files: dict[str, str], quota: float
) -> None:
    for path, text in {"self/cgroup": f"{groups}\n", **files}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="ascii")
    monkeypatch.setattr(machine_limits, "PROC", tmp_path)
    monkeypatch.setattr(machine_limits, "CGROUPS", tmp_path)
    assert machine_limits.read_quota() == quota
