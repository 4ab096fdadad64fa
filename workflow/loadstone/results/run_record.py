"""`run.json`: what is known of a run beside its requests. `measure` writes it, all later stages read it.

FORMAT counts changes that a reader has to know of:

1. the first
2. requests.parquet has the column `intended`
3. a server that somebody else runs has no command and no exit code, and it or one of a command perhaps no albums
"""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loadstone.errors import DamagedError, ResultError
from loadstone.plan.schedule import Run
from loadstone.text import dotted

FORMAT: Final = 3

MAX_RUN_S = 24 * 3600.0
"""Seconds that a run can take, at the most: twice the longest that a suite can ask for, and more."""


class Part(BaseModel):
    """A piece of the record."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Commands(Part):
    """The command lines, run from the project's folder: exact, but for what looks like a secret."""

    server: list[str] | None
    """None where somebody else runs it."""
    load_master: list[str]
    load_workers: list[list[str]]


class Phases(Part):
    """When each phase began, in unix seconds. A server that somebody else runs is started when it is first asked."""

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
        """Why these can't be a run's: what divides by a length needs one."""
        if not self.all_users_running < self.window_end or not self.window_begin < self.window_end:
            return "the window ends before it begins"
        times = dict(self).values()
        if min(times) < 0 or max(times) - min(times) > MAX_RUN_S:
            return "a run of more than a day"
        return None


class AlbumCounts(Part):
    """Albums in the store: asked before and after, in between told from the posts that had succeeded by then."""

    before: int
    window_begin: int
    window_end: int
    after: int
    expected_after: int
    """What `after` should be, going by all posts that succeeded; of a server that somebody else runs nobody knows the
    bound, so that it is at most what `after` is."""


class RequestCounts(Part):
    """Requests of the whole run, ramp-up and warm-up included, as three parties counted them."""

    recorded: int
    """Rows of requests.parquet."""
    locust: int | None
    """Locust's own statistics."""
    server: int | None
    """What the server's worker processes say they answered, without our health checks and preflight; None where they
    don't say."""


class Check(Part):
    """One condition that a sound run fulfils, and how this one stands to it."""

    name: str
    ok: bool
    figure: str


class Machine(Part):
    """The computer, as far as it matters to a measurement."""

    cpu_model: str
    cores: int = Field(ge=1)
    """CPUs that this process may use."""
    memory_bytes: int
    system: str
    cpu_quota: float | None
    """CPUs that the control group allows, where it limits them."""


class MachineState(Part):
    """What the computer was doing at one moment."""

    time: float
    load_average: float
    cpu_mhz: float | None
    thermal_throttles: int | None
    """Throttling events since boot, over all cores."""
    quota_throttles: int | None
    """Times the control group's CPU quota held it back."""


class Source(Part):
    """Which code measured."""

    commit: str | None
    dirty: bool | None
    """Whether tracked files differed from the commit."""
    lock_sha256: str | None
    versions: dict[str, str]


class RunRecord(Part):
    """Everything but the requests."""

    format: Literal[3] = FORMAT
    run: Run
    commands: Commands
    phases: Phases
    albums: AlbumCounts | None
    """None where a server that isn't ours doesn't say how many it holds."""
    counts: RequestCounts
    exit_codes: dict[str, int | None]
    checks: list[Check]
    source: Source
    machine: Machine
    state_before: MachineState
    state_after: MachineState

    @property
    def window(self) -> tuple[float, float]:
        """Begin and end of the part that counts, unix seconds: a request belongs to it if it *ends* in [begin, end)."""
        return self.phases.window_begin, self.phases.window_end


class _AnyFormat(BaseModel):
    format: Annotated[int, Field(ge=1)]


def write_record(record: RunRecord, path: Path) -> None:
    """Write `run.json`."""
    path.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_record(path: Path, run: Run | None = None) -> RunRecord:
    """Read `run.json`, which has to be that of `run` where one is given.

    Raises `ResultError` where it is missing, `DamagedError` where it is damaged, of another format or of another run.
    """
    try:
        text = path.read_bytes()
        found = _AnyFormat.model_validate_json(text).format
        if found != FORMAT:
            raise DamagedError(
                f"{path}: format {found}, but this Loadstone reads format {FORMAT}: measure the run again", path
            )
        record = RunRecord.model_validate_json(text)
    except OSError as error:
        raise ResultError(f"{path}: can't be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = dotted(*first["loc"]) or "the file"
        raise DamagedError(f"{path}: damaged: {place}: {first['msg']}", path) from None
    if problem := record.phases.problem:
        raise DamagedError(f"{path}: damaged: phases: {problem}", path)
    if run is not None and record.run != run:
        same = (record.run.experiment, record.run.repeat) == (run.experiment, run.repeat)
        whose = "measured with other settings than the suite has now" if same else f"that of {record.run.label}"
        raise DamagedError(f"{path}: not of {run.label}: {whose}", path)
    return record
