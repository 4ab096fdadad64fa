"""What is made once for all processes that test at a time, although each has fixtures of its own."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

MADE = ".made"
"""A file next to what is whole."""
MOST_ATTEMPTS = 3


def make_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that `make` has filled: by the first process that asks, while the others wait.

    What it holds must not be changed. If `make` fails, the next process tries again, in an empty folder.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for attempt in range(1, MOST_ATTEMPTS + 1):
            folder, made = shared / f"{name}-{attempt}", shared / f"{name}-{attempt}{MADE}"
            if made.exists():
                return folder
            if not folder.exists():
                folder.mkdir()
                make(folder)
                made.touch()
                return folder
    raise AssertionError(f"{name} failed {MOST_ATTEMPTS} times")
