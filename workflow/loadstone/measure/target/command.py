"""A system under test that a command in the suite starts."""

import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from loadstone.errors import ServerError
from loadstone.measure.checkout import checkout_folder
from loadstone.measure.ports import free_port, refuse_listener
from loadstone.measure.processes import Child
from loadstone.measure.stop import wait_until
from loadstone.measure.target.external import ForeignTarget
from loadstone.measure.target.ready import ReadyCheck, ready_sign
from loadstone.measure.workspace import Workspace
from loadstone.suite.foreign_servers import PLACEHOLDERS, CommandServer
from loadstone.suite.load_settings import Load

READY_DEADLINE_S = 60.0
STOP_PATIENCE_S = 15.0
REFRESH_S = 1.0
"""Seconds after which the list of the server's processes is read again."""
SETTLE_S, SETTLE_DEADLINE_S = 0.1, 1.0
"""Seconds for which the processes that a command leaves behind have to stay the same, and how long to wait for that."""
BAD_STATUS = 400
"""A path's status from which on a server that is starting is not ready."""
USER_PATH = "LOADSTONE_USER_PATH"
"""Environment variable with the search path of the user who started the campaign; the workflow's own begins with the
programs of Loadstone's environment."""


class CommandTarget(ForeignTarget):
    """The process that the command started, and that process's descendants."""

    def __init__(self, config: CommandServer, load: Load, workspace: Workspace) -> None:
        port = config.port or free_port(config.host)
        super().__init__(config, load, workspace.stop, fill_in(config.url, config, port))
        self.local_port = port
        refuse_listener(config.host, port)
        folder = server_folder(config, checkout_folder(workspace, config))
        argv = [fill_in(word, config, port) for word in config.argv]
        environment = server_environment(config, port)
        log = workspace.logs / "server.log"
        if problem := find_problem(config, folder):
            raise ServerError(problem)
        try:
            self._process = Child(argv, log, workspace.guard, environment, folder, adopts=True)
        except OSError as error:
            raise ServerError(f"server.argv: cannot start {argv[0]}: {error.strerror}") from None
        self._stop_signal = signal.Signals[config.stop]
        self._is_answering = ReadyCheck(
            self.url, ready_sign(config.ready, load), BAD_STATUS, verify=config.verify, log=log
        )
        self._pids: list[int] = []
        self._refreshed = -REFRESH_S

    @property
    def command(self) -> list[str]:
        """The command line that started it."""
        return self._process.shown

    def wait_ready(self) -> float:
        """Wait for the sign of `server.ready`; return that moment. Raises `ServerError`."""
        if not wait_until(self._is_ready, READY_DEADLINE_S, self._stop):
            raise ServerError(
                f"the server at {self.url} was not ready within {READY_DEADLINE_S:g} s: {self._is_answering.problem}; "
                "server.ready states what shows that it is"
            )
        return time.time()

    def _is_ready(self) -> bool:
        self.check_alive()
        self.processes()  # the guard learns of those that leave while it starts
        return self._is_answering()

    def check_alive(self) -> None:
        """Raise `ServerError` if the started process has ended."""
        code = self._process.exit_code
        if code is None:
            return
        if code == 0 and (left := self._list_left()):
            raise ServerError(_in_background(left))
        raise ServerError(f"the server ended with exit code {code}: {self._process.last_words()}")

    def _list_left(self) -> list[int]:
        """List what the command has left behind, once that no longer changes: forks on the way end at once."""
        former: list[int] | None = None
        deadline = time.monotonic() + SETTLE_DEADLINE_S
        while (left := self._process.family()) != former and time.monotonic() < deadline:
            former = left
            self._stop.sleep(SETTLE_S)
        return left

    def processes(self) -> list[tuple[str, int]]:
        """List its processes, at most a second old. All count as workers, since their roles are unknown."""
        if (now := time.monotonic()) >= self._refreshed + REFRESH_S:
            self._pids, self._refreshed = self._process.family(), now
        return [("server-worker", pid) for pid in self._pids]

    def ask_to_stop(self) -> None:
        """Send the signal that stops it, once."""
        self._process.ask_to_stop(self._stop_signal)

    def stop(self) -> int:
        """Stop it in order; return its exit code."""
        self.ask_to_stop()
        return self._process.join(STOP_PATIENCE_S)

    def kill(self) -> None:
        """End it at once."""
        self._process.join(0)


def fill_in(text: str, config: CommandServer, port: int) -> str:
    """Replace `{port}`, `{workers}` and `{threads}` by their values; any other brace stays."""
    values = {"port": port, "workers": config.workers, "threads": config.threads}
    return re.sub(rf"\{{({'|'.join(PLACEHOLDERS)})\}}", lambda name: str(values[name[1]]), text)


def server_folder(config: CommandServer, base: Path) -> Path:
    """Return the folder in which the command runs; relative ones start from `base`."""
    return base / (config.cwd or "")


def server_environment(config: CommandServer, port: int) -> dict[str, str]:
    """Return the variables that the command gets besides those of this process."""
    own = {name: fill_in(value, config, port) for name, value in config.env.items()}
    return {"PATH": search_path(), **own}


def search_path(environment: Mapping[str, str] = os.environ) -> str:
    """Return the user's search path, followed by the programs of Loadstone's environment."""
    given = environment.get(USER_PATH) or environment.get("PATH", os.defpath)
    return os.pathsep.join([given, str(Path(sys.executable).parent)])


def find_problem(config: CommandServer, folder: Path) -> str | None:
    """Explain why the command cannot be started in `folder`; None if nothing is known against it."""
    if not folder.is_dir():
        return f"server.cwd: {folder} is not a folder"
    program = config.argv[0]
    given = folder / program if "/" in program else program
    path = config.env.get("PATH", search_path())
    if any("{" + name + "}" in program for name in PLACEHOLDERS) or shutil.which(given, path=path):
        return None
    if "/" not in program:
        return f"server.argv: cannot start {program}: no such program on the search path (PATH)"
    reason = "no such file" if not Path(given).is_file() else "it may not be executed (chmod +x)"
    return f"server.argv: cannot start {program}: {reason}"


def _in_background(left: list[int]) -> str:
    names = dict.fromkeys(name for name in map(_name, left) if name)
    processes = f"{len(left)} process{'es' if len(left) > 1 else ''}"
    return (
        f"the command ended and left {processes} in the background ({', '.join(names) or 'unknown'}): "
        "start the server in the foreground, for example without --daemon"
    )


def _name(pid: int) -> str | None:
    """Name a process by its program; for an interpreter, by the module or script that it runs."""
    try:
        words = psutil.Process(pid).cmdline()
    except psutil.Error:
        return None
    program = Path(re.split("[: ]", words[0])[0]).name if words else ""
    if not re.fullmatch(r"python[0-9.]*", program) or "-c" in words:
        return program
    if "-m" in words[1:-1]:
        return words[words.index("-m") + 1]
    scripts = [word for word in words[1:] if not word.startswith("-")]
    return Path(scripts[0]).name if scripts else program
