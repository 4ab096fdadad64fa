"""Fixtures that several kinds of test share."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from loadstone.plan.baselines import is_baseline
from loadstone.plan.schedule import Run, make_plan
from loadstone.suite.load import load_suite
from tests.support import fuzzing

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # started in the background by a shell, which lets all processes in there ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)

fuzzing.load_profile()
pytest_plugins = ["tests.support.campaign"]

ROOT = Path(__file__).resolve().parents[1]


WAITING = {"browser", "faults", "workflow"}
"""Folders of tests that mostly wait: for servers, users and deadlines. The others compute."""


@pytest.hookimpl(trylast=True)  # after -m has taken its tests out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order tests that run several at a time so that at any moment some wait and some compute.

    Each process begins with its part of the list and, when that is done, takes tests from the end of another's. Where
    they are four, the first and third part begin with tests that wait, the second and fourth end with them. Those at an
    end share a campaign: the very first test measures it, and has done so when they come.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    waiting: list[pytest.Item] = []
    computing: list[pytest.Item] = []
    sharing: list[pytest.Item] = []
    for item in items:
        waits = item.path.relative_to(ROOT / "tests").parts[0] in WAITING
        shares = "measured" in getattr(item, "fixturenames", ())
        (sharing if shares else waiting if waits else computing).append(item)
    ordered = sharing[:1]
    for half in (_first_half, _second_half):
        ordered += half(waiting) + half(computing) + half(sharing[1:])
    items[:] = ordered


def _first_half(items: list[pytest.Item]) -> list[pytest.Item]:
    return items[: len(items) // 2]


def _second_half(items: list[pytest.Item]) -> list[pytest.Item]:
    return items[len(items) // 2 :]


@pytest.fixture(scope="session", autouse=True)
def lock_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep measurements in tests apart from those of others on this machine, but not from each other."""
    folder = tmp_path_factory.mktemp("locks")
    os.environ["LOADSTONE_LOCK_FOLDER"] = str(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def no_noise_check() -> None:
    """Leave out the check of the machine before each campaign: tests that are about it switch it on."""
    os.environ["LOADSTONE_NOISE_CHECK_S"] = "0"


@pytest.fixture
def write_suite(tmp_path: Path) -> Callable[[str], Path]:
    """Write a suite's text to a file."""

    def write(text: str) -> Path:
        path = tmp_path / "suite.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def first_run(write_suite: Callable[[str], Path]) -> Callable[[str], Run]:
    """Plan a suite and take the first run of an experiment of its own."""

    def first(text: str) -> Run:
        runs = make_plan(load_suite(write_suite(text))).runs
        return next(run for run in runs if not is_baseline(run.experiment))

    return first


def processes_of(marker: Path) -> list[psutil.Process]:
    """Find live processes, other than ours, that have `marker` in their command line or environment."""
    found = []
    for process in psutil.process_iter():
        try:
            text = " ".join(process.cmdline()) + " ".join(process.environ().values())
            if str(marker) in text and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def files_below(folder: Path) -> list[Path]:
    """List all files and folders below one from which others may be removed at the same time."""
    return [Path(root, name) for root, folders, files in os.walk(folder) for name in (*folders, *files)]


def wait_for(condition: Callable[[], object], deadline_s: float, what: str) -> None:
    """Wait until `condition` holds; fail when it doesn't within `deadline_s`."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen within {deadline_s:g} s")
        time.sleep(0.05)


@pytest.fixture
def start_measure(tmp_path: Path) -> Iterator[Callable[[Run], subprocess.Popen[str]]]:
    """Start `loadstone measure` in `tmp_path` as the workflow does; whatever it leaves is killed after the test."""

    def start(run: Run) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "loadstone", "measure", "--run", run.model_dump_json()]
        command += ["--into", str(tmp_path / "runs" / run.experiment / "1"), "--log", str(tmp_path / "logs" / "1.log")]
        command += ["--failed", str(tmp_path / "failed" / run.experiment / "1")]
        return subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)

    yield start
    for process in processes_of(tmp_path):
        process.kill()
