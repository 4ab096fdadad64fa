"""A campaign interrupted in any phase and in any way leaves nothing behind, and the next one continues it."""

import json
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

import psutil
import pyarrow.parquet as pq
import pytest

from tests.conftest import ROOT, files_below, processes_of, wait_for

SUITE = """\
baselines: false
defaults: {duration: 1s, warm_up: 0s, repeats: 1}
experiments: {a: {load: {users: 5, spawn_rate: 5, think_time: 0.1}}}
"""
LEAD = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes the given terminal its own, as a shell in a terminal window does, and ends with it even if `nohup` started
these tests."""
SOON_S = 5.0
STALE_LOCK = "results/plan.json\n"

SETS = {
    "report": {"index.html"},
    "results": {
        "hypotheses.json", "plan.json", "repeats.json", "scaling.json", "summary.csv", "verdicts.json",
        "SHA256SUMS", "benchmarks/report.tsv", "summaries/a/1/SHA256SUMS",
        *(f"logs/{name}.log" for name in ("a/1", "analyse", "plan", "report", "summarise/a/1")),
        *(f"runs/a/1/locust_{name}.csv" for name in ("exceptions", "failures", "stats", "stats_history")),
        *(f"runs/a/1/{name}" for name in (
            "processes.parquet", "requests.parquet", "run.json", "sockets.parquet", "threads.parquet"
        )),
        *(f"runs/a/1/logs/{name}.log" for name in ("load-master", "load-worker-0", "server")),
        *(f"summaries/a/1/{name}.csv" for name in ("course", "endpoints", "heat", "latency", "processes", "timeline")),
        *(f"summaries/a/1/{name}.json" for name in ("signals", "window")),
    },
}  # fmt: skip
"""The files of an undisturbed campaign."""


class Campaign:
    """Snakemake in its own terminal and folder."""

    def __init__(self, folder: Path, *, leads: bool = True) -> None:
        """`leads`: whether the terminal was opened for it, so that closing the terminal ends it."""
        self.folder = folder
        self.said = b""
        self.began = time.time()
        self._master, slave = pty.openpty()
        line = [sys.executable, "-c", LEAD, *command(folder)] if leads else command(folder)
        self.process = subprocess.Popen(
            line, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environment(folder)
        )
        os.close(slave)
        self._open = True
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while self._open:
            if select.select([self._master], [], [], 0.05)[0]:
                try:
                    self.said += os.read(self._master, 1 << 16)
                except OSError:  # the last process has ended
                    return

    def close_terminal(self) -> None:
        if self._open:
            self._open = False
            self._reader.join()
            os.close(self._master)

    def press_ctrl_c(self) -> None:
        os.write(self._master, b"\x03")


def command(folder: Path, *arguments: str) -> list[str]:
    line = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    return [*line, "--cores", "all", *arguments, "--config", f"suite={folder / 'suite.yaml'}"]


def environment(folder: Path) -> dict[str, str]:
    """Mark all processes of the campaign by their environment."""
    return {**os.environ, "LOADSTONE_LOCK_FOLDER": str(folder / "locks")}


WAYS: dict[str, Callable[[Campaign], object]] = {
    "ctrl-c": Campaign.press_ctrl_c,
    "SIGINT": lambda campaign: campaign.process.send_signal(signal.SIGINT),
    "SIGTERM": lambda campaign: campaign.process.send_signal(signal.SIGTERM),
    "SIGKILL": lambda campaign: campaign.process.send_signal(signal.SIGKILL),
    "closed terminal": Campaign.close_terminal,
}


def log_says(name: str, text: str) -> Callable[[Campaign], bool]:
    """Make a condition: the log of a step contains a text, and was written in this attempt."""

    def holds(campaign: Campaign) -> bool:
        log = campaign.folder / "results" / "logs" / f"{name}.log"
        return log.exists() and log.stat().st_mtime > campaign.began and text in log.read_text("utf-8")

    return holds


PHASES: dict[str, Callable[[Campaign], object]] = {
    "start": log_says("a/1", ": starting the server"),
    "ramp": log_says("a/1", ": ramp-up"),
    "window": log_says("a/1", ": window"),
    "collect": lambda campaign: list(campaign.folder.glob("results/runs/a/.1.measuring-*/requests.parquet")),
    "summarise": log_says("summarise/a/1", ""),
    "report": log_says("report", ""),
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The campaign's folder, with locks of Snakemake as a power failure leaves them."""
    folder = tmp_path / "campaign"
    for part in ("locks", ".snakemake/locks"):
        (folder / part).mkdir(parents=True)
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    (folder / ".snakemake" / "locks" / "0.output.lock").write_text(STALE_LOCK, encoding="utf-8")
    yield folder
    for process in processes_of(folder):
        process.kill()


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Campaign]]:
    started: list[Campaign] = []

    def begin(way: str = "") -> Campaign:
        started.append(Campaign(folder, leads=way != "SIGKILL"))
        return started[-1]

    yield begin
    for campaign in started:
        campaign.process.kill()
        campaign.process.wait()
        campaign.close_terminal()


def go_on(campaign: Campaign) -> None:
    """Wait until a campaign is done; check that it has the same files as an undisturbed one."""
    assert campaign.process.wait(120) == 0, campaign.said.decode()
    for part, expected in SETS.items():
        found = {
            str(path.relative_to(campaign.folder / part))
            for path in files_below(campaign.folder / part)
            if path.is_file()
        }
        assert {name for name in found if not name.endswith(".snakemake_timestamp")} == expected


def left_behind(folder: Path) -> list[str]:
    """List what an interrupted campaign must not leave."""
    locks = [*folder.glob("locks/*"), *folder.glob(".snakemake/locks/*"), *folder.glob(".snakemake/at-work-*")]
    halves = [path for path in files_below(folder) if ".measuring-" in path.name or path.name.endswith(".new")]
    return [*(str(process) for process in processes_of(folder)), *map(str, locks + halves)]


def assert_whole(folder: Path) -> None:
    """Read every file of the results."""
    for path in files_below(folder / "results"):
        if path.suffix == ".parquet":
            pq.read_table(path)
        elif path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.suffix == ".csv":
            assert path.read_bytes().endswith(b"\n")
    page = folder / "report" / "index.html"
    assert not page.exists() or page.read_text("utf-8").rstrip().endswith("</html>")


def ports_of(folder: Path) -> set[int]:
    """List the ports on which the campaign's processes listen."""
    connections = [process.net_connections("tcp") for process in processes_of(folder)]
    return {each.laddr.port for of_one in connections for each in of_one if each.status == psutil.CONN_LISTEN}


def interrupt(campaign: Campaign, phase: str, way: str) -> None:
    """Interrupt a campaign in a phase; check that nothing is left after a short while."""
    folder = campaign.folder
    wait_for(lambda: PHASES[phase](campaign) or campaign.process.poll() is not None, 60, phase)
    assert campaign.process.poll() is None, campaign.said.decode()
    ports = ports_of(folder) if phase == "window" else set()
    WAYS[way](campaign)
    deadline = time.monotonic() + SOON_S
    while (left := [*left_behind(folder)]) or campaign.process.poll() is None:
        assert time.monotonic() < deadline, f"{SOON_S:g} s after {way} in {phase}: {left}"
    assert campaign.process.returncode != 0
    assert_whole(folder)
    assert not (folder / "results" / "failed").exists(), "an interruption is not a failure"
    listening = {each.laddr.port for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
    assert not ports & listening


def run_the_gauntlet(start: Callable[..., Campaign], ways: dict[str, str]) -> None:
    """Interrupt one campaign several times, each time one phase later."""
    for phase, way in ways.items():
        interrupt(start(way), phase, way)
    go_on(start())


def test_every_phase_and_every_way(start: Callable[..., Campaign]) -> None:
    """Each phase once, and each way at least once; the soak test below combines all of them."""
    ways = ["SIGTERM", "closed terminal", "SIGKILL", "ctrl-c", "SIGKILL", "SIGTERM"]
    run_the_gauntlet(start, dict(zip(PHASES, ways, strict=True)))


@pytest.mark.soak
@pytest.mark.parametrize("way", WAYS)
def test_every_phase_in(way: str, start: Callable[..., Campaign]) -> None:
    run_the_gauntlet(start, dict.fromkeys(PHASES, way))


def test_second_campaign_in_one_folder(start: Callable[..., Campaign], folder: Path) -> None:
    """It is refused in one line. A dry run is not."""
    (folder / "suite.yaml").write_text(SUITE.replace("duration: 1s", "duration: 60s"), encoding="utf-8")
    first = start()
    wait_for(lambda: PHASES["start"](first), 60, "the first campaign")
    second, dry = (
        subprocess.Popen(
            command(folder, *option), env=environment(folder), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for option in ([], ["--dry-run"])
    )
    _, errors = second.communicate(timeout=60)
    assert second.returncode == 1
    [line] = [line for line in errors.splitlines() if "already running" in line]
    assert line.startswith(
        f"loadstone: snakemake is already running in {folder} (process {first.process.pid}, since 20"
    )
    assert "LockException" not in errors
    assert "Traceback" not in errors
    _, errors = dry.communicate(timeout=60)
    assert dry.returncode == 0, errors
    assert first.process.poll() is None
    interrupt(first, "window", "SIGINT")
