"""The machine fails: disk, permissions, descriptors, ports, clock. One sentence, an exit code, earlier results intact.

Each is caused for real, in a namespace or a process of its own: this machine's disks, ports and clock stay as they are.
"""

import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadstone import __main__ as entry
from loadstone.plan.schedule import Run
from tests.conftest import processes_of, wait_for
from tests.support.campaign import Project

QUICK = """\
baselines: false
defaults: {duration: 20s, warm_up: 0s, repeats: 1}
experiments: {a: {load: {users: 60, spawn_rate: 60, think_time: 0.1, user: FastHttpUser}}}
"""
DISK = 'mkdir -p "$1/disk" && mount -t tmpfs -o size=160k none "$1/disk" && cp -r "$1/earlier" "$1/disk/" && shift && '
SMALL = 'mkdir -p "$1/disk" && mount -t tmpfs -o size=8k none "$1/disk" && shift && '
READ_ONLY = 'mkdir -p "$1/disk" && mount -t tmpfs -o ro none "$1/disk" && shift && '
LO_UP = (
    "import fcntl, socket, struct; "
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 1))"  # SIOCSIFFLAGS, IFF_UP
)
PORTS = (
    f'{sys.executable} -c "{LO_UP}" && ' + "echo '40000 40040' > /proc/sys/net/ipv4/ip_local_port_range && shift && "
)
"""Scripts for a shell in its own namespace. The test's folder is $1, and the command follows."""


def apart(kind: str, script: str, folder: Path, command: list[str]) -> list[str]:
    """Write a command that runs a script and then `command` in a new namespace. Skip if the machine allows none."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare")
    unshare = ["unshare", f"--{kind}"] + ["--user", "--map-root-user"] * (os.geteuid() != 0)
    probe = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"no new namespace: {probe.stderr.strip()}")
    return [*unshare, "sh", "-c", f'{script}exec "$@"', "sh", str(folder), *command]


def measuring(run: Run, into: Path, log: Path) -> list[str]:
    command = [sys.executable, "-m", "loadstone", "measure", "--run", run.model_dump_json()]
    return [*command, "--into", str(into), "--log", str(log), "--failed", str(into.parents[1] / "failed")]


@pytest.fixture
def run(first_run: Callable[[str], Run]) -> Run:
    return first_run(QUICK)


@pytest.fixture
def fails(tmp_path: Path) -> Iterator[Callable[[list[str]], str]]:
    """Run a command that must fail with one sentence; return that. No process and no result may be left."""

    def run(command: list[str]) -> str:
        answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=90)
        assert answer.returncode == 1, answer.stderr
        assert "Traceback" not in answer.stderr
        [line] = [line for line in answer.stderr.splitlines() if line.startswith("loadstone: ")]
        wait_for(lambda: not processes_of(tmp_path), 5, "the end of all processes")
        assert not (tmp_path / "runs").exists()
        return line

    yield run
    for process in processes_of(tmp_path):
        process.kill()


def test_full_disk_breaks_the_run_and_spares_earlier_results(
    run: Run, fails: Callable[[list[str]], str], tmp_path: Path
) -> None:
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / "run.json").write_text("{}", "utf-8")
    disk = tmp_path / "disk"
    command = measuring(run, disk / "runs" / "a" / "1", disk / "1.log")
    check = f'"$@"; code=$?; test -e {disk}/runs/a/1 && exit 7; cmp {disk}/earlier/run.json {tmp_path}/earlier/run.json'
    line = fails(apart("mount", DISK + check + " && exit $code; : ", tmp_path, command))
    assert "could not write its records (0.0 MB are free on that disk)" in line or "the disk is full" in line


def test_no_write_permission(run: Run, fails: Callable[[list[str]], str], tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    for into, log in ((disk / "runs" / "1", tmp_path / "1.log"), (tmp_path / "runs" / "1", disk / "logs" / "1.log")):
        line = fails(apart("mount", READ_ONLY, tmp_path, measuring(run, into, log)))
        assert str(disk) in line
        assert line.endswith("Read-only file system: choose another folder")


def test_campaign_in_a_folder_that_can_not_be_written_to(measured: Project, tmp_path: Path) -> None:
    """The project's folder can be written to; only the campaign's folder is read-only."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(measured.folder / "Snakefile"), "--cores", "1"]
    command += ["--directory", str(tmp_path / "disk"), "--config", f"suite={measured.suite}"]
    answer = subprocess.run(apart("mount", READ_ONLY, tmp_path, command), capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == (
        f"{tmp_path / 'disk'}: not writable: keep the campaign in another folder (--directory DIR)"
    )
    assert "Traceback" not in answer.stderr


def test_ports_exhausted(run: Run, fails: Callable[[list[str]], str], tmp_path: Path) -> None:
    """Sixty users' connections need more than forty local ports."""
    command = measuring(run, tmp_path / "runs" / "1", tmp_path / "1.log")
    line = fails(apart("net", PORTS, tmp_path, command))
    assert "Locust worker 0 ended with exit code 71" in line
    assert "cannot send more requests: Cannot assign requested address" in line


def test_no_port_left_at_all(run: Run, fails: Callable[[list[str]], str], tmp_path: Path) -> None:
    script = PORTS.replace("40040", "40000")
    held = "import socket, os, sys; s = socket.socket(); s.bind(('127.0.0.1', 40000)); s.listen(); "
    held += "os.set_inheritable(s.fileno(), True); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", held, *measuring(run, tmp_path / "runs" / "1", tmp_path / "1.log")]
    line = fails(apart("net", script, tmp_path, command))
    assert "127.0.0.1: Cannot assign requested address: no local port is free" in line


def test_descriptors_exhausted(run: Run, fails: Callable[[list[str]], str], tmp_path: Path) -> None:
    """Sixty users' connections need more than sixty-four files, and the processes may not raise the limit."""
    command = measuring(run, tmp_path / "runs" / "1", tmp_path / "1.log")
    bounded = ["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh", *command]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("no setpriv, and root can raise the limit")
        bounded = ["setpriv", "--bounding-set", "-sys_resource", "--", *bounded]
    line = fails(bounded)
    asking = "Locust worker 0 ended with exit code 71: cannot send more requests: Too many open files"
    assert asking in line or "a server worker ended: Too many open files" in line, "whichever fails first"


def test_servers_descriptors_exhausted(run: Run, fails: Callable[[list[str]], str], tmp_path: Path) -> None:
    """The server alone may open forty files."""
    code = (
        "from loadstone.__main__ import main\n"
        "from loadstone.measure.target.gunicorn import GunicornTarget as Server\n"
        "command = Server._command\n"
        "bounded = ['sh', '-c', 'ulimit -n 40 && exec \"$@\"', 'sh']\n"
        "Server._command = lambda *given: [*bounded, *command(*given)]\n"
        "main()\n"
    )
    python, _, _, *rest = measuring(run, tmp_path / "runs" / "1", tmp_path / "1.log")
    line = fails([python, "-c", code, *rest])
    assert "a server worker ended: Too many open files: raise the limit (ulimit -n)" in line


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """Build a library that sets the clock of each process that preloads it."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    library = tmp_path / "set_clock.so"
    source = Path(__file__).with_name("set_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl", "-lm"], check=True)
    return library


def test_clock_is_set(run: Run, clock: Path, tmp_path: Path) -> None:
    """Only the run's processes see the change."""
    offset = tmp_path / "offset"
    offset.write_bytes(struct.pack("d", 0))
    process = subprocess.Popen(
        measuring(run, tmp_path / "runs" / "1", tmp_path / "1.log"),
        cwd=tmp_path,
        env=os.environ | {"LD_PRELOAD": str(clock), "CLOCK_OFFSET_FILE": str(offset)},
        stderr=subprocess.PIPE,
        text=True,
    )
    log = tmp_path / "1.log"
    wait_for(lambda: log.exists() and ": window" in log.read_text("utf-8"), 40, "the window")
    with offset.open("r+b") as file:  # in place: the processes have it mapped
        file.write(struct.pack("d", -3600))
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    [line] = [line for line in errors.splitlines() if line.startswith("loadstone: ")]
    assert re.search(
        r"the clock was set back by 3(600\.0|599\.\d) s at \d\d:\d\d:\d\d: the run's times cannot be used", line
    )
    assert not (tmp_path / "runs").exists()
    assert processes_of(tmp_path) == []


STAGES = {
    "plan": ["plan", "SUITE", "--output", "FULL"],
    "compare": ["compare", ".", ".", "--html", "FULL"],
}


@pytest.mark.parametrize("stage", STAGES)
def test_full_disk_is_told_with_the_file(
    stage: str, measured: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"SUITE": str(measured.suite), "FULL": "/dev/full"}
    monkeypatch.chdir(measured.folder)
    monkeypatch.setattr("sys.argv", ["loadstone", *(names.get(word, word) for word in STAGES[stage])])
    with pytest.raises(SystemExit) as end:
        entry.main()
    assert end.value.code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "/dev/full: " in lines[0]
    assert "No space left on device" in lines[0]


def test_summarise_and_analyse_on_a_full_disk(measured: Project, tmp_path: Path) -> None:
    runs = measured.folder / "results" / "runs" / "plain" / "1"
    files = [f"--{name}={runs / name}.parquet" for name in ("requests", "processes")]
    disk = tmp_path / "disk"
    commands = {
        f"{disk}/tables": ["summarise", *files, f"--record={runs / 'run.json'}", f"--into={disk}/tables"],
        f"{disk}": [
            *("analyse", f"--plan={measured.folder}/results/plan.json"),
            f"--summaries={measured.folder}/results/summaries",
            *(f"--{name}={disk}/{name}" for name in ("summary", "scaling", "verdicts", "repeats", "hypotheses")),
        ],
    }
    for place, command in commands.items():
        whole = apart("mount", SMALL, tmp_path, [sys.executable, "-m", "loadstone", *command])
        answer = subprocess.run(whole, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert answer.returncode == 1
        [line] = answer.stderr.splitlines()
        assert line.startswith(f"loadstone: {place}")
        assert line.endswith("No space left on device: the disk is full: make room, then run it again")
