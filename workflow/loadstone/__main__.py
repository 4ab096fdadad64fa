"""Entry point: run the command line and turn an expected failure into one line and an exit code."""

import contextlib
import sys

from loadstone.errors import Interrupted, LoadstoneError, SystemFault
from loadstone.lifecycle.shutdown import Stopped, heed_workflow


def main() -> None:
    """Run `loadstone`; this is the one place where Loadstone's errors are printed."""
    try:
        heed_workflow()
        from loadstone.cli.app import app

        with SystemFault.at("this machine"):
            app()
    except LoadstoneError as error:
        _end(error.lines, error.exit_code)
    except Stopped as stopped:
        _end([str(stopped)], Interrupted.exit_code)


def _end(lines: list[str], code: int) -> None:
    with contextlib.suppress(OSError):  # the terminal may have gone
        for line in lines:
            print(f"loadstone: {line}", file=sys.stderr, flush=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
