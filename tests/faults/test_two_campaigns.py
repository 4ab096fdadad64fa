"""Two campaigns on one machine: their runs are measured in turn, and a waiting run states what it waits for."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadstone.measure.machine_lock import NAME, Holder, describe_holder, lock_folder
from loadstone.plan.schedule import Run
from loadstone.results.run_record import read_record
from tests.conftest import processes_of, wait_for
from tests.faults.conftest import TEXT, Start, said

HOLD = """
import sys
from loadstone.measure.machine_lock import hold_machine_lock
from loadstone.measure.stop import StopRequest
with StopRequest("b") as stop, hold_machine_lock("b, repeat 2", stop, print):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "locks"
    folder.mkdir()
    monkeypatch.setenv("LOADSTONE_LOCK_FOLDER", str(folder))
    return folder


@pytest.fixture
def other(own_locks: Path, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[subprocess.Popen[str]]":
    """Another measurement, in another folder, until its input is closed."""
    folder = tmp_path_factory.mktemp("other")
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_run_waits_for_another_campaigns(
    first_run: Callable[[str], Run],
    start_measure: Start,
    other: "subprocess.Popen[str]",
    own_locks: Path,
    tmp_path: Path,
) -> None:
    """It names the other run, starts no process meanwhile, and does not count the wait as its own time.

    Started as by `nohup`, it continues when the terminal is closed.
    """
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    process = start_measure(first_run(TEXT.replace("duration: 20s", "duration: 1s")))
    signal.signal(signal.SIGHUP, former)
    wait_for(lambda: "waiting for another measurement" in said(tmp_path), 20, "waiting")
    assert re.search(
        rf"a, repeat 1: waiting for another measurement on this machine: b, repeat 2, by \S+ \(process {other.pid}\) "
        r"in \S+/other\d+ since \d\d:\d\d:\d\d\n",
        said(tmp_path),
    )
    assert [p.pid for p in processes_of(tmp_path / "runs")] == [process.pid]
    process.send_signal(signal.SIGHUP)
    assert other.stdin is not None
    released = time.time()
    other.stdin.close()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    record = read_record(tmp_path / "runs/a/1/run.json")
    assert released <= record.state_before.time <= record.phases.server_started
    assert list(own_locks.iterdir()) == [], "the lock is removed"


def test_waiting_can_be_interrupted(
    run: Run, start_measure: Start, other: "subprocess.Popen[str]", own_locks: Path, tmp_path: Path
) -> None:
    process = start_measure(run)
    wait_for(lambda: "waiting for another measurement" in said(tmp_path), 20, "waiting")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=5)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "loadstone: a, repeat 1: stopped by SIGINT"
    assert not (tmp_path / "runs").exists()
    assert other.poll() is None
    assert [path.name for path in own_locks.iterdir()] == [NAME]


def test_who_waits_long_is_told_again(other: "subprocess.Popen[str]", own_locks: Path) -> None:
    """Every 30 s; here, every second."""
    waiting = "import loadstone.measure.machine_lock\nloadstone.measure.machine_lock.REMIND_S = 1.0\n" + HOLD.replace(
        "stop, print", "stop, lambda line: print(line, flush=True)"
    )
    command = [sys.executable, "-c", waiting]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first, again, third = (process.stdout.readline() for _ in range(3))
        assert other.stdin is not None
        other.stdin.close()
        assert "held\n" in process.stdout
        process.kill()
    assert first.startswith("waiting for another measurement on this machine: b, repeat 2")
    assert re.match(r"waiting for another measurement on this machine \([1-9] s so far\): b, repeat 2", again)
    assert re.search(r"\(\d+ s so far\)", third)


def test_file_that_is_left_over_locks_nothing(own_locks: Path) -> None:
    (own_locks / NAME).write_text("left", encoding="utf-8")
    answer = subprocess.run([sys.executable, "-c", HOLD], input="", capture_output=True, text=True, check=True)
    assert answer.stdout == "held\n"
    assert list(own_locks.iterdir()) == []


@pytest.mark.parametrize("make", [Path.symlink_to, Path.hardlink_to], ids=["symbolic", "hard"])
def test_lock_is_no_link_to_somebody_elses_file(
    run: Run, start_measure: Start, own_locks: Path, tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("content", encoding="utf-8")
    make(own_locks / NAME, precious)
    process = start_measure(run)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    [line] = errors.splitlines()
    assert line.startswith(f"loadstone: {own_locks / NAME}: cannot use this lock, which keeps measurements apart: ")
    assert line.endswith("choose another folder with the environment variable LOADSTONE_LOCK_FOLDER")
    assert precious.read_text("utf-8") == "content"


def test_what_stands_in_the_lock_can_not_command_a_terminal() -> None:
    holder = Holder(what="\x1b[2Jclear\r\n", user="ü", pid=1, folder="/home/\x9bx", since=0.0)
    assert re.fullmatch(
        r"\?\[2Jclear\?\?, by ü \(process 1\) in /home/\?x since 19(69|70)-\d\d-\d\d \d\d:\d\d:\d\d",
        describe_holder(holder, 1e9),
    )


def test_lock_is_where_all_users_of_the_machine_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOADSTONE_LOCK_FOLDER")
    monkeypatch.setenv("TMPDIR", str(Path.home()))
    folder = lock_folder()
    assert folder.is_dir()
    if Path("/tmp").is_dir():  # noqa: S108 - only looked at
        assert folder != Path.home()
