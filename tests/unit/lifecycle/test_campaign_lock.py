"""Who is at work in a campaign's folder, and whose locks are left over."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadstone.lifecycle.campaign_lock import sweep

ATTEND = """
import sys
from pathlib import Path
from loadstone.lifecycle.campaign_lock import Attendance
here = Attendance(Path(".snakemake"))
if "running" in sys.argv:
    here.begin()
print(here.refusal(), flush=True)
sys.stdin.read()
"""

Attend = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def attend(tmp_path: Path) -> Iterator[Attend]:
    """Start a process that is at work in `tmp_path`, as Snakemake is, until its input is closed."""
    started = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", ATTEND, *arguments]
        started.append(
            subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def lock(folder: Path) -> Path:
    """Make a lock as Snakemake does."""
    path = folder / ".snakemake" / "locks" / "0.output.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("results/plan.json\n", encoding="utf-8")
    return path


def test_locks_that_were_left_over_are_removed(attend: Attend, tmp_path: Path) -> None:
    left = lock(tmp_path)
    first = attend()
    assert said(first) == "None"
    assert not left.exists()
    first.kill()
    first.wait()
    assert len(list((tmp_path / ".snakemake").iterdir())) == 1, "its entry, which nobody holds"
    left = lock(tmp_path)
    sweep(tmp_path / ".snakemake")
    assert list((tmp_path / ".snakemake").iterdir()) == []


def test_locks_of_the_living_stay(attend: Attend, tmp_path: Path) -> None:
    assert said(attend()) == "None"
    held = lock(tmp_path)
    second = attend()
    assert f"snakemake is at work in {tmp_path} (process " in said(second)
    second.kill()
    second.wait()
    sweep(tmp_path / ".snakemake")
    assert held.exists()


def test_campaign_is_named_before_a_dry_run(attend: Attend) -> None:
    said(attend())
    campaign = attend("running")
    said(campaign)
    assert f"(process {campaign.pid}, since 20" in said(attend())


def test_orderly_end_leaves_nothing(attend: Attend, tmp_path: Path) -> None:
    process = attend()
    said(process)
    process.communicate("", timeout=10)
    assert list((tmp_path / ".snakemake").iterdir()) == []
