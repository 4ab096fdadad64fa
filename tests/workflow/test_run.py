"""`loadstone run`: what it prints, its exit codes, and how it ends when it is stopped."""

import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, files_below, processes_of, wait_for

SUITE = """\
baselines: false
defaults: {{duration: {duration}, warm_up: 0s, repeats: 1, load: {{users: 5, spawn_rate: 5, think_time: 0.1}}}}
experiments:
  a: {{}}
  broken: {{server: {{kind: command, argv: ["false"], url: "http://127.0.0.1:{port}"}}}}
"""
TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "campaign"
    (folder / "locks").mkdir(parents=True)
    yield folder
    for process in processes_of(folder):
        process.kill()


def write_suite(folder: Path, duration: str = "1s") -> None:
    (folder / "loadstone.yaml").write_text(SUITE.format(duration=duration, port=9), encoding="utf-8")


def environment(folder: Path) -> dict[str, str]:
    """Mark all processes of the campaign by their environment."""
    return {**os.environ, "LOADSTONE_LOCK_FOLDER": str(folder / "locks"), "TERM": "xterm"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "loadstone", "run", *arguments]


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments), cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )


def test_a_mistake_is_one_line_and_leaves_nothing(folder: Path) -> None:
    answer = run(folder)
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "loadstone.yaml: no such suite" in answer.stderr
    (folder / "loadstone.yaml").write_text("experiments: {a: {duration: 5}}", encoding="utf-8")
    answer = run(folder)
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "duration: 5 is not allowed" in answer.stderr
    write_suite(folder)
    answer = run(folder, "loadstone.yaml", "b")
    assert (answer.returncode, answer.stderr.count("\n")) == (2, 1)
    assert "'b' is not a target of this suite" in answer.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["loadstone.yaml", "locks"]


def test_a_failure_is_one_line_and_the_other_runs_go_on(folder: Path) -> None:
    write_suite(folder)
    answer = run(folder, "--cores", "2")
    assert answer.returncode == 1
    lines = answer.stderr.splitlines()
    assert lines[0].startswith("loadstone.yaml: 2 runs, about ")
    [failure] = [line for line in lines if "broken, repeat 1" in line]
    assert failure.startswith("loadstone: broken, repeat 1: ")
    assert lines[-1].startswith("loadstone: 1 run failed: ")
    assert any(line.startswith("[") and "a 1/1 measured" in line for line in lines)
    assert len(lines) <= 5
    assert (folder / "results/runs/a/1/run.json").exists()

    answer = run(folder, "a")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == "Done: a. `loadstone run loadstone.yaml` writes the report."


class Terminal:
    """`loadstone run` in a terminal of its own."""

    def __init__(self, folder: Path, *, leads: bool) -> None:
        self.said = b""
        self._master, slave = pty.openpty()
        line = [sys.executable, "-c", TERMINAL, *command()] if leads else command()
        self.process = subprocess.Popen(
            line, cwd=folder, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environment(folder)
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while self.process.poll() is None:
            if select.select([self._master], [], [], 0.05)[0]:
                try:
                    self.said += os.read(self._master, 1 << 16)
                except OSError:
                    return

    def press_ctrl_c(self) -> None:
        os.write(self._master, b"\x03")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self._master)


WAYS: dict[str, tuple[Callable[[Terminal], object], int]] = {
    "ctrl-c": (Terminal.press_ctrl_c, 130),
    "SIGTERM": (lambda terminal: terminal.process.send_signal(signal.SIGTERM), 130),
    "SIGKILL": (lambda terminal: terminal.process.send_signal(signal.SIGKILL), -signal.SIGKILL),
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_when_it_is_stopped(way: str, folder: Path) -> None:
    write_suite(folder, "60s")
    stop, code = WAYS[way]
    terminal = Terminal(folder, leads=way == "ctrl-c")
    try:
        log = folder / "results/logs/a/1.log"
        wait_for(lambda: log.exists() and ": window" in log.read_text("utf-8"), 90, "the window")
        wait_for(lambda: b"[1/2] a 1/1" in terminal.said or b"[2/2] a 1/1" in terminal.said, 30, "the line")
        assert b"left" in terminal.said
        stop(terminal)
        assert terminal.process.wait(60) == code
        wait_for(lambda: not processes_of(folder), 30, "the end of all processes")
    finally:
        terminal.close()
    left = [*folder.glob("locks/*"), *folder.glob(".snakemake/locks/*"), *folder.glob(".snakemake/at-work-*")]
    assert left + [path for path in files_below(folder) if ".measuring-" in path.name] == []
    if way != "SIGKILL":
        last = terminal.said.decode().replace("\r", "\n").splitlines()
        [line] = [line for line in last if "stopped by" in line]
        assert "of 2 runs measured; the same command goes on from there" in line


def test_a_second_campaign_in_the_folder_is_refused(folder: Path) -> None:
    write_suite(folder, "60s")
    terminal = Terminal(folder, leads=False)
    try:
        wait_for(lambda: list(folder.glob("results/runs/a/.1.measuring-*")), 90, "a run")
        began = time.monotonic()
        answer = run(folder)
        assert answer.returncode == 1
        assert answer.stderr.count("\n") == 1
        assert "snakemake is already running in" in answer.stderr
        assert terminal.process.poll() is None
        assert time.monotonic() - began < 30
    finally:
        terminal.process.terminate()
        terminal.process.wait(60)
        terminal.close()
    wait_for(lambda: not processes_of(folder), 30, "the end of all processes")


def test_snakemake_itself_prints_little(folder: Path) -> None:
    """A line per run, the table at the end, and a fixed number of lines around them."""
    repeats = 2
    text = SUITE.format(duration="500ms", port=9).replace("repeats: 1", f"repeats: {repeats}")
    (folder / "loadstone.yaml").write_text(text, encoding="utf-8")
    line = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    answer = subprocess.run(
        [*line, "--config", f"suite={folder / 'loadstone.yaml'}"],
        env=environment(folder), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 1
    printed = answer.stdout + answer.stderr
    assert len(printed.splitlines()) <= 25 + 2 * 2 * repeats
    assert len(printed) < 5000
    for repeat in range(1, repeats + 1):
        assert printed.count(f"loadstone: broken, repeat {repeat}: ") == 1, "why it failed"
        assert f"Error in rule measure (broken, repeat {repeat}), see results/logs/broken/{repeat}.log" in printed
        assert f"a, repeat {repeat} measured" in printed
    dry = subprocess.run(
        [*line, "--dry-run", "--config", f"suite={folder / 'loadstone.yaml'}"],
        env=environment(folder), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "reason: Missing output files" in dry.stdout, "a dry run explains itself as before"
