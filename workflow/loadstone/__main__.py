"""Entry point: run the command line and turn an expected failure into one line and an exit code."""

import sys
from typing import NoReturn

from loadstone.cli import app
from loadstone.errors import LoadstoneError, SystemFault


def main() -> None:
    """Run `loadstone`; this is the one place where Loadstone's errors are printed."""
    try:
        app()
    except LoadstoneError as error:
        _explain(error)
    except OSError as error:
        _explain(SystemFault.of(error))


def _explain(error: LoadstoneError) -> NoReturn:
    for line in error.lines:
        print(f"loadstone: {line}", file=sys.stderr)
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
