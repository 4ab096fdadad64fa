"""The album API in this process, for tests of its answers, and any application under a real gunicorn."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server import create_app
from tests.conftest import ROOT, wait_for


@pytest.fixture(params=["list", "dict", "cached", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:
    return create_app(store=request.param, path=str(tmp_path / "albums.sqlite"))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


class Gunicorn:
    """A gunicorn for one test, configured as in a run."""

    def __init__(self, application: str, folder: Path, worker_class: str, workers: int, threads: int) -> None:
        self._state = folder / "state"
        self._state.mkdir()
        self._workers = workers
        self.log = folder / "server.log"
        command = [sys.executable, "-m", "gunicorn", "--config", "server/gunicorn.conf.py"]
        command += ["--worker-class", worker_class, "--workers", str(workers), "--threads", str(threads)]
        with socket.create_server(("127.0.0.1", 0)) as listener, self.log.open("wb") as log:
            self.port = listener.getsockname()[1]
            self.process = subprocess.Popen(
                [*command, "--bind", f"fd://{listener.fileno()}", application],
                cwd=ROOT,
                env={**os.environ, "SERVER_STATE_DIR": str(self._state)},
                pass_fds=[listener.fileno()],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, self.log.read_text("utf-8")
            return len(self.ready_pids()) == self._workers

        wait_for(ready, 30, "gunicorn's start")

    def ready_pids(self) -> set[int]:
        """Process ids of all workers that came up so far."""
        return {int(path.stem) for path in self._state.glob("*.ready")}

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=30)

    def stop(self) -> list[int]:
        """Stop it in order; return how many requests each worker counted."""
        self.process.terminate()
        assert self.process.wait(30) == 0, self.log.read_text("utf-8")
        return [int(path.read_text("utf-8")) for path in self._state.glob("*.count")]


@pytest.fixture
def start_gunicorn(tmp_path: Path) -> Iterator[Callable[..., Gunicorn]]:
    """Start `application`, an argument of gunicorn. The workers end with a killed master."""
    started = []

    def start(application: str, worker_class: str = "gthread", workers: int = 1, threads: int = 1) -> Gunicorn:
        started.append(Gunicorn(application, tmp_path, worker_class, workers, threads))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()
