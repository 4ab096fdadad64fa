"""An experiment's server at one of two commits: the same words, in that commit's folder.

Both commits must differ in nothing else. What names a place outside the checkout would be the same for both, and is
refused where it is a file of the repository.
"""

import os
from pathlib import Path, PurePosixPath

from loadstone.errors import SuiteError
from loadstone.suite.foreign_servers import CommandServer
from loadstone.suite.repository import find_repository, is_in_commit
from loadstone.suite.settings import Settings
from loadstone.text import listed, short


def select_experiments(experiments: dict[str, Settings], only: list[str]) -> dict[str, Settings]:
    """Return the experiments to compare. Raises `SuiteError` for one that does not exist or cannot be compared."""
    if unknown := [name for name in only if name not in experiments]:
        raise SuiteError(f"--only: {short(unknown[0])} is not an experiment; allowed: {listed(experiments)}")
    selected = {name: settings for name, settings in experiments.items() if not only or name in only}
    others = [name for name, settings in selected.items() if not isinstance(settings.server, CommandServer)]
    if others:
        kind = selected[others[0]].server.kind
        raise SuiteError(
            f"{others[0]}: server.kind: {kind} is not allowed here; allowed: command, because a commit's server must "
            "be started from the commit's folder; choose such experiments with --only"
        )
    return selected


def server_at(settings: Settings, commit: str, base: Path) -> CommandServer:
    """Return an experiment's server as it starts from a commit's checkout; `base` is the suite's folder.

    If the suite names a commit itself, its `cwd` starts from the top of the repository already. Otherwise it starts
    from the suite's folder, whose counterpart in the checkout takes its place. Raises `SuiteError` if the command
    would run files of the working tree.
    """
    server = settings.server
    assert isinstance(server, CommandServer)  # noqa: S101 - see `select_experiments`
    top = find_repository(base).resolve()
    _refuse_working_tree(server, commit, base, top)
    folder = server.cwd or ""
    if server.commit is None:
        folder = os.path.normpath(PurePosixPath(base.resolve().relative_to(top).as_posix()) / folder)
    if PurePosixPath(folder).is_absolute() or PurePosixPath(folder).parts[:1] == ("..",):
        raise SuiteError(
            f"server.cwd: {short(server.cwd)} is outside the repository {top}, so it would be the same for both "
            "commits; allowed: a folder inside the repository"
        )
    return server.model_copy(update={"commit": commit, "cwd": None if folder in ("", ".") else folder})


def _refuse_working_tree(server: CommandServer, commit: str, base: Path, top: Path) -> None:
    words = [*server.argv, *(part for value in server.env.values() for part in value.split(os.pathsep))]
    for word in words:
        path = Path(word)
        if not path.is_absolute() or not path.is_relative_to(top):
            continue
        if is_in_commit(base, commit, path.relative_to(top).as_posix()):
            raise SuiteError(
                f"server: {short(word)} is in the working tree, so both commits would run the same file; "
                "allowed: a path relative to the checkout"
            )
