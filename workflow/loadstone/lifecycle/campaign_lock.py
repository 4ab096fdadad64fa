"""Which Snakemake processes work in a campaign's folder: each holds a locked file in its `.snakemake/`.

Snakemake's own locks are files that do not name their process. After a SIGKILL or a loss of power they stay, and stop
every later campaign. A lock on an open file ends with its process, however the process ends. So it shows whether a
process is left to which Snakemake's locks could belong; if there is none, they are removed.
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
"""How the names of entries begin."""
SNAKEMAKE_LOCKS = "locks"
"""Folder in `.snakemake/` in which Snakemake keeps its own locks."""


class SnakemakeProcess(BaseModel):
    """A Snakemake process, as its entry describes it."""

    model_config = ConfigDict(frozen=True)

    pid: int
    since: float
    """Start, Unix seconds."""
    running: bool
    """Whether it has begun to run jobs; until then it may be a dry run."""


class CampaignEntry:
    """This process's entry in the campaign's folder, removed on exit."""

    def __init__(self, folder: Path) -> None:
        """Write the entry to `folder`, which is `.snakemake/`, and remove what ended processes left there.

        If the folder is not writable, carry on without an entry.
        """
        self._folder = folder.absolute()
        self._process = SnakemakeProcess(pid=os.getpid(), since=time.time(), running=False)
        self._path = self._folder / f"{PREFIX}{os.getpid()}.json"
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with _locked(self._folder):
                _remove_leftovers(self._folder)
                self._create()

    def _create(self) -> None:
        self._file = self._path.open("w", encoding="utf-8")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        atexit.register(self._remove, os.getpid())
        self._write()

    def mark_running(self) -> None:
        """Record that this process runs jobs from now on."""
        self._process = self._process.model_copy(update={"running": True})
        with contextlib.suppress(OSError, AttributeError):
            self._write()

    def _write(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(self._process.model_dump_json())
        self._file.flush()

    def _remove(self, pid: int) -> None:
        if pid == os.getpid():  # a forked child that ends leaves its parent's entry
            self._path.unlink(missing_ok=True)

    def list_others(self) -> list[SnakemakeProcess]:
        """List the other processes with an entry here, those that run jobs first."""
        return _list_processes(self._folder, self._path)

    def describe_conflict(self) -> str | None:
        """Describe in one line which other process runs here, and what to do; None if none is known."""
        for process in self.list_others():
            return f"loadstone: {_describe(process, self._folder)}"
        return None

    def wrap_lock_exception(self, make_exception: Callable[[], Exception]) -> Callable[[], Exception]:
        """Wrap what Snakemake raises if its lock is taken: exit with the conflict, or raise as before."""

        def exit_or_make() -> Exception:
            conflict = self.describe_conflict()
            if conflict is not None:
                sys.exit(conflict)
            return make_exception()

        return exit_or_make


def describe_running(folder: Path) -> str | None:
    """Describe in one line which Snakemake runs jobs in the campaign of `folder`, which is `.snakemake/`."""
    process = find_running(folder)
    return _describe(process, folder.absolute()) if process else None


def find_running(folder: Path) -> SnakemakeProcess | None:
    """Find the Snakemake that runs jobs in the campaign of `folder`, which is `.snakemake/`; None if none is known."""
    return next((process for process in _list_processes(folder.absolute()) if process.running), None)


def _list_processes(folder: Path, own: Path | None = None) -> list[SnakemakeProcess]:
    """List the processes with an entry in `folder` other than `own`, those that run jobs first."""
    others = []
    with contextlib.suppress(OSError), _locked(folder):
        for path in _list_entries(folder):
            with contextlib.suppress(ValidationError):
                if path != own and _is_held(path):
                    others.append(SnakemakeProcess.model_validate_json(path.read_bytes()))
    return sorted(others, key=lambda process: (not process.running, process.since))


def _describe(process: SnakemakeProcess, folder: Path) -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.since))
    return (
        f"snakemake is already running in {folder.parent} (process {process.pid}, since {since}): "
        f"wait until it ends, or stop it with Ctrl-C in its terminal or with kill {process.pid}"
    )


def remove_leftovers(folder: Path) -> None:
    """Remove what killed Snakemake processes left in `folder`, unless another process works there."""
    with contextlib.suppress(OSError), _locked(folder):
        _remove_leftovers(folder)


def _remove_leftovers(folder: Path) -> None:
    """Remove the entries of ended processes; if no process is left, remove Snakemake's locks too."""
    for path in _list_entries(folder):
        if _is_held(path):
            return
        path.unlink(missing_ok=True)
    shutil.rmtree(folder / SNAKEMAKE_LOCKS, ignore_errors=True)


def _list_entries(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{PREFIX}*.json"))


def _is_held(path: Path) -> bool:
    """Check whether the process of an entry is alive."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from changing entries during a block."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
