"""Locustfiles as people write them, and the servers that they are for, started as others would start them."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from loadstone.measure.ports import free_port
from tests.conftest import ROOT, wait_for

FOLDER = ROOT / "tests" / "acceptance"


@contextlib.contextmanager
def running(*argv: str) -> Iterator[str]:
    """Run a command that serves on the port `{port}`; yield its URL once it accepts connections."""
    port = free_port()
    command = [word.replace("{port}", str(port)) for word in argv]
    with subprocess.Popen(command, cwd=FOLDER, stderr=subprocess.DEVNULL, start_new_session=True) as process:

        def accepts() -> bool:
            assert process.poll() is None, f"{command} has ended"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
            return False

        try:
            wait_for(accepts, 30, f"a connection to {command}")
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def web_service() -> contextlib.AbstractContextManager[str]:
    """Run `tests/acceptance/service.py`."""
    uvicorn = [sys.executable, "-m", "uvicorn", "--ws", "wsproto", "--log-level", "critical", "--no-access-log"]
    return running(*uvicorn, "--port", "{port}", "service:app")


def line_server() -> contextlib.AbstractContextManager[str]:
    """Run `tests/acceptance/lines/server.py`."""
    return running(sys.executable, "lines/server.py", "{port}")


def copy_style(style: str, into: Path) -> None:
    """Copy a folder of `tests/acceptance`: the suite of the test is to be next to its locustfile."""
    shutil.copytree(FOLDER / style, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
