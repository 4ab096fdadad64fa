"""gunicorn settings that never vary. Worker class, workers, threads and address come on the command line.

If SERVER_STATE_DIR is set, each worker process leaves two files there: `<pid>.ready` once it has loaded the
application, and `<pid>.count` with its number of requests when it ends. A worker that ended because the machine refused
it files or memory also leaves `<pid>.fault` with the reason: gunicorn starts another one, which fails the same way.
"""

import ctypes
import errno
import gc
import os
import signal
import sys
from pathlib import Path
from typing import Any

# Longer than any think time: gunicorn's default of 2 s closes connections that users will use again, and the reset
# looks like a failing server.
keepalive = 600

# One connection for each of the most users that a suite can have.
worker_connections = 20_000
backlog = 2048

# A busy worker is not a hung worker.
timeout = 120
graceful_timeout = 10

# No disk in the hot path: heartbeats go to memory, and requests are not logged.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes its own file there
accesslog = None
control_socket_disable = True

_STATE_DIR = os.environ.get("SERVER_STATE_DIR")
_PR_SET_PDEATHSIG = 1
_RESOURCE_ERRNOS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def _write_state(worker: Any, suffix: str, text: str) -> None:
    if _STATE_DIR and Path(_STATE_DIR).is_dir():
        Path(_STATE_DIR, f"{worker.pid}.{suffix}").write_text(text, encoding="utf-8")


def post_fork(_: Any, worker: Any) -> None:
    """End with the master, even when it is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != worker.ppid:
            os._exit(1)


def post_worker_init(worker: Any) -> None:
    """Exempt long-lived objects from garbage collection, and note that this worker can answer."""
    gc.collect()
    gc.freeze()
    _write_state(worker, "ready", "")


def worker_exit(_: Any, worker: Any) -> None:
    """Note how many requests this worker answered, and whether it ended for lack of files or memory."""
    error = sys.exc_info()[1]  # gunicorn's SystemExit, and the errors that caused it
    while error is not None:
        if isinstance(error, OSError) and error.errno in _RESOURCE_ERRNOS:
            _write_state(worker, "fault", os.strerror(error.errno))
        error = error.__context__
    application = getattr(worker, "wsgi", None)  # None if loading it failed
    if application is not None:
        counting = application.extensions["timing"] if hasattr(application, "extensions") else application
        _write_state(worker, "count", str(counting.answered()))
