"""The command line within a test's own process, without the second or two that a process of its own takes to start."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from unittest import mock

from loadstone.__main__ import main
from tests.conftest import ROOT


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
