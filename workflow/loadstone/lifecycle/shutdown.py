"""How a campaign ends before its time: what Snakemake is told reaches its jobs, and jobs end with their Snakemake.

Snakemake itself lets running jobs finish on SIGTERM, tells none of Ctrl-C unless they share its terminal, and can't
tell anybody of SIGKILL. A job that outlives it would go on loading the machine, for minutes, for nobody.
"""

import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from loadstone.lifecycle.campaign_lock import sweep

if TYPE_CHECKING:
    import psutil

PARENT = "LOADSTONE_PARENT"
"""Environment variable in which the workflow names its Snakemake's process id to its jobs."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_S = 0.2
PATIENCE_S = 3.0
"""Seconds to end in order before the end is made short."""
STAGE_PATIENCE_S = 2.0
"""Likewise, for stages other than measuring: they have next to nothing to clean up."""


class Stopped(BaseException):
    """A stage was told to end; no `Exception`, so that nothing but cleaning up comes in between."""


def heed_workflow() -> None:
    """In a stage that a workflow started: raise `Stopped` on a signal, and when the workflow's Snakemake has gone."""
    parent = os.environ.get(PARENT, "")
    if not parent.isdigit():
        return

    def stop(number: int, _: FrameType | None) -> None:
        _handle(signal.SIG_IGN)  # cleaning up is not to be interrupted
        short = threading.Timer(STAGE_PATIENCE_S, os._exit, [1])  # libraries have places that swallow any exception
        short.daemon = True
        short.start()
        raise Stopped(f"stopped by {signal.Signals(number).name}")

    _handle(stop)
    threading.Thread(target=_watch, args=(int(parent),), daemon=True).start()


def _handle(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """Handle signals from now on, but for those that we were started to ignore, as by `nohup`."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _watch(parent: int) -> None:
    """Wait for the end of process `parent`; then clean up after it and end this process."""
    _wait_for_end(parent)
    sweep(Path.cwd() / ".snakemake")
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    threading.Event().wait(PATIENCE_S)
    os._exit(1)


def _wait_for_end(pid: int) -> None:
    """Return when the process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):  # no Linux, an old one, or the process has ended
        import psutil

        while psutil.pid_exists(pid):
            threading.Event().wait(LOOK_S)
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll()
    os.close(descriptor)


def pass_on_signals(finish: Callable[[], object]) -> None:
    """In Snakemake: pass signals on to its jobs and call `finish`, so that no further one is begun."""

    def stop(number: int, frame: FrameType | None) -> None:
        if not told:
            told.append(number)
            threading.Thread(target=_end_jobs, args=(number, finish), daemon=True).start()
        if number == signal.SIGINT:
            signal.default_int_handler(number, frame)

    told: list[int] = []
    _handle(stop)


def _end_jobs(number: int, finish: Callable[[], object]) -> None:
    """Tell all jobs, and those that begin just now; kill those that don't heed it. Ends with the process."""
    import psutil

    finish()
    looks: dict[int, int] = {}
    while True:
        for job in psutil.Process().children():
            seen = looks[job.pid] = looks.get(job.pid, 0) + 1
            if seen == 1:
                _send(job, number)
            elif seen * LOOK_S > PATIENCE_S:
                _send(job, signal.SIGKILL)
        threading.Event().wait(LOOK_S)


def _send(job: "psutil.Process", number: int) -> None:
    import psutil

    with contextlib.suppress(psutil.Error):  # it has ended by itself
        job.send_signal(number)
