"""The command lines and the environment of Locust's processes, for each kind of load. Nothing is started here."""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from loadstone.errors import GeneratorError
from loadstone.measure import SOURCE_ROOT
from loadstone.measure.ports import LOOPBACK
from loadstone.plan.schedule import Run
from loadstone.suite.declared_requests import prepare_requests
from loadstone.suite.load_settings import Load
from loadstone.suite.locust_options import VARIABLE
from loadstone.suite.settings import DEFAULT_KIND
from loadstone.suite.types import Exponential

INSTRUMENT = Path(__file__).resolve().parents[1] / "instrument" / "loadstone_instrument.py"
ALBUMS, DECLARED = Path("locustfiles", "albums.py"), Path("locustfiles", "declared.py")
ALBUM_CLASSES = {"HttpUser": "AlbumHttpUser", "FastHttpUser": "AlbumFastHttpUser"}
DECLARED_CLASSES = {"HttpUser": "DeclaredHttpUser", "FastHttpUser": "DeclaredFastHttpUser"}

_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that make python-requests check certificates all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocustCommand:
    """How Locust's processes are started for one run."""

    run: Run
    url: str
    """Base URL of the server under test."""
    base: Path
    """The suite's folder."""
    port: int
    """On which the master listens for its workers."""
    id_prefix: str
    """Beginning of the ids of posted albums."""
    safe_path: bool = True
    """Whether Python is new enough to leave the current folder to Locust, which puts it on the path by itself."""

    @property
    def folder(self) -> Path:
        """Folder in which Locust runs."""
        load = self.run.load
        if load.locustfile is None:
            return SOURCE_ROOT
        folder = self.base / (load.folder or ".")
        if not folder.is_dir():
            raise GeneratorError(f"load.folder: {folder}: no such folder")
        return folder

    @property
    def python(self) -> str:
        """Interpreter that runs Locust."""
        python = self.run.load.python
        if python is None:
            return sys.executable
        return str(self.base / python) if "/" in python else python

    @property
    def own_files(self) -> list[Path]:
        """The locustfiles of the user, as absolute paths."""
        names = self.run.load.locustfile or ()  # symlinks stay: Locust looks for siblings where the path says
        return [Path(os.path.abspath(self.base / name)) for name in names]  # noqa: PTH100 - see above

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the whole environment of Locust's processes. Variables that would configure Locust are left out.

        Raises `GeneratorError` if a file of variables cannot be read.
        """
        load, server = self.run.load, self.run.server
        environment = {name: value for name, value in inherited.items() if not name.startswith("LOCUST_")}
        for name in load.env_from or ():
            environment |= read_variables(self.base / name)
        environment |= load.env
        if not getattr(server, "verify", True):
            environment["PYTHONWARNINGS"] = "ignore:Unverified HTTPS request"
            environment = {name: value for name, value in environment.items() if name not in CERTIFICATE_VARIABLES}
        return environment

    def worker(self, records: Path) -> list[str]:
        """Write the command line of a worker that records to `records`."""
        command = [*self._common(), "--worker", "--master-host", LOOPBACK, "--master-port", str(self.port)]
        command += ["--loadstone-insecure"] if not getattr(self.run.server, "verify", True) else []
        return [*command, *self._recording(records)]

    def master(self, csv_prefix: Path, timeline: Path, records: Path, go_ahead: Path) -> list[str]:
        """Write the command line of the master, which notes events in `timeline` and its own requests in `records`.

        Users start once the file `go_ahead` exists.
        """
        run = self.run
        command = [*self._common(), "--headless", "--master"]
        command += ["--master-bind-host", LOOPBACK, "--master-bind-port", str(self.port)]
        command += ["--users", str(run.load.users), "--spawn-rate", f"{run.load.spawn_rate:g}", "--only-summary"]
        command += ["--csv", str(csv_prefix.absolute())]
        command += ["--loadstone-warm-up", f"{run.warm_up:g}", "--loadstone-window", f"{run.duration:g}"]
        command += ["--loadstone-timeline", str(timeline.absolute()), "--loadstone-go-ahead", str(go_ahead.absolute())]
        return [*command, *self._recording(records)]

    def _recording(self, records: Path) -> list[str]:
        load = self.run.load
        command = ["--loadstone-records", str(records.absolute())]
        if load.mix is None:
            command += ["--loadstone-hosts", json.dumps(self._hosts())]
        return command + (["--loadstone-ignore", json.dumps(load.ignore)] if load.ignore else [])

    def _common(self) -> list[str]:
        """Write what master and workers have in common. Classes come first: `--tags a B` would take B for a tag."""
        run, load = self.run, self.run.load
        files = ",".join(map(str, [*self._files(), INSTRUMENT]))
        command = [self.python, *["-P"] * self.safe_path, "-X", "faulthandler", "-m", "locust"]
        command += [*self._classes(), "--locustfile", files]
        command += ["--host", load.host or self.url, "--expect-workers", str(load.workers)]
        command += ["--stop-timeout", f"{load.stop_timeout:g}", "--exit-code-on-error", "0"]
        command += ["--loadstone-seed", str(run.seed)]
        if load.replaces_waits:
            command += ["--loadstone-waiting", json.dumps(waiting_option(load))]
        return [*command, *self._own_options()]

    def _files(self) -> Sequence[Path]:
        if self.run.load.locustfile is not None:
            return self.own_files
        return [ALBUMS] if self.run.load.mix is not None else [DECLARED]

    def _classes(self) -> Sequence[str]:
        load = self.run.load
        if load.locustfile is not None:
            return list(load.classes or ())
        return [(ALBUM_CLASSES if load.mix is not None else DECLARED_CLASSES)[load.user]]

    def _own_options(self) -> list[str]:
        """Write the options that the locustfile itself declares."""
        run, load = self.run, self.run.load
        if load.mix is not None:
            command = ["--mix", load.mix.model_dump_json(), "--albums", str(run.server.albums)]
            command += ["--id-prefix", self.id_prefix] if self.id_prefix else []
            return [*command, "--seed", str(run.seed)]
        if load.requests is not None:
            return ["--requests", prepare_requests(load.requests)]
        weights = {name: weight for name, weight in (load.classes or {}).items() if weight is not None}
        command = ["--loadstone-weights", json.dumps(weights)] if weights else []
        command += ["--loadstone-shape", load.shape] if load.shape else []
        for name, value in load.options.items():
            command += _option(name, self._fill_in(name, value))
        command += ["--tags", *load.tags] if load.tags else []
        return command + (["--exclude-tags", *load.exclude_tags] if load.exclude_tags else [])

    def _fill_in(self, name: str, value: object) -> object:
        """Put the values of variables in place of their names. Raises `GeneratorError` if one is not set."""
        if isinstance(value, tuple):
            return tuple(self._fill_in(name, word) for word in value)
        if not isinstance(value, str) or not VARIABLE.fullmatch(value):
            return value
        found = self.environment(os.environ).get(value[1:])
        if found is None:
            raise GeneratorError(f"load.options.{name}: {value}: no such variable in the environment or in env_from")
        return found

    def _hosts(self) -> list[str]:
        """List the hosts to which users may connect."""
        return sorted(
            {_host_of(self.url), _host_of(self.run.load.host or self.url), *(self.run.load.allow_hosts or ())}
        )


def make_id_prefix(run: Run, token: str) -> str:
    """Choose the beginning of posted albums' ids: none for a server whose store is new in each run."""
    return "" if run.server.kind == DEFAULT_KIND else f"{token}-"


def _option(name: str, value: object) -> list[str]:
    """Write an option: a flag for true, nothing for false, else its value or values."""
    if isinstance(value, bool):
        return [f"--{name}"] if value else []
    if isinstance(value, tuple):
        return [f"--{name}", *map(str, value)]
    return [f"--{name}={value}"]


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def waiting_option(load: Load) -> dict[str, Any]:
    """Write when users send requests, as the instrument's `--loadstone-waiting` takes it."""
    if load.arrivals is not None:
        return {"rate": load.arrivals.rate, "kind": load.arrivals.kind}
    if load.pacing is not None:
        return {"pacing": load.pacing}
    if isinstance(load.think_time, Exponential):
        return {"exponential": load.think_time.exponential}
    assert load.think_time is not None  # noqa: S101 - the load replaces waits
    return {"uniform": list(load.think_time)}


def read_variables(path: Path) -> dict[str, str]:
    """Read a file of environment variables: NAME=VALUE lines; blank lines and lines that begin with # are skipped.

    A value may stand in quotes. Raises `GeneratorError`, without the value, for anything else.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise GeneratorError(f"load.env_from: {path}: cannot be read: {reason}") from None
    variables: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        assignment = _ASSIGNMENT.fullmatch(line)
        if assignment is None:
            raise GeneratorError(f"load.env_from: {path}, line {number}: not allowed; allowed: NAME=VALUE")
        name, value = assignment[1], assignment[2].strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        if name.startswith("LOCUST_"):
            raise GeneratorError(f"load.env_from: {path}, line {number}: {name} would change the run; remove it")
        variables[name] = value[1:-1] if quoted else value
    return variables
