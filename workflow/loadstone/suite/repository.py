"""The git repository that holds a suite's file: which commit a name stands for, and what that commit contains.

A name such as a branch moves, so `load_suite` replaces it by the full hash before anything depends on it. Reading the
repository is a side effect of loading a suite, like reading its files; nothing here changes the repository.
"""

import os
import re
import subprocess
from pathlib import Path

from loadstone.errors import SuiteError
from loadstone.text import printable, short

DEADLINE_S = 30.0

LOCAL_VARIABLES = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
)
"""Environment variables by which a hook of git names its own repository. They must not lead to another than asked."""

FULL_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def resolve_commit(folder: Path, name: str) -> str:
    """Return the full hash of a commit, branch or tag in the repository that holds `folder`.

    Raises `SuiteError` if there is no git, no repository or no such commit.
    """
    repository = find_repository(folder)
    answer = None if "\0" in name else _ask(folder, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    found = answer.stdout.strip() if answer is not None and answer.returncode == 0 else ""
    if not FULL_HASH.fullmatch(found):
        raise SuiteError(
            f"{short(name)} is not a commit of the repository {repository}; allowed: a commit, branch or tag that "
            "`git rev-parse` knows there; fetch it first if it is new"
        )
    return found


def find_repository(folder: Path) -> Path:
    """Return the working tree that holds `folder`. Raises `SuiteError` if there is no git or no repository."""
    answer = _ask(folder, "rev-parse", "--show-toplevel")
    if answer.returncode or not answer.stdout.strip():
        reason = printable(" ".join(answer.stderr.split())).removeprefix("fatal: ") or "it has no working tree"
        raise SuiteError(f"{folder.absolute()} is not in a git repository that can be read: {reason}")
    return Path(answer.stdout.removesuffix("\n"))


def is_in_commit(folder: Path, commit: str, path: str) -> bool:
    """Whether the commit contains a file or folder; `path` starts from the top of the repository."""
    return _ask(folder, "cat-file", "-e", "--end-of-options", f"{commit}:{path}").returncode == 0


def _ask(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in LOCAL_VARIABLES}
    try:
        return subprocess.run(
            ["git", "-C", str(folder.absolute()), *arguments],  # noqa: S607 - the one on the user's path
            env=environment | {"LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DEADLINE_S,
            check=False,
        )
    except FileNotFoundError:
        raise SuiteError("git is not installed, or not on the PATH; commits as servers need it") from None
    except subprocess.TimeoutExpired:
        raise SuiteError(f"git did not answer within {DEADLINE_S:g} s") from None
