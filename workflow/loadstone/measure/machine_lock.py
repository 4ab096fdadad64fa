"""One measurement at a time per machine, whatever its campaign, folder or user.

The lock is a file, locked with flock(2), so it ends with the process that holds it, however that process ends. It is
removed when it is released in order; a file left behind locks nothing. Its content describes the holder to those who
wait. Any user can write it, so it is shown without control characters and never trusted.
"""

import contextlib
import fcntl
import os
import pwd
import re
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from loadstone.errors import MeasureError
from loadstone.measure.guard import remove_lock
from loadstone.measure.stop import StopRequest

NAME = "loadstone-measuring.lock"
VARIABLE = "LOADSTONE_LOCK_FOLDER"
"""Environment variable for the lock's folder."""
SHARED_FOLDERS = (Path("/run/lock"), Path("/tmp"))  # noqa: S108 - every user can write there; the file is opened with care
RETRY_S = 0.25
REMIND_S = 30.0
MAX_BYTES = 4096
"""Bytes of the file that are read."""


class Holder(BaseModel):
    """The measurement that holds the lock: the file's content."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    what: str
    """The run's label."""
    user: str
    pid: int
    folder: str
    since: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """The lock while this process holds it."""

    path: Path
    descriptor: int


@contextlib.contextmanager
def hold_machine_lock(what: str, stop: StopRequest, report: Callable[[str], object]) -> Iterator[HeldLock]:
    """Wait for the machine's lock and hold it during the block. While waiting, `report` which measurement holds it.

    `what` labels this measurement for others that wait. Raises `MeasureError` if the lock file cannot be used and
    `Interrupted` if a signal arrives while waiting.
    """
    path = lock_folder() / NAME
    began = time.monotonic()
    next_report_s = 0.0
    while (descriptor := _try_to_lock(path)) is None:
        stop.sleep(RETRY_S)
        waited_s = time.monotonic() - began
        if waited_s >= next_report_s:
            report(_describe_wait(path, waited_s))
            next_report_s = waited_s + REMIND_S
    try:
        _write_holder(descriptor, what)
        yield HeldLock(path, descriptor)
    finally:
        remove_lock(path, descriptor)
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class LockState:
    """What came of an attempt to hold the lock."""

    holder: str | None = None
    """The measurement that holds it, in words; None if it was free."""
    problem: str | None = None
    """Why it cannot be used, if so."""


@contextlib.contextmanager
def try_machine_lock(what: str) -> Iterator[LockState]:
    """Hold the machine's lock during the block if it is free; do not wait for it. `what` labels the holder."""
    path = lock_folder() / NAME
    try:
        descriptor = _try_to_lock(path)
    except MeasureError as error:
        yield LockState(problem=f"whether another measurement runs: {error}")
        return
    if descriptor is None:
        yield LockState(holder=_describe_held(path) or "another measurement")
        return
    try:
        _write_holder(descriptor, what)
        yield LockState()
    finally:
        remove_lock(path, descriptor)
        os.close(descriptor)


def lock_folder() -> Path:
    """Find the folder of the lock: one that all users of the machine share."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    for folder in SHARED_FOLDERS:
        with contextlib.suppress(OSError):
            if stat.S_IMODE(folder.stat().st_mode) & stat.S_IWOTH:
                return folder
    return Path(tempfile.gettempdir())


def _try_to_lock(path: Path) -> int | None:
    """Take the lock and return its descriptor; None while another process holds it.

    Raises `MeasureError` if the file cannot be used.
    """
    try:
        descriptor = _open(path)
    except OSError as error:
        raise MeasureError(
            f"{path}: cannot use this lock, which keeps measurements apart: {error.strerror}; "
            f"choose another folder with the environment variable {VARIABLE}"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.lstat()):
            return descriptor
    except OSError:  # another process holds it, or has just removed it
        pass
    os.close(descriptor)
    return None


def _open(path: Path) -> int:
    """Open the file, and create it if there is none; never through a link. Children don't inherit the descriptor."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)  # without O_CREAT, which fails on another user's file in a sticky folder
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT, 0o666)
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, 0o666)  # whatever the umask: other users must be able to lock it
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:  # writing through a hard link would change another file
        os.close(descriptor)
        raise OSError(0, "it is not a regular file, or it has several links")
    return descriptor


def _write_holder(descriptor: int, what: str) -> None:
    """Describe the holder in the file; if that fails, hold the lock without a description."""
    holder = Holder(what=what, user=_user_name(), pid=os.getpid(), folder=str(Path.cwd()), since=time.time())
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder.model_dump_json().encode(), 0)


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def _describe_wait(path: Path, waited_s: float) -> str:
    """State what the run waits for, and for how long so far."""
    so_far = f" ({waited_s:.0f} s so far)" if waited_s >= 1 else ""
    text = f"waiting for another measurement on this machine{so_far}"
    holder = _describe_held(path)
    return text if holder is None else f"{text}: {holder}"


def _describe_held(path: Path) -> str | None:
    """Read the lock's file and describe its holder; None if it does not."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return describe_holder(Holder.model_validate_json(file.read(MAX_BYTES)), time.time())
    except (OSError, ValidationError):
        return None


def describe_holder(holder: Holder, now: float) -> str:
    """Describe the measurement that holds the lock; control characters become `?`."""
    since = time.localtime(holder.since)
    today = time.strftime("%Y-%m-%d", since) == time.strftime("%Y-%m-%d", time.localtime(now))
    when = time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", since)
    text = f"{holder.what}, by {holder.user} (process {holder.pid}) in {holder.folder} since {when}"
    return re.sub(r"[^\x20-\x7e\xa1-\uffff]", "?", text)
