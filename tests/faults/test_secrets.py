"""Secrets in the environment of a run reach its processes, which may need them, but no file."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from loadstone.measure.guard import Guard
from loadstone.measure.machine_lock import hold_machine_lock
from loadstone.measure.processes import Child
from loadstone.measure.stop import StopRequest
from loadstone.plan.schedule import Run
from loadstone.results.run_record import read_record
from tests.conftest import files_below

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI-0001",
    "DB_PASSWORD": "correct-horse-0002",
    "GITHUB_TOKEN": "ghp-battery-0003",
    "DATABASE_URL": "postgres://user:staple-0004@db/x",
    "SOME_SETTING": "not-named-like-one-0005",
}
TEXT = (
    "defaults: {duration: 1s, warm_up: 0s, repeats: 1}\n"
    "experiments: {a: {load: {users: 5, spawn_rate: 5, think_time: 0.1}}}"
)


def test_nothing_of_the_environment_is_kept(
    first_run: Callable[[str], Run],
    start_measure: Callable[[Run], "subprocess.Popen[str]"],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    process = start_measure(first_run(TEXT))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    kept = [path for path in files_below(tmp_path) if path.is_file()]
    assert {"run.json", "server.log", "load-master.log", "1.log"} <= {path.name for path in kept}
    told = [errors.encode(), *(path.read_bytes() for path in kept)]
    told += [repr(pq.read_table(path).to_pydict()).encode() for path in kept if path.suffix == ".parquet"]
    for secret in SECRETS.values():
        assert not any(secret.encode() in content for content in told)
    commands = read_record(tmp_path / "runs/a/1/run.json").commands
    first_line = (tmp_path / "runs/a/1/logs/server.log").read_text("utf-8").splitlines()[0]
    assert first_line.startswith("$ ")
    assert all(part in first_line for part in ("gunicorn", "server:create_app", commands.server[-3]))


def test_command_lines_are_redacted(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    argv = [sys.executable, "-c", "import sys; print(len(sys.argv[1]))", f"--password={SECRETS['DB_PASSWORD']}"]
    stop = StopRequest("redacted")
    with (
        stop,
        hold_machine_lock("redacted", stop, print) as lock,
        Guard(tmp_path / "scratch", lock.path, lock.descriptor) as guard,
    ):
        child = Child(argv, log, guard)
        assert child.join(20) == 0
    command, answer = log.read_text("utf-8").splitlines()
    assert command.startswith("$ ")
    assert SECRETS["DB_PASSWORD"] not in command
    assert SECRETS["DB_PASSWORD"] not in " ".join(child.shown)
    assert int(answer) == len(argv[-1]), "the process itself receives the secret"
