"""Start helper processes for a benchmark, and stop them."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

DEADLINE_S = 30.0


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m` with the arguments during the block."""
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Find a port on 127.0.0.1 that no process listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Return once a process listens on `port` of 127.0.0.1."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"no process listens on port {port}")
        time.sleep(0.05)
