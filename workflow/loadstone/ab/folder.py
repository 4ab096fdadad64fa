"""The folder of a comparison: one comparison at a time, and nothing else in it.

The folder itself is locked with flock(2), so the lock leaves no file and ends with its process, however that ends.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from loadstone.errors import SuiteError

OWN_NAMES = frozenset({"A", "B", "builds", "logs", "failed", "noise.json", "ab.json"})
"""What the folder of a comparison holds."""


@contextlib.contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Make the folder if it is missing, keep other comparisons out during a block, and remove an earlier one's runs.

    Raises `SuiteError` if another comparison is at work there, or if the folder holds anything else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)  # child processes do not inherit it
    try:
        _lock(descriptor, folder)
        _empty(folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SuiteError(
            f"--results: another `loadstone ab` is at work in {folder}; wait until it ends, or choose another folder"
        ) from None


def _empty(folder: Path) -> None:
    if foreign := {path.name for path in folder.iterdir()} - OWN_NAMES:
        raise SuiteError(
            f"--results: {folder} holds {min(foreign)}, which is not of an earlier comparison; "
            "allowed: a new folder, or one of `loadstone ab`"
        )
    for name in ("ab.json", "noise.json"):
        (folder / name).unlink(missing_ok=True)
    for name in ("A", "B", "failed"):
        shutil.rmtree(folder / name, ignore_errors=True)
