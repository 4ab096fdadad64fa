"""Everything that can go wrong in a way the user should read about, as one small tree.

LoadstoneError
├── SuiteError          the suite file, or a value given on the command line, can't be used
├── TableError          somebody's table of figures can't be used
├── MeasureError        a run broke
│   ├── ServerError     the system under test didn't start, died or answered nothing
│   ├── GeneratorError  Locust didn't start, lost a worker or stopped early
│   └── Interrupted     Ctrl-C, SIGTERM or SIGHUP reached the run
├── ResultError         a file under results/ can't be used
│   └── DamagedError    it is damaged, of another format, or not what its place says
├── SystemFault         the machine refuses: a full disk, no permission, no file or port left
└── GateError           what the suite, or --fail-on, names as not to happen has happened

`loadstone.__main__` prints them; nothing else does.
"""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from loadstone.text import printable


class LoadstoneError(Exception):
    """A failure that is explained in one line each; never shown as a traceback."""

    exit_code = 1

    @property
    def lines(self) -> list[str]:
        """What to print, a sentence a line."""
        return [printable(line) for line in str(self).split("\n") if line]


class SuiteError(LoadstoneError):
    """The suite, or an override of it, says something that can't be run."""

    exit_code = 2


class TableError(LoadstoneError):
    """A table of figures is missing, or holds something that can't be a figure."""

    exit_code = 2


class MeasureError(LoadstoneError):
    """A run broke; what it measured is not a result."""


class ServerError(MeasureError):
    """The system under test failed."""


class GeneratorError(MeasureError):
    """The load generator failed."""


class Interrupted(MeasureError):
    """Somebody stopped the run."""

    exit_code = 130


class ResultError(LoadstoneError):
    """A stored result can't be used."""


class DamagedError(ResultError):
    """Stored results are damaged, of another format, or not what their places say: they have to be made again."""

    def __init__(self, message: str, *paths: Path) -> None:
        super().__init__(message)
        self.paths = paths
        """The files, or the folders that hold them."""


class SystemFault(LoadstoneError):
    """The machine refuses what has to be done: neither the suite nor Loadstone is at fault."""

    @classmethod
    @contextlib.contextmanager
    def at(cls, place: object) -> Iterator[None]:
        """Tell by a `SystemFault` what the machine refuses in the block: of `place` where the error names no file."""
        try:
            yield
        except OSError as error:
            if error.errno not in _ADVICE:
                raise  # who knows what it means
            raise cls.of(error, error.filename or place) from None

    @classmethod
    def of(cls, error: OSError, place: object = None) -> Self:
        """Say in a sentence where it happened and what to do; `place` is for errors that name no file."""
        where = place or error.filename or "the machine"
        what = error.strerror or str(error).splitlines()[0]
        advice = _ADVICE.get(error.errno or 0)
        return cls(f"{where}: {what}" + f": {advice}" * bool(advice))


_FILES = "raise the limit on open files (ulimit -n), then run it again"
_ADVICE = {
    errno.ENOSPC: "the disk is full: make room, then run it again",
    errno.EDQUOT: "make room, then run it again",
    errno.EACCES: "see who may write there, or choose another folder",
    errno.EPERM: "see who may do that, or choose another folder",
    errno.EROFS: "choose another folder",
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EADDRNOTAVAIL: "no local port is free: wait a minute, or widen net.ipv4.ip_local_port_range",
    errno.EADDRINUSE: "stop what uses it, or choose another port",
    errno.EAGAIN: "the machine allows no more processes (ulimit -u)",
    errno.ENOMEM: "the machine has no memory left",
    errno.EIO: "the disk may be failing",
    errno.ENOENT: "",
    errno.ENOTDIR: "",
    errno.EISDIR: "",
    errno.ENAMETOOLONG: "",
}


class GateError(LoadstoneError):
    """A campaign, or a comparison of two, shows what was not to happen."""
