"""Whatever a command starts ends with its run, wherever it goes: another group, another session, another parent."""

import json
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from loadstone.measure.ports import free_port
from loadstone.plan.schedule import Run
from tests.conftest import ROOT, processes_of, wait_for
from tests.faults.conftest import Start, assert_broken, assert_nothing_left, wait_for_phase

GUNICORN = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "4", "--no-control-socket"]
GUNICORN += ["--bind", "127.0.0.1:{port}", "--pythonpath", str(ROOT), "server:create_app()"]
SLEEP = "import time; time.sleep(600)"

ALL_WAYS = """\
setsid {gunicorn} &
(setsid {sleep} {folder}/twice-forked &)
(setsid env -i {sleep} {folder}/without-mark &)
exec {sleep} {folder}/in-front
"""


@pytest.fixture
def run(first_run: Callable[[str], Run], tmp_path: Path) -> Run:
    """A server in a session of its own, next to processes that leave in other ways."""
    sleep = shlex.join([sys.executable, "-S", "-c", SLEEP])
    script = ALL_WAYS.format(gunicorn=shlex.join(GUNICORN), sleep=sleep, folder=shlex.quote(str(tmp_path)))
    return first_run(suite(["sh", "-c", script]))


def suite(argv: list[str], more: str = "", duration: str = "1s") -> str:
    return (
        f"baselines: false\ndefaults: {{duration: {duration}, warm_up: 0s, repeats: 1}}\n"
        f"experiments: {{a: {{server: {{kind: command, argv: {json.dumps(argv)}{more}}}, "
        "load: {users: 3, spawn_rate: 3, think_time: 0.05}}}"
    )


def test_all_have_ended_after_success(run: Run, start_measure: Start, tmp_path: Path) -> None:
    process = start_measure(run)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in errors) == (0, False)
    assert processes_of(tmp_path) == []
    samples = pq.read_table(tmp_path / "runs" / "a" / "1" / "processes.parquet").to_pylist()
    servers = {row["pid"] for row in samples if row["role"] == "server-worker"}
    assert len(servers) == 5, "gunicorn, its worker, and three that sleep"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "SIGKILL"])
def test_all_end_when_the_run_is_stopped(
    run: Run, start_measure: Start, tmp_path: Path, number: signal.Signals
) -> None:
    process = start_measure(run.model_copy(update={"duration": 60.0}))
    wait_for_phase(tmp_path, "window")
    assert {"twice-forked", "without-mark", "in-front"} <= {
        Path(word).name for each in processes_of(tmp_path) for word in each.cmdline()
    }
    process.send_signal(number)
    process.communicate(timeout=30)
    assert_nothing_left(tmp_path)


FORKS_TWICE = f"""\
import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    subprocess.Popen([sys.executable, '-S', '-c', {SLEEP!r}])
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ([*GUNICORN[:-1], "--daemon", GUNICORN[-1]], "(gunicorn)"),
        ([sys.executable, "-S", "-c", FORKS_TWICE], "left 1 process in the background (python"),
        (["sh", "-c", f"{shlex.join([sys.executable, '-S', '-c', SLEEP])} & exit 0"], "in the background (python"),
    ],
    ids=["gunicorn --daemon", "forks twice", "shell's &"],
)
def test_server_in_the_background_is_refused(
    first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path, argv: list[str], sentence: str
) -> None:
    port = free_port()
    argv = [word.replace("{port}", str(port)) for word in argv]
    run = first_run(suite(argv, f", url: 'http://127.0.0.1:{port}', env: {{MARKER: {json.dumps(str(tmp_path))}}}"))
    failure = assert_broken(start_measure(run), tmp_path, sentence)
    assert failure.sentence.startswith("the command ended and left ")
    assert "start the server in the foreground, for example without --daemon" in failure.sentence
    wait_for(lambda: not listens(port), 5, "the end of what listens")


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_command_that_ends_by_itself_leaves_nothing(
    first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path
) -> None:
    """An end with nothing left, or with another code, is reported with the last words of the log."""
    for code in (0, 3):
        run = first_run(suite([sys.executable, "-c", f"print('Good bye'); raise SystemExit({code})", "{port}"]))
        assert_broken(start_measure(run), tmp_path, f"the server ended with exit code {code}: Good bye")


def test_mark_alone_is_enough(tmp_path: Path) -> None:
    """A process of any kind that left its group and parent is found by its mark, if its run is killed at once."""
    script = "(setsid sh -c 'touch started; exec sleep 600' &) ; exec sleep 600"
    code = (
        "import os, time\n"
        "from pathlib import Path\n"
        "from loadstone.measure.guard import Guard\n"
        "from loadstone.measure.processes import Child\n"
        f"folder, environment = Path({str(tmp_path)!r}), {{'MARKER': {str(tmp_path)!r}}}\n"
        "lock = folder / 'lock'\n"
        "with Guard(folder / 'scratch', lock, os.open(lock, os.O_CREAT | os.O_RDWR)) as guard:\n"
        f"    Child(['sh', '-c', {script!r}], folder / 'log', guard, environment, folder)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        wait_for((tmp_path / "started").exists, 20, "the start of the process")
        process.kill()
    wait_for(lambda: not processes_of(tmp_path), 5, "the end of all processes")
