"""Loadstone's commands within the test's own process, without the second or two that a new process takes to start."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from unittest import mock

from typer.testing import CliRunner

from loadstone.__main__ import main
from loadstone.cli.app import app
from tests.conftest import ROOT


def run_command(*arguments: object, **options: object) -> str:
    """Run a command that must succeed, and return its output. Exceptions pass through, Loadstone's own included."""
    given = [*map(str, arguments), *(f"--{option}={value}" for option, value in options.items())]
    answer = CliRunner().invoke(app, given, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def loadstone(*arguments: object, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Run `loadstone` with some arguments, in a folder; an exception that would be a traceback passes through."""
    argv = ["loadstone", *map(str, arguments)]
    output, errors = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(cwd))
        stack.enter_context(contextlib.redirect_stdout(output))
        stack.enter_context(contextlib.redirect_stderr(errors))
        stack.enter_context(mock.patch.object(sys, "argv", argv))
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    assert isinstance(code, int)
    return subprocess.CompletedProcess(argv, code, output.getvalue(), errors.getvalue())
