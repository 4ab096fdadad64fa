"""`noise.json`: the machine's own noise, checked before the first run of each campaign.

The check before a campaign appends to the file, `loadstone doctor` only prints. Nothing depends on the file: where it
is missing, figures are missing.
"""

from pathlib import Path

from pydantic import Field

from loadstone.errors import DamagedError, SystemFault
from loadstone.files import write_bytes
from loadstone.results.json_file import read_json, to_json
from loadstone.suite.types import Model

MAX_CHECKS = 50
"""Checks that are kept, the newest ones."""
MAX_PROCESSES = 5
"""Other processes that a check names."""


class OtherProcess(Model):
    """A process that used the CPU and has nothing to do with the check."""

    name: str
    """The system's name of the program: at most 15 characters, without arguments, which can hold secrets."""
    pid: int
    cpus: float = Field(ge=0)
    """CPUs that it used on average."""


class NoiseCheck(Model):
    """The machine over a few seconds in which Loadstone measured nothing else.

    The *spin* is a loop of pure Python with a fixed number of rounds. Its time depends on the machine and on the
    version of Python alone, so that checks can be compared. A figure that is None could not be read; `missing` has the
    reason.
    """

    time: float
    """When the check began, in unix seconds."""
    seconds: float = Field(ge=0)
    """How long it took."""
    python: str
    """The version whose interpreter ran the spin."""
    cpus: int = Field(ge=1)
    """CPUs of the machine."""
    cores: int = Field(ge=1)
    """CPUs that this process may use."""
    cpu_quota: float | None = Field(default=None, gt=0)
    """CPUs that the control group allows; None also if it sets no limit."""
    shared_cores: bool | None = None
    """Whether two of the CPUs are threads of the same core, by the system's own account."""
    spin_ms: float | None = Field(default=None, gt=0)
    """Median time of the spin in one process, in ms; None if another measurement held the machine."""
    spin_variation: float | None = Field(default=None, ge=0)
    """Coefficient of variation of the spin's mean times in stretches of about half a second."""
    slowdown: float | None = Field(default=None, gt=0)
    """Median time of the spin in as many processes as CPUs at once, over `spin_ms`: 1 if CPUs share nothing."""
    foreign_cpus: float | None = Field(default=None, ge=0)
    """CPUs that were busy for other processes and for the system, on average."""
    foreign: tuple[OtherProcess, ...] = Field(default=(), max_length=MAX_PROCESSES)
    """The other processes that used most."""
    steal: float | None = Field(default=None, ge=0, le=1)
    """Share of all CPUs' time that the hypervisor took."""
    pressure: float | None = Field(default=None, ge=0, le=1)
    """Share of the time in which a process waited for a CPU, while one spun."""
    pressure_before: float | None = Field(default=None, ge=0, le=1)
    """The same in the ten seconds before, by the system's moving average."""
    mhz_low: float | None = Field(default=None, gt=0)
    """Lowest frequency of the fastest CPU, in MHz, while one spun."""
    mhz_high: float | None = Field(default=None, gt=0)
    """Its highest."""
    governors: tuple[str, ...] = ()
    """The rules by which the system chooses frequencies; none if they cannot be read."""
    measuring: str | None = None
    """The measurement that held the machine meanwhile."""
    missing: tuple[str, ...] = ()
    """What could not be read, and why, a phrase each."""


class NoiseChecks(Model):
    """The whole file."""

    checks: tuple[NoiseCheck, ...] = Field(max_length=MAX_CHECKS)
    """In the order in which they were made."""


def read_checks(path: Path) -> tuple[NoiseCheck, ...]:
    """Read the file's checks; none if there is no file. Raises `ResultError` if it is unreadable or damaged."""
    return read_json(NoiseChecks, path).checks if path.exists() else ()


def append_check(path: Path, check: NoiseCheck) -> str | None:
    """Append a check to the file, and forget the oldest beyond `MAX_CHECKS`.

    A damaged or foreign file is moved to the folder `damaged` next to it: returns a line about that. Raises
    `ResultError` if it cannot be read, and `SystemFault` if the file cannot be written.
    """
    line = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            earlier = read_checks(path)
        except DamagedError as error:
            earlier = ()
            line = f"{error}; moved to {_set_aside(path)}"
        write_bytes(path, to_json(NoiseChecks(checks=(*earlier, check)[-MAX_CHECKS:])))
    except OSError as error:
        raise SystemFault.of(error, path) from None
    return line


def _set_aside(path: Path) -> Path:
    """Move a file to the folder `damaged`, under a new number if its place is taken; return its new path."""
    place = path.parent / "damaged" / path.name
    number = 1
    while place.exists():
        number += 1
        place = place.with_name(f"{path.stem}-{number}{path.suffix}")
    place.parent.mkdir(exist_ok=True)
    path.rename(place)
    return place
