"""Describe what measured: the computer, its state, the code and the packages."""

import contextlib
import hashlib
import os
import platform
import subprocess
import time
from importlib import metadata
from pathlib import Path

import psutil

from loadstone.measure import SOURCE_ROOT
from loadstone.project import INSTALLED
from loadstone.results.run_record import Machine, MachineState, Source

PACKAGES = ("flask", "geventhttpclient", "gevent", "gunicorn", "loadstone", "locust", "orjson", "requests", "werkzeug")
CGROUP = Path("/sys/fs/cgroup")


def describe_machine() -> Machine:
    """Describe the computer."""
    return Machine(
        cpu_model=_cpu_model(),
        cores=count_cores(),
        memory_bytes=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpu_quota=_cpu_quota(),
    )


def count_cores() -> int:
    """Count the CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe_state() -> MachineState:
    """Describe the computer's state at this moment."""
    frequency = psutil.cpu_freq()
    return MachineState(
        time=time.time(),
        load_average=psutil.getloadavg()[0],
        cpu_mhz=frequency.current if frequency else None,
        thermal_throttles=_thermal_throttles(),
        quota_throttles=_quota_throttles(),
    )


def describe_source() -> Source:
    """Describe the code that measures, and the packages that it uses.

    An installed Loadstone has its version alone: a repository around its environment is not its own.
    """
    commit = _git("rev-parse", "HEAD")
    status = _git("status", "--porcelain", "--untracked-files=no")
    lock = SOURCE_ROOT / "requirements.lock"
    return Source(
        commit=commit,
        dirty=None if commit is None or status is None else bool(status),
        lock_sha256=hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None,
        versions={"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES},
    )


def _cpu_model() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _cpu_quota() -> float | None:
    with contextlib.suppress(OSError, ValueError):
        quota, period = (CGROUP / "cpu.max").read_text("ascii").split()
        return int(quota) / int(period)  # ValueError: "max" means no quota
    return None


def _quota_throttles() -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in (CGROUP / "cpu.stat").read_text("ascii").splitlines():
            if line.startswith("nr_throttled "):
                return int(line.split()[1])
    return None


def _thermal_throttles() -> int | None:
    counts = list(Path("/sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/core_throttle_count"))
    with contextlib.suppress(OSError, ValueError):
        return sum(int(path.read_text("ascii")) for path in counts) if counts else None
    return None


def _git(*arguments: str) -> str | None:
    if INSTALLED:
        return None
    try:
        command = ["git", "-C", str(SOURCE_ROOT), *arguments]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
