"""Everything that can go wrong in a way the user should read about, as one small tree.

LoadstoneError
├── SuiteError          the suite file, or a value given on the command line, can't be used
├── TableError          somebody's table of figures can't be used
├── MeasureError        a run broke
│   ├── ServerError     the system under test didn't start, died or answered nothing
│   ├── GeneratorError  Locust didn't start, lost a worker or stopped early
│   └── Interrupted     Ctrl-C, SIGTERM or SIGHUP reached the run
├── ResultError         a file under results/ is missing, damaged or of another format
└── GateError           what the suite, or --fail-on, names as not to happen has happened

`loadstone.__main__` prints them; nothing else does.
"""

from loadstone.telling import printable


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
    """A stored result can't be read."""


class GateError(LoadstoneError):
    """A campaign, or a comparison of two, shows what was not to happen."""
