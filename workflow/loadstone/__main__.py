"""Entry point: run the command line and turn an expected failure into one line and an exit code."""

import sys

from loadstone.cli import app
from loadstone.errors import LoadstoneError, SystemFault


def main() -> None:
    """Run `loadstone`; this is the one place where Loadstone's errors are printed."""
    try:
        with SystemFault.at("this machine"):
            app()
    except LoadstoneError as error:
        for line in error.lines:
            print(f"loadstone: {line}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
