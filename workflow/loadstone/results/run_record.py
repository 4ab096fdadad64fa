"""`run.json`: everything about a run except its requests and samples. `measure` writes it, all later stages read it.

FORMAT counts changes that a reader has to know of:

1. the first
2. requests.parquet has the column `intended`
3. a server that somebody else runs has no command and no exit code, and it or one of a command perhaps no albums
"""

from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from loadstone.errors import DamagedError, ResultError
from loadstone.plan.schedule import Run
from loadstone.suite.types import Sparse
from loadstone.text import dotted

FORMAT: Final = 3

MAX_RUN_S = 24 * 3600.0
"""Seconds that a run can take: more than twice the longest run that a suite can describe."""


class Part(BaseModel):
    """A part of the record."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Commands(Part):
    """The exact command lines, run from the project's folder; only what looks like a secret is replaced."""

    server: list[str] | None
    """None if the server was already running."""
    load_master: list[str]
    load_workers: list[list[str]]


class Phases(Part):
    """When each phase began, in unix seconds. A server that was already running counts as started when first asked.

    Server and Locust start at the same time, except for a locustfile of the user's own. `workers_connected` may
    therefore come before `server_ready`; users start after both. The requests are collected while the server ends, so
    that `server_stopped` is when its end was noticed.
    """

    server_started: float
    server_ready: float
    load_started: float
    workers_connected: float
    all_users_running: float
    window_begin: float
    window_end: float
    drained: float
    load_stopped: float
    server_stopped: float

    @property
    def problem(self) -> str | None:
        """Why no run can have these times; None if one can. Later stages divide by the lengths of the phases."""
        if not self.all_users_running < self.window_end or not self.window_begin < self.window_end:
            return "the window ends before it begins"
        times = dict(self).values()
        if min(times) < 0 or max(times) - min(times) > MAX_RUN_S:
            return "a run of more than a day"
        return None


class AlbumCounts(Part):
    """Albums in the store: reported by the server before and after the run, counted from successful posts between."""

    before: int
    window_begin: int
    window_end: int
    after: int
    expected_after: int
    """The value of `after` that follows from all successful posts. The bound of a server that Loadstone does not
    configure is unknown; there it is at most `after`."""


class RequestCounts(Part):
    """Requests of the whole run, including ramp-up and warm-up, as counted in three places."""

    recorded: int
    """Rows of requests.parquet."""
    locust: int | None
    """Locust's own statistics."""
    ignored: int = 0
    """Events that Locust counted and the suite ignores (`load.ignore`)."""
    exceptions: int = 0
    """Exceptions of users' tasks, and of users that start. Locust's own file of exceptions has their texts."""
    untimed: int = 0
    """Events whose response time or start was missing, or no possible time: they count as 0 ms, or as just ended."""
    server: int | None
    """Requests that the server's worker processes report, without health checks and preflight; None if they report
    nothing."""


class Check(Part):
    """A condition that a valid run fulfils, and whether this run does."""

    name: str
    ok: bool
    figure: str
    """The measured figure, as text."""


class Machine(Sparse, Part):
    """The computer, as far as it matters for a measurement."""

    SPARSE: ClassVar[frozenset[str]] = frozenset({"link_bytes_per_s"})

    cpu_model: str
    cores: int = Field(ge=1)
    """CPUs that this process may use."""
    memory_bytes: int
    system: str
    cpu_quota: float | None
    """CPUs that the control group allows; None if it sets no limit."""
    link_bytes_per_s: float | None = Field(default=None, gt=0)
    """Speed of the network interface that leads to a server on another machine; None if the server is on this one, or
    the system does not show it."""


class MachineState(Part):
    """The state of the computer at one moment."""

    time: float
    load_average: float
    cpu_mhz: float | None
    thermal_throttles: int | None
    """Throttling events since boot, over all cores."""
    quota_throttles: int | None
    """Number of times that the CPU quota of the control group throttled it."""


class Source(Part):
    """The code that measured."""

    commit: str | None
    dirty: bool | None
    """Whether tracked files differed from the commit."""
    lock_sha256: str | None
    versions: dict[str, str]


class Imported(Part):
    """The log of another load tool that a run was imported from."""

    log: str
    """What the log is, such as `JMeter log`."""
    file: str
    """The file's name, without its folders."""
    sha256: str
    rows: int
    """Requests in the log, those left out included."""
    unreadable: int
    """Rows that could not be read, which are left out."""
    unreadable_first: str
    """The first of them: its line, and what is wrong with it. Empty if there is none."""
    users_stated: bool
    """Whether the number of users was stated on the command line, because the log does not have it."""
    think_time_stated: bool
    """Whether the think time was stated on the command line."""
    notes: tuple[str, ...]
    """How the log was read, a sentence each."""
    missing: tuple[str, ...]
    """What a log cannot show, in words."""

    @property
    def sentence(self) -> str:
        """State where the figures come from, as a clause."""
        return f"imported from {self.log} {self.file}; not measured by Loadstone"


class RunRecord(Sparse, Part):
    """Everything about a run except its requests and samples.

    An imported run has no machine and no state of it. Its phases are those that the log shows: what is before the
    first request has the time of the first request, what is after the last one has the time of its end. Its
    processes.parquet has no rows, and its requests.parquet has nulls for what a log does not state: the length of the
    body, the worker, the user, the status.
    """

    SPARSE: ClassVar[frozenset[str]] = frozenset({"user_counts", "load_files", "load_versions", "imported"})

    format: Literal[3] = FORMAT
    run: Run
    commands: Commands
    phases: Phases
    albums: AlbumCounts | None
    """None if the server does not report how many albums it holds."""
    counts: RequestCounts
    exit_codes: dict[str, int | None]
    user_counts: tuple[tuple[float, int], ...] = ()
    """Each change of the number of users that run: unix seconds and the number. Empty in records of earlier versions.
    """
    load_files: dict[str, str] = {}
    """The user's own files that Locust loads, as the suite names them → SHA-256."""
    load_versions: dict[str, str] = {}
    """Versions of Python and Locust, if another environment runs Locust."""
    checks: list[Check]
    source: Source
    machine: Machine | None
    """None in an imported run, as the next two."""
    state_before: MachineState | None
    state_after: MachineState | None
    imported: Imported | None = None
    """None in a run that Loadstone measured."""

    @model_validator(mode="after")
    def _measured(self) -> "RunRecord":
        if self.imported is None and None in (self.machine, self.state_before, self.state_after):
            raise ValueError("machine, state_before and state_after are missing")
        return self

    @property
    def cores(self) -> int | None:
        """CPUs of the machine; None if it is not known."""
        return None if self.machine is None else self.machine.cores

    @property
    def window(self) -> tuple[float, float]:
        """The window as configured, unix seconds: a request belongs to it if it *ends* in [begin, end)."""
        return self.phases.window_begin, self.phases.window_end


class _AnyFormat(BaseModel):
    format: Annotated[int, Field(ge=1)]


def write_record(record: RunRecord, path: Path) -> None:
    """Write `run.json`."""
    path.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_record(path: Path, run: Run | None = None) -> RunRecord:
    """Read `run.json`; if `run` is given, the record must be of this run.

    Raises `ResultError` if it is missing, `DamagedError` if it is damaged, of another format or of another run.
    """
    try:
        text = path.read_bytes()
        number = _AnyFormat.model_validate_json(text).format
        if number != FORMAT:
            raise DamagedError(
                f"{path}: format {number}, but this Loadstone reads format {FORMAT}: measure the run again", path
            )
        record = RunRecord.model_validate_json(text)
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = dotted(*first["loc"]) or "the file"
        raise DamagedError(f"{path}: damaged: {place}: {first['msg']}", path) from None
    if problem := record.phases.problem:
        raise DamagedError(f"{path}: damaged: phases: {problem}", path)
    if run is not None and record.run != run:
        if (record.run.experiment, record.run.repeat) == (run.experiment, run.repeat):
            raise DamagedError(f"{path}: the settings of {run.label} differ from those of the suite", path)
        raise DamagedError(f"{path}: belongs to {record.run.label}, not to {run.label}", path)
    return record
