"""Write files so that each is whole or absent: first under a temporary name in the same folder, then by one rename."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to `path` to write to.

    It is renamed to `path` at the end of the block, and removed if the block fails. Temporary files left behind by
    killed processes are removed too. If `path` exists and is not a regular file, such as /dev/stdout, it is yielded
    itself.
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
    """Write a file, whole or not at all."""
    with replacing(path) as new:
        new.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write text as UTF-8, whole or not at all."""
    write_bytes(path, content.encode())


def _exists(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return True
