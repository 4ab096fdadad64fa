"""What the system shows of its CPUs: quota, shared cores, frequencies, pressure, and who uses them.

Each function raises `Unreadable`, with the reason as a phrase, if this system does not show it: what is not known is
named, and is never a zero.
"""

import contextlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

PROC = Path("/proc")
SYS_CPU = Path("/sys/devices/system/cpu")
CGROUPS = Path("/sys/fs/cgroup")
MAX_NAME = 15
"""Characters of a process's name. Longer names are titles that the process has given itself, and can hold secrets."""


class Unreadable(Exception):
    """A figure that this system does not show."""


@dataclass(frozen=True, slots=True)
class HostTimes:
    """CPU seconds of all CPUs since boot."""

    busy: float
    steal: float | None
    """None on systems without a hypervisor's account."""
    total: float


@dataclass(frozen=True, slots=True)
class ProcessTime:
    """CPU seconds of a process so far."""

    name: str
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Pressure:
    """How long processes have waited for a resource (`/proc/pressure`, line `some`)."""

    recent: float
    """Share of the last ten seconds."""
    total_s: float
    """Seconds since boot."""


def read_quota() -> float:
    """Return how many CPUs the control groups of this process allow; infinity if they set no limit."""
    try:
        lines = (PROC / "self" / "cgroup").read_text("utf-8").splitlines()
    except OSError as error:
        raise Unreadable(f"CPU quota: {PROC}/self/cgroup: {error.strerror}") from None
    quotas = [quota for line in lines for quota in _quotas_of(*line.split(":", 2)[1:])]
    if not quotas and not all(line.endswith(":/") for line in lines):
        raise Unreadable("CPU quota: the files of the control group are not there")
    return min(quotas, default=math.inf)


def _quotas_of(controllers: str, path: str) -> Iterator[float]:
    """Read the quotas of a group and of those around it; version 2 of control groups names no controllers."""
    for folder in _folders_of(controllers, path):
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            if controllers:
                quota = (folder / "cpu.cfs_quota_us").read_text("ascii")
                period = (folder / "cpu.cfs_period_us").read_text("ascii")
            else:
                quota, period = (folder / "cpu.max").read_text("ascii").split()
            yield math.inf if quota == "max" or int(quota) < 0 else int(quota) / int(period)


def _folders_of(controllers: str, path: str) -> tuple[Path, ...]:
    """List the folders of a group and of those around it; none if its controllers are not about CPUs."""
    if controllers and "cpu" not in controllers.split(","):
        return ()
    root = CGROUPS / controllers if controllers else CGROUPS
    parts = Path(path.lstrip("/"))
    return (root / parts, *(root / parent for parent in parts.parents))


def list_quota_files(name: str) -> list[Path]:
    """List the files of that name in the control groups that can limit this process's CPU time."""
    with contextlib.suppress(OSError):
        lines = (PROC / "self" / "cgroup").read_text("utf-8").splitlines()
        folders = [folder for line in lines for folder in _folders_of(*line.split(":", 2)[1:])]
        return [path for folder in dict.fromkeys(folders) if (path := folder / name).is_file()]
    return []


def share_cores() -> bool:
    """Return whether two of the CPUs that this process may use are threads of one core."""
    allowed = _allowed_cpus()
    try:
        lists = [(SYS_CPU / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text("ascii") for cpu in allowed]
        return any(len(_parse_cpus(text) & allowed) > 1 for text in lists)
    except (OSError, ValueError):
        raise Unreadable(f"whether CPUs share cores: {SYS_CPU} does not show it") from None


def _allowed_cpus() -> set[int]:
    return set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def _parse_cpus(text: str) -> set[int]:
    """Read a list such as `0-3,8`."""
    ranges = [part.partition("-") for part in text.strip().split(",")]
    return {cpu for first, _, last in ranges for cpu in range(int(first), int(last or first) + 1)}


def read_fastest_mhz() -> float:
    """Return the frequency of the CPU that has the highest one at this moment, in MHz."""
    found: list[float] = []
    with contextlib.suppress(OSError, ValueError):
        found = [int(path.read_text("ascii")) / 1000 for path in SYS_CPU.glob("cpu[0-9]*/cpufreq/scaling_cur_freq")]
    with contextlib.suppress(OSError, ValueError):
        if not found:
            lines = (PROC / "cpuinfo").read_text("utf-8").splitlines()
            found = [float(line.split(":")[1]) for line in lines if line.startswith("cpu MHz")]
    if not any(each > 0 for each in found):
        raise Unreadable("frequency: neither cpufreq nor /proc/cpuinfo shows it")
    return max(found)


def read_governors() -> tuple[str, ...]:
    """Return the rules by which the system chooses the CPUs' frequencies, each once."""
    try:
        found = {path.read_text("ascii").strip() for path in SYS_CPU.glob("cpu[0-9]*/cpufreq/scaling_governor")}
    except OSError:
        found = set()
    if not found:
        raise Unreadable("frequency governor: the system has no cpufreq, as in most virtual machines")
    return tuple(sorted(found))


def read_pressure(resource: str = "cpu") -> Pressure:
    """Return how long processes have waited for a CPU, or for a disk (`io`)."""
    path = PROC / "pressure" / resource
    try:
        words = next(line for line in path.read_text("ascii").splitlines() if line.startswith("some ")).split()
        values = dict(word.split("=") for word in words[1:])
        return Pressure(float(values["avg10"]) / 100, int(values["total"]) / 1e6)
    except OSError as error:
        raise Unreadable(f"pressure: {path}: {error.strerror}") from None
    except (StopIteration, KeyError, ValueError):
        raise Unreadable(f"pressure: {path} has another form than expected") from None


def read_host_times() -> HostTimes:
    """Return the CPU time of the whole machine."""
    times = psutil.cpu_times()
    steal = getattr(times, "steal", None)
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # user and nice already include them
    total = sum(times) - guests
    return HostTimes(total - times.idle - getattr(times, "iowait", 0.0) - (steal or 0.0), steal, total)


def read_process_times() -> dict[tuple[int, float], ProcessTime]:
    """Return the CPU time of every process that can be seen, by pid and start."""
    found = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError), process.oneshot():
            times = process.cpu_times()
            name = process.name()[:MAX_NAME]
            found[process.pid, process.create_time()] = ProcessTime(name, times.user + times.system)
    return found
