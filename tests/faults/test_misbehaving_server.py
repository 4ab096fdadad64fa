"""A server that misbehaves in many ways: each failure is counted by its name, in bounded memory.

The real gunicorn serves a copy of the project's server that misbehaves in turn; the real Locust asks it,
by both clients.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from loadstone.plan.schedule import Run
from loadstone.results.run_record import read_record
from tests.conftest import ROOT, processes_of

SUITE = """\
defaults: {duration: 3s, warm_up: 0s, repeats: 1}
experiments:
  misbehaving:
    server: {threads: 8}
    load: {users: 6, spawn_rate: 6, think_time: 0.05, user: USER, mix: {list_albums: 6, get_album: 6, create_album: 4}}
"""
EXPECTED = {
    "GET /albums": {"not JSON", "body cut short", "not decodable", "larger than 16 MB"},
    "GET /albums/<id>": {
        "not the requested album", "connection closed", "larger than 16 MB", "HTTP 302"
    },
    "POST /albums": {"HTTP 500", "not JSON", "not HTTP"},
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with a server that misbehaves."""
    folder = tmp_path_factory.mktemp("misbehaving")
    for part in ("workflow", "server", "locustfiles"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.lock", folder)
    shutil.copy(ROOT / "tests" / "support" / "misbehaving.py", folder / "server" / "__init__.py")
    return folder


def measure(project: Path, run: Run, into: Path, prelude: str = "", **environment: str) -> "subprocess.Popen[str]":
    """Start `loadstone measure` in the copy."""
    code = f"{prelude}\nfrom loadstone.__main__ import main\nmain()"
    command = [sys.executable, "-c", code, "measure", "--run", run.model_dump_json()]
    return subprocess.Popen(
        [*command, "--into", f"{into}/runs/1", "--log", f"{into}/1.log", "--failed", f"{into}/failed"],
        cwd=into,
        env={**os.environ, "PYTHONPATH": str(project / "workflow"), **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("user", ["HttpUser", "FastHttpUser"])
def test_every_failure_is_counted_by_its_kind(
    user: str, project: Path, first_run: Callable[[str], Run], tmp_path: Path
) -> None:
    run = first_run(SUITE.replace("USER", user))
    process = measure(project, run, tmp_path)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    folder = tmp_path / "runs" / "1"
    record = read_record(folder / "run.json")
    requests = pd.read_parquet(folder / "requests.parquet")
    kinds = requests.dropna(subset="error").groupby("endpoint", observed=True)["error"].agg(set).to_dict()
    assert kinds == EXPECTED
    assert requests["error"].isna().any()
    assert (requests.loc[requests["error"].isin(["connection closed", "not HTTP"]), "status"] == 0).all()
    assert record.counts.recorded == record.counts.locust == record.counts.server, "no request was repeated"
    processes = pd.read_parquet(folder / "processes.parquet")
    workers = processes[processes["role"] == "load-worker"]
    assert workers["rss_bytes"].max() < 400 * 2**20, "the server sent a gigabyte many times"
    assert processes_of(tmp_path) == []


IMPATIENT = (
    "import loadstone.measure.target.gunicorn as server\nserver.READY_DEADLINE_S = 5\nserver.ANSWER_DEADLINE_S = 1\n"
)


def test_preflight_refuses_an_answer_without_an_end(
    project: Path, first_run: Callable[[str], Run], tmp_path: Path
) -> None:
    run = first_run(SUITE.replace("USER", "HttpUser"))
    process = measure(project, run, tmp_path, IMPATIENT, MISBEHAVIOUR="dribble")
    assert_refused(process, "GET /albums: no complete answer within 1 s", tmp_path)


def test_server_that_is_never_healthy_says_how(project: Path, first_run: Callable[[str], Run], tmp_path: Path) -> None:
    run = first_run(SUITE.replace("USER", "HttpUser"))
    sentence = "the server was not ready within 5 s: 1 of 1 workers up; GET /healthz: the answer is not JSON"
    assert_refused(measure(project, run, tmp_path, IMPATIENT, UNHEALTHY="html", SLOW_START="0"), sentence, tmp_path)


def assert_refused(process: "subprocess.Popen[str]", sentence: str, folder: Path) -> None:
    """Check that the run broke with one sentence, and left nothing that could be taken for a result."""
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    [line] = [line for line in errors.splitlines() if line.startswith("loadstone: ")]
    assert sentence in line
    assert "Traceback" not in errors
    assert not (folder / "runs" / "1").exists()
    assert processes_of(folder) == []
