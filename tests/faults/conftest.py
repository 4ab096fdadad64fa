"""A run to break on purpose, and checks of what every broken run has in common."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from loadstone.plan.schedule import Run
from loadstone.results.failed import FailedRun, read_failed_run
from tests.conftest import files_below, processes_of, wait_for

Start = Callable[[Run], "subprocess.Popen[str]"]

TEXT = (
    "baselines: false\n"
    "defaults: {duration: 20s, warm_up: 0s, repeats: 1}\n"
    "experiments: {a: {load: {users: 5, spawn_rate: 5, think_time: 0.1, workers: 2}}}"
)


@pytest.fixture
def run(first_run: Callable[[str], Run]) -> Run:
    return first_run(TEXT)


@pytest.fixture
def in_window(run: Run, start_measure: Start, tmp_path: Path) -> "subprocess.Popen[str]":
    """A run whose window has begun."""
    process = start_measure(run)
    wait_for_phase(tmp_path, "window")
    return process


def said(tmp_path: Path) -> str:
    """Read the run's log so far."""
    log = tmp_path / "logs" / "1.log"
    return log.read_text("utf-8") if log.exists() else ""


def wait_for_phase(tmp_path: Path, phase: str) -> None:
    wait_for(lambda: f": {phase}\n" in said(tmp_path), 40, phase)


def find(tmp_path: Path, *words: str) -> psutil.Process:
    """Find the process of the run whose name and command line hold all `words`; among parent and children, the parent.

    Locust's processes have the name of their log.
    """
    found = [p for p in processes_of(tmp_path) if all(word in " ".join([p.name(), *p.cmdline()]) for word in words)]
    return min(found, key=lambda p: p.create_time())


def assert_broken(process: "subprocess.Popen[str]", tmp_path: Path, sentence: str, within_s: float = 30) -> FailedRun:
    """Check what every broken run has in common; return its `failed.json`."""
    _, errors = process.communicate(timeout=within_s)
    assert process.returncode == 1
    assert "Traceback" not in errors
    [line] = [line for line in errors.splitlines() if line.startswith("loadstone: ")]
    assert sentence in line
    kept = tmp_path / "failed" / "a" / "1"
    assert line.endswith(f"kept for inspection: {kept}")
    assert (kept / "logs" / "server.log").exists() or "taken" in sentence
    assert_nothing_left(tmp_path)
    failure = read_failed_run(kept / "failed.json")
    assert failure is not None
    assert sentence in failure.sentence
    assert failure.missing == ()
    assert (kept / "requests.parquet").exists() == (failure.requests > 0)
    return failure


def assert_nothing_left(tmp_path: Path) -> None:
    """Check that no process, no port and no half-written result is left."""
    wait_for(lambda: not processes_of(tmp_path), 5, "the end of all processes")
    wait_for(lambda: not files_below(tmp_path / "runs"), 5, "the end of the scratch folder")
