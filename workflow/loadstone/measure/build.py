"""Check a commit out into a folder of the campaign, and build it there: once, before the first run that needs it.

The folder is a worktree of the suite's repository, so that the commit's files are there without a second copy of the
repository. A marker file next to it is written last. A folder without a marker is the rest of an earlier attempt, and
is made again. The machine's lock is held, because a build would disturb a measurement.
"""

import contextlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from loadstone.errors import ServerError, SystemFault
from loadstone.files import write_bytes
from loadstone.measure.checkout import checkout_folder_of, marker_of
from loadstone.measure.guard import Guard
from loadstone.measure.machine_lock import hold_machine_lock
from loadstone.measure.processes import Child
from loadstone.measure.stop import StopRequest
from loadstone.measure.target.command import search_path
from loadstone.plan.checkouts import Checkout
from loadstone.results.json_file import to_json
from loadstone.suite.repository import LOCAL_VARIABLES, find_repository

POLL_S = 0.05
REMOVAL_DEADLINE_S = 60.0
GIT = ("env", *(word for name in LOCAL_VARIABLES for word in ("-u", name)), "git", "-c", "core.hooksPath=/dev/null")
"""Git without the variables by which a hook names its own repository, and without hooks: they expect a person's own
working tree."""


def build_checkout(checkout: Checkout, base: Path, builds: Path, log: Path) -> None:
    """Check out and build a commit of the repository that holds the folder `base`, as `builds`/<name>.

    Output goes to `log`. Raises `ServerError` if the build fails, `Interrupted` if a signal arrives. The repository has
    then no entry of the worktree left.
    """
    repository = find_repository(base)
    label = f"build of commit {checkout.commit[:12]}"
    with SystemFault.at(builds):
        builds.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("", encoding="utf-8")
    marker, folder = marker_of(builds, checkout), checkout_folder_of(builds, checkout).absolute()
    with (
        StopRequest(label) as stop,
        hold_machine_lock(label, stop, lambda text: print(f"{label}: {text}", file=sys.stderr)) as lock,
        Guard(builds / f".{checkout.name}.guarded", lock.path, lock.descriptor) as guard,
    ):
        worktree = _Worktree(repository, folder, log, guard, stop)
        marker.unlink(missing_ok=True)
        try:
            worktree.remove()
            add = ("worktree", "add", "--force", "--force", "--detach", str(folder), checkout.commit)
            worktree.carry_out("git worktree add", (*GIT, "-C", str(repository), *add), repository)
            if checkout.build:
                worktree.carry_out(f"{label} ({shlex.join(checkout.build)})", checkout.build, folder)
        except BaseException:
            worktree.remove()
            raise
        write_bytes(marker, to_json(checkout))


class _Worktree:
    """A worktree while it is made."""

    def __init__(self, repository: Path, folder: Path, log: Path, guard: Guard, stop: StopRequest) -> None:
        self._repository = repository
        self._folder = folder
        self._log = log
        self._guard = guard
        self._stop = stop

    def carry_out(self, what: str, argv: Sequence[str], folder: Path) -> None:
        """Carry out a command with its output in the log. Raises `ServerError` if it fails."""
        try:
            child = Child(argv, self._log, self._guard, {"PATH": search_path()}, folder, adopts=True)
        except OSError as error:
            raise ServerError(f"{what} cannot start: {argv[0]}: {error.strerror}; log: {self._log}") from None
        try:
            while child.exit_code is None:
                self._stop.sleep(POLL_S)
        finally:
            code = child.join(0)  # what it left running ends too
        if code:
            words = child.last_words()
            said = "it printed nothing" if words.startswith("$ ") else words  # the line with the command itself
            raise ServerError(f"{what} failed with exit code {code}: {said}; log: {self._log}")

    def remove(self) -> None:
        """Remove the folder, and the repository's entry of it, if there are any."""
        command = [*GIT, "-C", str(self._repository), "worktree", "remove", "--force", "--force", str(self._folder)]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            # in a session of its own, which Ctrl-C does not reach; it fails where there is no entry
            subprocess.run(
                command, capture_output=True, start_new_session=True, timeout=REMOVAL_DEADLINE_S, check=False
            )
        shutil.rmtree(self._folder, ignore_errors=True)
