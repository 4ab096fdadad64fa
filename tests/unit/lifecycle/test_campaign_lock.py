"""Which Snakemake processes work in a campaign's folder, and whose locks are left over."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadstone.lifecycle.campaign_lock import remove_leftovers

ENTER = """
import sys
from pathlib import Path
from loadstone.lifecycle.campaign_lock import CampaignEntry
entry = CampaignEntry(Path(".snakemake"))
if "running" in sys.argv:
    entry.mark_running()
print(entry.describe_conflict(), flush=True)
sys.stdin.read()
"""

Enter = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def enter(tmp_path: Path) -> Iterator[Enter]:
    """Start a process that works in `tmp_path`, as Snakemake does, until its input is closed."""
    started = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", ENTER, *arguments]
        started.append(
            subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def lock(folder: Path) -> Path:
    """Make a lock as Snakemake does."""
    path = folder / ".snakemake" / "locks" / "0.output.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("results/plan.json\n", encoding="utf-8")
    return path


def test_locks_that_were_left_over_are_removed(enter: Enter, tmp_path: Path) -> None:
    left = lock(tmp_path)
    first = enter()
    assert first_line(first) == "None"
    assert not left.exists()
    first.kill()
    first.wait()
    assert len(list((tmp_path / ".snakemake").iterdir())) == 1, "its entry, which no process holds"
    left = lock(tmp_path)
    remove_leftovers(tmp_path / ".snakemake")
    assert list((tmp_path / ".snakemake").iterdir()) == []


def test_locks_of_the_living_stay(enter: Enter, tmp_path: Path) -> None:
    assert first_line(enter()) == "None"
    held = lock(tmp_path)
    second = enter()
    assert f"snakemake is already running in {tmp_path} (process " in first_line(second)
    second.kill()
    second.wait()
    remove_leftovers(tmp_path / ".snakemake")
    assert held.exists()


def test_campaign_is_named_before_a_dry_run(enter: Enter) -> None:
    first_line(enter())
    campaign = enter("running")
    first_line(campaign)
    assert f"(process {campaign.pid}, since 20" in first_line(enter())


def test_orderly_end_leaves_nothing(enter: Enter, tmp_path: Path) -> None:
    process = enter()
    first_line(process)
    process.communicate("", timeout=10)
    assert list((tmp_path / ".snakemake").iterdir()) == []
