"""Verdicts that are provoked on purpose, on real processes, by the commands that the workflow uses."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from loadstone.cli.app import app
from loadstone.plan.schedule import Run, make_plan
from loadstone.suite.load import load_suite
from tests.conftest import processes_of, wait_for

Start = Callable[[Run], "subprocess.Popen[str]"]
Judge = Callable[[str], dict[str, Any]]

ATTEMPTS = 3
"""Of forty sound runs one is taken for one that never settles, more where others use the CPUs: then all is measured
again."""

ONE = "baselines: false\ndefaults: {duration: 3s, warm_up: 1s, repeats: 1}\nexperiments: {provoked: %s}"


@pytest.fixture
def campaign(write_suite: Callable[[str], Path], start_measure: Start, tmp_path: Path) -> Judge:
    """Measure, sum up and analyse all runs of a suite; return verdicts.json, of the first attempt that has settled."""

    def verdicts_of(text: str) -> dict[str, Any]:
        suite = write_suite(text)
        for _ in range(ATTEMPTS):
            found = measured(suite)
            if all(run["remark"] != "the run never settled" for run in found["runs"]):
                break
        return found

    def measured(suite: Path) -> dict[str, Any]:
        for run in make_plan(load_suite(suite)).runs:
            process = start_measure(run)
            _, errors = process.communicate(timeout=90)
            assert process.returncode == 0, errors
            summarise(tmp_path, run)
        loadstone("plan", str(suite), "--output", str(tmp_path / "plan.json"))
        options = [
            f"--{name}={tmp_path / name}" for name in ("summary", "scaling", "verdicts", "repeats", "hypotheses")
        ]
        loadstone("analyse", f"--plan={tmp_path / 'plan.json'}", f"--summaries={tmp_path / 'tables'}", *options)
        found: dict[str, Any] = json.loads((tmp_path / "verdicts").read_text("utf-8"))
        return found

    return verdicts_of


def summarise(folder: Path, run: Run) -> Path:
    """Sum up the run that was measured in `folder`; return the tables."""
    of, into = folder / "runs" / run.experiment / "1", folder / "tables" / run.experiment / "1"
    loadstone("summarise", f"--requests={of}/requests.parquet", f"--processes={of}/processes.parquet",
              f"--record={of}/run.json", f"--into={into}")  # fmt: skip
    return into


def loadstone(*arguments: str) -> str:
    """Do what the command line would, without the second that it takes to start."""
    answer = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


@pytest.fixture
def judge(campaign: Judge) -> Judge:
    """Measure one experiment; return the verdict on its run."""

    def verdict_of(experiment: str) -> dict[str, Any]:
        [run] = campaign(ONE % experiment)["runs"]
        return dict(run)

    return verdict_of


@contextmanager
def frozen(process: psutil.Process) -> Iterator[None]:
    """Stop a process for the length of a block."""
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def figure(found: dict[str, Any], signal: str) -> float:
    return float(next(evidence["value"] for evidence in found["evidence"] if evidence["signal"] == signal))


@pytest.mark.alone
def test_think_time_and_the_probe_that_proves_it(campaign: Judge) -> None:
    """With what Loadstone plans by itself: the unloaded response, the generator's ceiling, twice the users."""
    found = campaign(
        "defaults: {duration: 4s, warm_up: 500ms, repeats: 1, server: {albums_max: 3}}\n"
        "experiments: {thinking: {probe: true, load: {users: 20, spawn_rate: 20, think_time: [0.8, 1.2]}}}"
    )
    experiment = found["experiments"]["thinking"]
    [run] = [run for run in found["runs"] if run["experiment"] == "thinking"]
    assert "think time" in run["parties"], run
    assert not {"server CPU", "server concurrency"} & set(run["parties"])
    assert figure(run, "u_think") == pytest.approx(1, abs=0.1)
    assert figure(run, "X/ceiling") < 0.3
    assert "unloaded_response_s" not in run["missing"]
    assert experiment["elasticity"]["value"] == pytest.approx(1, abs=0.2)
    assert experiment["elasticity"]["low"] is None, "one run has no interval"


@pytest.mark.alone
def test_generator(judge: Judge) -> None:
    """HttpUser that never waits, and a server that answers at once. Where others use the CPUs, the host may be full."""
    found = judge(
        "{server: {app: constant, worker_class: gevent, threads: 1, workers: 2, albums: 1}, "
        "load: {user: HttpUser, users: 32, spawn_rate: 32, think_time: 0, mix: {get_album: 1}}}"
    )
    near = str(found["runner_up"]).startswith("generator")  # where the CPUs that it could use are taken from it
    assert found["verdict"] == "generator" or figure(found, "u_host") >= 0.9 or near, found
    assert figure(found, "u_gen") > 0.5
    assert figure(found, "u_server") < 0.5


@pytest.mark.alone
def test_server_cpu(judge: Judge) -> None:
    """One sync worker that searches a very long list. On two busy cores the host may be full as well."""
    found = judge(
        "{duration: 6s, server: {worker_class: sync, threads: 1, albums: 100000, albums_max: 10}, "
        "load: {user: FastHttpUser, users: 20, spawn_rate: 20, think_time: 0, mix: {get_album: 1}}}"
    )
    assert found["verdict"] in ("server CPU", "shared host", "mixed"), found
    assert "think time" not in found["parties"]
    assert figure(found, "u_server") > 0.6
    assert figure(found, "u_gen") < figure(found, "u_server")


SLEEPERS = (
    "server: {threads: %s, calibration: {%s}}, "
    "load: {user: FastHttpUser, users: 12, spawn_rate: 12, think_time: 0, mix: {calibration: 1}}"
)


@pytest.mark.alone
def test_server_concurrency(judge: Judge) -> None:
    """Handlers that sleep, and two slots: all taken, while the CPU is idle."""
    found = judge("{" + SLEEPERS % (2, "parallel: 40ms") + "}")
    assert found["verdict"] == "server concurrency", found
    assert figure(found, "u_slot") > 0.9


@pytest.mark.alone
def test_serial_section(campaign: Judge) -> None:
    """Handlers that sleep under one lock: more slots are taken just as well, and bring nothing."""
    found = campaign(
        "baselines: false\ndefaults: {duration: 4s, warm_up: 1s, repeats: 1}\n"
        "sweeps: {threads: {vary: server.threads, values: [2, 6], "
        + SLEEPERS % (2, "parallel: 0s, serial: 20ms")
        + "}}"
    )["experiments"]
    assert {found[name]["verdict"] for name in ("threads=2", "threads=6")} == {"serial section"}, found
    assert found["threads=6"]["runs"] == {"server concurrency": 1}


def test_errors(judge: Judge) -> None:
    """A route that fails one time in twenty."""
    found = judge("{" + SLEEPERS % (8, "parallel: 10ms, failures: 0.05") + "}")
    assert found["verdict"] == "errors", found
    assert 0.01 < figure(found, "failures") < 0.08, "the lower bound of the share"


def test_invalid(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> None:
    """Half of the users stand still, too briefly for Locust to miss their worker."""
    run = first_run(
        "baselines: false\ndefaults: {duration: 2s, warm_up: 1s, repeats: 1}\n"
        "experiments: {provoked: {load: {users: 20, spawn_rate: 20, think_time: 0.1, workers: 2}}}"
    )
    process = start_measure(run)
    log = tmp_path / "logs" / "1.log"
    wait_for(lambda: log.exists() and ": window" in log.read_text("utf-8"), 40, "the window")
    worker = next(p for p in processes_of(tmp_path) if "worker-1.jsonl" in " ".join(p.cmdline()))
    with frozen(worker):
        wait_for(lambda: ": drain" in log.read_text("utf-8"), 20, "the window's end")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    found = json.loads(loadstone("verdict", str(summarise(tmp_path, run) / "signals.json")))
    assert found["verdict"] == "invalid", found
    assert figure(found, "X·(R+Z)/N") < 0.9
