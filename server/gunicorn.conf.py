"""gunicorn: what never varies. Worker class, workers, threads and bind are given on the command line.

With SERVER_STATE_DIR set, each worker process leaves two files there: `<pid>.ready` once it has loaded the application,
`<pid>.count` with the number of requests it answered when it ends. One that ended since the machine refused it files or
memory leaves `<pid>.fault` with the reason: gunicorn would go on with another in its place, which fares no better.
"""

import ctypes
import errno
import gc
import os
import signal
import sys
from pathlib import Path
from typing import Any

# Longer than any think time: gunicorn's default of 2 s closes connections that users mean to use again, and the reset
# looks like a failing server.
keepalive = 600

# A connection each for as many users as one suite can have.
worker_connections = 20_000
backlog = 2048

# A loaded worker is no hung worker.
timeout = 120
graceful_timeout = 10

# No disk in the hot path: heartbeats go to memory, accesses are not logged.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes its own file there
accesslog = None
control_socket_disable = True

_STATE_DIR = os.environ.get("SERVER_STATE_DIR")
_PR_SET_PDEATHSIG = 1
_MEANS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def _leave(worker: Any, suffix: str, text: str) -> None:
    if _STATE_DIR and Path(_STATE_DIR).is_dir():
        Path(_STATE_DIR, f"{worker.pid}.{suffix}").write_text(text, encoding="utf-8")


def post_fork(_: Any, worker: Any) -> None:
    """Die with the master, even when it is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != worker.ppid:
            os._exit(1)


def post_worker_init(worker: Any) -> None:
    """Spare the garbage collector what lives as long as the worker, and tell that this worker can answer."""
    gc.collect()
    gc.freeze()
    _leave(worker, "ready", "")


def worker_exit(_: Any, worker: Any) -> None:
    """Tell how many requests this worker answered, and whether it ended for lack of means."""
    error = sys.exc_info()[1]  # gunicorn's SystemExit, and behind it what it came from
    while error is not None:
        if isinstance(error, OSError) and error.errno in _MEANS:
            _leave(worker, "fault", os.strerror(error.errno))
        error = error.__context__
    application = getattr(worker, "wsgi", None)  # none where loading it failed
    if application is not None:
        counting = application.extensions["timing"] if hasattr(application, "extensions") else application
        _leave(worker, "count", str(counting.answered()))
