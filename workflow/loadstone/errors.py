"""Every failure that is explained to the user, as one small tree.

LoadstoneError
├── SuiteError          the suite file, or a value given on the command line, cannot be used
├── TableError          a table of figures cannot be used
├── MeasureError        a run broke
│   ├── ServerError     the system under test did not start, died or answered nothing
│   ├── GeneratorError  Locust did not start, lost a worker or stopped early
│   └── Interrupted     Ctrl-C, SIGTERM or SIGHUP reached the run
├── ComparisonError     two commits could not be compared: a build, a run or the repository failed
├── ResultError         a file under results/ cannot be used
│   └── DamagedError    it is damaged, of another format, or not what its path says
├── SystemFault         the machine refuses: a full disk, no permission, no file or port left
├── GateError           a gate of the suite is refuted, or --fail-on found something
└── UndecidedError      the same, but the machine was busy and could be the reason

`loadstone.__main__` prints them; nothing else does.
"""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from loadstone.text import printable


class LoadstoneError(Exception):
    """A failure that is explained in lines; never shown as a traceback."""

    exit_code = 1

    @property
    def lines(self) -> list[str]:
        """What to print, one sentence per line."""
        return [printable(line) for line in str(self).split("\n") if line]


class SuiteError(LoadstoneError):
    """The suite, an override of it or another value on the command line cannot be used."""

    exit_code = 2


class TableError(LoadstoneError):
    """A table of figures is missing, or contains something that is not a figure."""

    exit_code = 2


class MeasureError(LoadstoneError):
    """A run broke; what it measured is not a result."""


class ServerError(MeasureError):
    """The system under test failed."""


class GeneratorError(MeasureError):
    """The load generator failed."""


class Interrupted(MeasureError):
    """A signal stopped the run."""

    exit_code = 130


class ComparisonError(LoadstoneError):
    """Two commits could not be compared; which of them is slower is unknown."""

    exit_code = 2


class ResultError(LoadstoneError):
    """A stored result cannot be used."""


class DamagedError(ResultError):
    """Stored results are damaged, of another format, or not what their paths say: they must be made again."""

    def __init__(self, message: str, *paths: Path) -> None:
        super().__init__(message)
        self.paths = paths
        """The damaged files, or the folders that contain them."""


class SystemFault(LoadstoneError):
    """The machine refuses what must be done; neither the suite nor Loadstone is the cause."""

    @classmethod
    @contextlib.contextmanager
    def at(cls, place: object) -> Iterator[None]:
        """Turn what the machine refuses in the block into a `SystemFault`, about `place` if the error names no file."""
        try:
            yield
        except OSError as error:
            if error.errno not in _ADVICE:
                raise  # not known to come from the machine
            raise cls.of(error, error.filename or place) from None

    @classmethod
    def of(cls, error: OSError, place: object = None) -> Self:
        """Describe in a sentence where it happened and what to do; `place` is for errors that name no file."""
        where = place or error.filename or "the machine"
        what = error.strerror or str(error).splitlines()[0]
        advice = _ADVICE.get(error.errno or 0)
        return cls(f"{where}: {what}" + f": {advice}" * bool(advice))


_FILES = "raise the limit on open files (ulimit -n), then run it again"
_ADVICE = {
    errno.ENOSPC: "the disk is full: make room, then run it again",
    errno.EDQUOT: "make room, then run it again",
    errno.EACCES: "check who may write there, or choose another folder",
    errno.EPERM: "check who may do that, or choose another folder",
    errno.EROFS: "choose another folder",
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EADDRNOTAVAIL: "no local port is free: wait a minute, or widen net.ipv4.ip_local_port_range",
    errno.EADDRINUSE: "stop the process that uses it, or choose another port",
    errno.EAGAIN: "the machine allows no more processes (ulimit -u)",
    errno.ENOMEM: "the machine has no memory left",
    errno.EIO: "the disk may be failing",
    errno.ENOENT: "",
    errno.ENOTDIR: "",
    errno.EISDIR: "",
    errno.ENAMETOOLONG: "",
}


class GateError(LoadstoneError):
    """A campaign refutes a gate, or a comparison shows a change that `--fail-on` names."""


class UndecidedError(LoadstoneError):
    """Something failed by its figures, and a busy machine could be the reason: it must be measured again."""

    exit_code = 2
