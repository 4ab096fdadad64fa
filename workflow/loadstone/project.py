"""Where the project's files are: the Snakefile, the rules, the server, the load and the suites.

In a checkout, the library lies in the project (`workflow/loadstone/`). In an installed wheel, the project lies in the
library (`loadstone/project_files/`), with the same relative paths.
"""

from pathlib import Path

LIBRARY = Path(__file__).resolve().parent
"""The package's folder."""

_SHIPPED = LIBRARY / "project_files"
INSTALLED = _SHIPPED.is_dir()
"""Whether this is an installed wheel; otherwise it is a checkout."""

PROJECT = _SHIPPED if INSTALLED else LIBRARY.parents[1]
"""The folder that holds the Snakefile, `server/` and `locustfiles/`."""


def find_library(project: Path) -> Path:
    """Find the library that belongs to a project's folder: in a checkout below it, in a wheel above it."""
    below = project / "workflow" / "loadstone"
    return below if below.is_dir() else project.parent
