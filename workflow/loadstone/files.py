"""Write files so that each is whole or absent: under another name in the same folder first, then by one rename."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to: it becomes `path` when the block is over, and goes where that breaks.

    What a killed process left of an earlier attempt goes too. What is no ordinary file, such as /dev/stdout, is written
    to directly.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    for old in path.parent.glob(f".{path.name}.*.new"):
        if not _exists(old.suffixes[-2].removeprefix(".")):
            old.unlink(missing_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        yield new
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file."""
    with replacing(path) as new:
        new.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write a text, as UTF-8."""
    write_bytes(path, content.encode())


def _exists(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return True
