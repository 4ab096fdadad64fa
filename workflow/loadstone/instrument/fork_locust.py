"""Start all of Locust's processes of a run as forks of one that has imported Locust, as `locust --processes` does.

The import takes 0.4 s of CPU, which each process would need otherwise. This script is run, not imported:

    python fork_locust.py REPORT

The file REPORT receives a line per process, in the given order, of `WIDTH` bytes: its id and, once it has ended, its
exit code. It is written over in place, because a process may end for lack of space on the disk. Standard input holds a
JSON object:

    processes   list of objects: `name`, shown by `ps`; `arguments` of Locust; `log`, a file for what it prints.
                Locust's master comes first
    port        on which the master listens; its workers are started then, as they would wait for a second attempt

It ends when all of them have ended. On Linux they end with it, and it ends with the process that started it.
"""

import ctypes
import functools
import gc
import importlib.metadata
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

# gevent asks for entry points 24 times, and each time all installed packages are searched
_entry_points = importlib.metadata.entry_points
importlib.metadata.entry_points = functools.cache(_entry_points)  # type: ignore[assignment]
gc.disable()

import locust.main  # noqa: E402
from gevent import monkey, reinit  # noqa: E402

gc.enable()
importlib.metadata.entry_points = _entry_points

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
WIDTH = 24
"""Bytes of a line of the report."""
LISTENING = "0A"
"""State of a listening socket in /proc/net/tcp."""
LISTEN_DEADLINE_S = 5.0
POLL_S = 0.005


def _line(pid: int, code: int | None = None) -> bytes:
    return f"{pid} {'' if code is None else code}".ljust(WIDTH - 1).encode() + b"\n"


def _end_with(parent: int) -> None:
    """Have this process killed when the one that started it, `parent`, ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _become(process: dict[str, Any]) -> None:
    """Make this fork the process that was asked for: its name, its output and its command line."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, process["name"].encode())
    log = os.open(process["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    reinit()
    sys.argv = ["locust", *process["arguments"]]


def _run_locust() -> None:
    """Be Locust, and end at once after a run without errors: to take the interpreter down takes 0.1 s of CPU."""
    runners: list[Any] = []
    locust.events.init.add_listener(lambda runner, **_: runners.append(runner))  # type: ignore[no-untyped-call]
    try:
        locust.main.main()  # type: ignore[no-untyped-call]  # ends with SystemExit
    except SystemExit as ended:
        if ended.code == 0 and runners and _messages_are_sent(runners[0]):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
        raise


def _messages_are_sent(runner: Any) -> bool:
    """Close the connection to the other processes, which waits until the last message is sent; False if unknown."""
    try:
        socket = runner.client.socket if isinstance(runner, locust.runners.WorkerRunner) else runner.server.socket
        socket.close()
        socket.context.term()
    except AttributeError:  # another version of Locust
        return False
    return True


def _wait_for_listener(port: int) -> None:
    """Return when a process listens on a TCP port of this machine, or after a deadline."""
    deadline = time.monotonic() + LISTEN_DEADLINE_S
    sleep = monkey.get_original("time", "sleep")
    table = Path("/proc/net/tcp")
    while table.exists() and time.monotonic() < deadline:
        sockets = [line.split() for line in table.read_text("ascii").splitlines()[1:]]
        if any(local.endswith(f":{port:04X}") and state == LISTENING for _, local, _, state, *_ in sockets):
            return
        sleep(POLL_S)


def main() -> None:
    """Fork the processes, then wait for their ends."""
    task = json.load(sys.stdin)
    _end_with(os.getppid())
    fork, me = monkey.get_original("os", "fork"), os.getpid()
    pids: list[int] = []
    for process in task["processes"]:
        pid = fork()
        if not pid:
            _end_with(me)
            _become(process)
            _run_locust()
            return
        if not pids:
            _wait_for_listener(task["port"])
        pids.append(pid)
    report = os.open(sys.argv[1], os.O_WRONLY)
    os.pwrite(report, b"".join(map(_line, pids)), 0)
    for _ in pids:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)  # not collected yet: its id is not used again
        assert ended is not None  # noqa: S101 - only WNOHANG makes it None
        code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        os.pwrite(report, _line(ended.si_pid, code), WIDTH * pids.index(ended.si_pid))
        os.waitid(os.P_PID, ended.si_pid, os.WEXITED)


if __name__ == "__main__":
    main()
