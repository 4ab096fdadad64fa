"""Which Snakemake processes are at work in a campaign's folder, told by files in `.snakemake/` that they hold locked.

Snakemake's own locks are files that say nothing of who made them: after a SIGKILL, or a loss of power, they are left
and stop every later campaign. Ours end with their process, however that ends, so that it can be told whether anybody is
there to whom those locks belong; where nobody is, they are removed.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

PREFIX = "at-work-"
LOCKS = "locks"
"""Where Snakemake keeps its own."""


class Worker(BaseModel):
    """A Snakemake process, as its file describes it."""

    model_config = ConfigDict(frozen=True)

    pid: int
    since: float
    """Unix seconds."""
    running: bool
    """Whether it has begun to run jobs; else it may be a dry run."""


class Attendance:
    """One's own entry, until this process ends."""

    def __init__(self, folder: Path) -> None:
        """Enter this process in `folder`, Snakemake's own; remove what those left who are there no longer.

        Where that can't be done, everything is as without.
        """
        self._folder = folder.absolute()
        self._worker = Worker(pid=os.getpid(), since=time.time(), running=False)
        self._path = self._folder / f"{PREFIX}{os.getpid()}.json"
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with _alone(self._folder):
                _sweep(self._folder)
                self._enter()

    def _enter(self) -> None:
        self._file = self._path.open("w", encoding="utf-8")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        atexit.register(self._leave, os.getpid())
        self._write()

    def begin(self) -> None:
        """Note that jobs are run from now on."""
        self._worker = self._worker.model_copy(update={"running": True})
        with contextlib.suppress(OSError, AttributeError):
            self._write()

    def _write(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(self._worker.model_dump_json())
        self._file.flush()

    def _leave(self, pid: int) -> None:
        if pid == os.getpid():  # a fork's end is not ours
            self._path.unlink(missing_ok=True)

    def others(self) -> list[Worker]:
        """Name who else is here, those first that run jobs."""
        found = []
        with contextlib.suppress(OSError), _alone(self._folder):
            for path in _entries(self._folder):
                with contextlib.suppress(ValidationError):
                    if path != self._path and _is_held(path):
                        found.append(Worker.model_validate_json(path.read_bytes()))
        return sorted(found, key=lambda worker: (not worker.running, worker.since))

    def refusal(self) -> str | None:
        """Say why no second campaign can be run here; None where nobody is known to be in the way."""
        for worker in self.others():
            since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(worker.since))
            return (
                f"loadstone: snakemake is at work in {self._folder.parent} (process {worker.pid}, since {since})"
                f": wait until it is done, or end it by Ctrl-C in its terminal or by kill {worker.pid}"
            )
        return None

    def explaining(self, otherwise: Callable[[], Exception]) -> Callable[[], Exception]:
        """Make what is raised where Snakemake's lock is taken: the end in one line, or `otherwise`."""

        def explain() -> Exception:
            sentence = self.refusal()
            if sentence is not None:
                sys.exit(sentence)
            return otherwise()

        return explain


def sweep(folder: Path) -> None:
    """Remove what Snakemake processes left in `folder` that were killed, unless another one is at work there."""
    with contextlib.suppress(OSError), _alone(folder):
        _sweep(folder)


def _sweep(folder: Path) -> None:
    """Remove entries of processes that have gone; where none is left, Snakemake's locks too."""
    for path in _entries(folder):
        if _is_held(path):
            return
        path.unlink(missing_ok=True)
    shutil.rmtree(folder / LOCKS, ignore_errors=True)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{PREFIX}*.json"))


def _is_held(path: Path) -> bool:
    """Tell whether the process lives that made an entry."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let nobody else enter or sweep during a block."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
