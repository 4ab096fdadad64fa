"""Entry point: run the command line and turn each expected failure into one line and an exit code."""

import contextlib
import sys
from typing import TYPE_CHECKING, cast

from loadstone.errors import Interrupted, LoadstoneError, SuiteError, SystemFault
from loadstone.lifecycle.shutdown import StageStopped, end_with_workflow

if TYPE_CHECKING:
    import typer


def main() -> None:
    """Run `loadstone`. This is the only place that prints Loadstone's errors."""
    try:
        end_with_workflow()
        _run_command()
    except LoadstoneError as error:
        _end(error.lines, error.exit_code)
    except StageStopped as stopped:
        _end([str(stopped)], Interrupted.exit_code)


def _run_command() -> None:
    """Run the command that the command line names. Raises `SuiteError` if the command line is wrong."""
    import typer

    from loadstone.cli.app import app

    # Typer exports only one of the mistakes that a command line can have; this is the class of all of them
    usage_error = cast("type[typer.BadParameter]", typer.BadParameter.__bases__[0])
    try:
        with SystemFault.at("this machine"):
            code = app(prog_name="loadstone", standalone_mode=False)
    except usage_error as error:
        raise SuiteError(_describe(error)) from None
    if code:
        sys.exit(code)


def _describe(error: "typer.BadParameter") -> str:
    """Describe a mistake in the command line in one line, and name the help that lists what is allowed."""
    message = " ".join(error.format_message().split()).rstrip(".")
    command = error.ctx.command_path if error.ctx else "loadstone"
    return f"{message}; see {command} --help"


def _end(lines: list[str], code: int) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        for line in lines:
            print(f"loadstone: {line}", file=sys.stderr, flush=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
