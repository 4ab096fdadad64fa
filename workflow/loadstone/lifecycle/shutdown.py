"""How a campaign ends early: a signal to Snakemake reaches its jobs, and jobs end with their Snakemake.

Snakemake itself lets running jobs finish after SIGTERM, passes Ctrl-C to no job outside its terminal, and cannot react
to SIGKILL. A job that outlives its Snakemake would load the machine for minutes, for a result that nothing reads.
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

from loadstone.lifecycle.campaign_lock import remove_leftovers

if TYPE_CHECKING:
    import psutil

PARENT = "LOADSTONE_PARENT"
"""Environment variable with the process id of the workflow's Snakemake, set for its jobs."""
DRIVER = "LOADSTONE_DRIVER"
"""Environment variable with the process id of the `loadstone run` that started this Snakemake."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_S = 0.2
MAX_CLEANUP_S = 3.0
"""Seconds that a job has to clean up before it is killed."""
MAX_STAGE_CLEANUP_S = 2.0
"""The same for stages other than measuring, which have next to nothing to clean up."""


class StageStopped(BaseException):
    """A signal stopped a stage. Not an `Exception`, so that `except Exception` does not stop it from ending."""


def end_with_workflow() -> None:
    """In a stage that a workflow started, raise `StageStopped` on a signal, or when the workflow's Snakemake ends."""
    parent = os.environ.get(PARENT, "")
    if not parent.isdigit():
        return

    def stop(number: int, _: FrameType | None) -> None:
        _set_handler(signal.SIG_IGN)  # nothing interrupts the cleaning up
        limit = threading.Timer(MAX_STAGE_CLEANUP_S, os._exit, [1])  # some libraries swallow every exception
        limit.daemon = True
        limit.start()
        raise StageStopped(f"stopped by {signal.Signals(number).name}")

    _set_handler(stop)
    threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()


def _set_handler(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """Handle signals, except those that this process was started to ignore, as by `nohup`."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _end_with(parent: int) -> None:
    """Wait until process `parent` has ended; then clean up after it and end this process."""
    _wait_for_end(parent)
    remove_leftovers(Path.cwd() / ".snakemake")
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    threading.Event().wait(MAX_CLEANUP_S)
    os._exit(1)


def _wait_for_end(pid: int) -> None:
    """Return when the process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):  # not Linux, an old Linux, or the process has ended
        import psutil

        while psutil.pid_exists(pid):
            threading.Event().wait(POLL_S)
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll()
    os.close(descriptor)


def end_with_driver() -> None:
    """In a Snakemake that `loadstone run` started, act as on SIGTERM when that process has ended, however it ended."""
    driver = os.environ.get(DRIVER, "")
    if driver.isdigit():
        threading.Thread(target=_terminate_after, args=(int(driver),), daemon=True).start()


def _terminate_after(driver: int) -> None:
    _wait_for_end(driver)
    os.kill(os.getpid(), signal.SIGTERM)


def forward_signals(finish: Callable[[], object]) -> None:
    """In Snakemake, forward the first signal to all jobs and call `finish`, so that no further job begins."""

    def stop(number: int, frame: FrameType | None) -> None:
        if not forwarded:
            forwarded.append(number)
            threading.Thread(target=_end_jobs, args=(number, finish), daemon=True).start()
        if number == signal.SIGINT:
            signal.default_int_handler(number, frame)

    forwarded: list[int] = []
    _set_handler(stop)


def _end_jobs(number: int, finish: Callable[[], object]) -> None:
    """Send the signal to every job, also to those that begin meanwhile; kill jobs that do not end in time.

    Runs until the process ends.
    """
    import psutil

    finish()
    times_seen: dict[int, int] = {}
    while True:
        for job in psutil.Process().children():
            seen = times_seen[job.pid] = times_seen.get(job.pid, 0) + 1
            if seen == 1:
                _send(job, number)
            elif seen * POLL_S > MAX_CLEANUP_S:
                _send(job, signal.SIGKILL)
        threading.Event().wait(POLL_S)


def _send(job: "psutil.Process", number: int) -> None:
    import psutil

    with contextlib.suppress(psutil.Error):  # it has ended by itself
        job.send_signal(number)
