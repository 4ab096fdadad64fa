"""One measurement at a time on a machine, whatever campaign, folder or user it belongs to.

The lock is a file that is locked with flock(2), which ends with its holder, however that ends. It is removed when it is
given back in order; one that is left over locks nothing. What stands in it is only for those who wait, and was written
by anybody: it is shown, without control characters, and never trusted.
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
from loadstone.measure.guard import remove
from loadstone.measure.processes import StopRequest

NAME = "loadstone-measuring.lock"
VARIABLE = "LOADSTONE_LOCK_FOLDER"
"""Environment variable that names another folder to keep the lock in."""
SHARED_FOLDERS = (Path("/run/lock"), Path("/tmp"))  # noqa: S108 - where all users meet; the file is opened with care
RETRY_S = 0.25
REMIND_S = 30.0
MAX_BYTES = 4096


class Holder(BaseModel):
    """Who measures, as it stands in the file."""

    model_config = ConfigDict(frozen=True)

    what: str
    user: str
    pid: int
    folder: str
    since: float


@dataclass(frozen=True, slots=True)
class Held:
    """The lock, held: its file and the descriptor that holds it."""

    path: Path
    descriptor: int


@contextlib.contextmanager
def only_measurement(what: str, stop: StopRequest, say: Callable[[str], object]) -> Iterator[Held]:
    """Hold the machine's lock, once nobody else does; `say` what is waited for.

    Raises `MeasureError` where the lock can't be used, and `Interrupted` when stopped while waiting.
    """
    path = lock_folder() / NAME
    began = time.monotonic()
    due = 0.0
    while (descriptor := _try(path)) is None:
        stop.sleep(RETRY_S)
        waited_s = time.monotonic() - began
        if waited_s >= due:
            say(_waiting(path, waited_s))
            due = waited_s + REMIND_S
    try:
        _sign(descriptor, what)
        yield Held(path, descriptor)
    finally:
        remove(path, descriptor)
        os.close(descriptor)


def lock_folder() -> Path:
    """Find the folder that holds the lock: one that all users of the machine share."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    for folder in SHARED_FOLDERS:
        with contextlib.suppress(OSError):
            if stat.S_IMODE(folder.stat().st_mode) & stat.S_IWOTH:
                return folder
    return Path(tempfile.gettempdir())


def _try(path: Path) -> int | None:
    """Take the lock; None while somebody holds it. Raises `MeasureError` where it can't be used."""
    try:
        descriptor = _open(path)
    except OSError as error:
        raise MeasureError(
            f"{path}, the lock by which measurements exclude each other, can't be used: {error.strerror}; "
            f"the environment variable {VARIABLE} names another folder"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.lstat()):
            return descriptor
    except OSError:  # somebody holds it, or has just removed it
        pass
    os.close(descriptor)
    return None


def _open(path: Path) -> int:
    """Open the file, made where there is none; never through a link. Children don't inherit the descriptor."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)  # not to be made: that is refused for another user's file in a sticky folder
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT, 0o666)
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, 0o666)  # whatever the umask: other users have to be able to lock it
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:  # by a hard link we would overwrite some other file
        os.close(descriptor)
        raise OSError(0, "it is no file of its own")
    return descriptor


def _sign(descriptor: int, what: str) -> None:
    """Write down who holds it; without, where that can't be done."""
    holder = Holder(what=what, user=_user(), pid=os.getpid(), folder=str(Path.cwd()), since=time.time())
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder.model_dump_json().encode(), 0)


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def _waiting(path: Path, waited_s: float) -> str:
    """Say what is waited for, and how long already."""
    so_far = f" ({waited_s:.0f} s so far)" if waited_s >= 1 else ""
    text = f"waiting for another measurement on this machine{so_far}"
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            holder = Holder.model_validate_json(file.read(MAX_BYTES))
        return f"{text}: {described(holder, time.time())}"
    except (OSError, ValidationError):
        return text


def described(holder: Holder, now: float) -> str:
    """Say who measures."""
    since = time.localtime(holder.since)
    today = time.strftime("%Y-%m-%d", since) == time.strftime("%Y-%m-%d", time.localtime(now))
    when = time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", since)
    text = f"{holder.what}, by {holder.user} (process {holder.pid}) in {holder.folder} since {when}"
    return re.sub(r"[^\x20-\x7e\xa1-\uffff]", "?", text)
