"""End with the parent: a process beside the server must not outlive the trial, even if that is killed."""

import os

PARENT_POLL_S = 0.5


def parent_of() -> int:
    """Return the id of this process's parent."""
    return os.getppid()


def has_parent(parent: int) -> bool:
    """Whether that is still the parent."""
    return os.getppid() == parent
