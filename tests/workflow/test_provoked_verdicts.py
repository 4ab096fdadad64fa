"""Verdicts that are provoked on purpose, on real processes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadstone.plan import Run

Start = Callable[[Run], "subprocess.Popen[str]"]

THINKING = "{load: {users: 20, spawn_rate: 20, think_time: [0.8, 1.2]}}"
BUSY = (
    "{server: {worker_class: sync, threads: 1, albums: 100000, albums_max: 10}, "
    "load: {user: FastHttpUser, users: 20, spawn_rate: 20, think_time: 0, mix: {get_album: 1}}}"
)


@pytest.fixture
def judge(first_run: Callable[[str], Run], start_measure: Start, tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """Measure an experiment, sum it up and judge it, each by the command that the workflow uses."""

    def verdict_of(experiment: str) -> dict[str, Any]:
        text = f"defaults: {{duration: 6s, warm_up: 1s, repeats: 1}}\nexperiments: {{provoked: {experiment}}}"
        process = start_measure(first_run(text))
        _, errors = process.communicate(timeout=90)
        assert process.returncode == 0, errors
        run = tmp_path / "runs" / "provoked" / "1"
        loadstone("summarise", "--requests", f"{run}/requests.parquet", "--processes", f"{run}/processes.parquet",
                  "--record", f"{run}/run.json", "--into", str(tmp_path / "tables"))  # fmt: skip
        found: dict[str, Any] = json.loads(loadstone("verdict", str(tmp_path / "tables" / "signals.json")))
        return found

    return verdict_of


def loadstone(*arguments: str) -> str:
    command = [sys.executable, "-m", "loadstone", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_think_time(judge: Callable[[str], dict[str, Any]]) -> None:
    found = judge(THINKING)
    assert "think time" in found["parties"], found
    assert not {"server CPU", "server concurrency"} & set(found["parties"])


def test_server_cpu(judge: Callable[[str], dict[str, Any]]) -> None:
    """One sync worker that searches a very long list. On two busy cores the host may be full as well."""
    found = judge(BUSY)
    assert found["verdict"] in ("server CPU", "shared host", "mixed"), found
    assert "think time" not in found["parties"]
    figures = {evidence["signal"]: evidence["value"] for evidence in found["evidence"]}
    assert figures["u_server"] > 0.6
    assert figures["u_gen"] < figures["u_server"]
