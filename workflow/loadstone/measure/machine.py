"""Describe what measured: the computer, its state, the code and the packages."""

import contextlib
import hashlib
import os
import platform
import socket
import subprocess
import time
from importlib import metadata
from pathlib import Path

import psutil

from loadstone.measure import SOURCE_ROOT
from loadstone.project import INSTALLED
from loadstone.results.run_record import Machine, MachineState, Source

PACKAGES = ("flask", "geventhttpclient", "gevent", "gunicorn", "loadstone", "locust", "orjson", "requests", "werkzeug")
DISCARD_PORT = 9
"""Port of a UDP socket to which nothing is sent."""
CGROUP = Path("/sys/fs/cgroup")


def describe_machine(server_host: str | None = None) -> Machine:
    """Describe the computer; `server_host` is the name or address of a server on another machine."""
    return Machine(
        cpu_model=_cpu_model(),
        cores=count_cores(),
        memory_bytes=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpu_quota=_cpu_quota(),
        link_bytes_per_s=None if server_host is None else measure_link(server_host),
    )


def measure_link(host: str) -> float | None:
    """Return the speed of the network interface that leads to a host, bytes/s; None if the system does not show it.

    No packet is sent: connecting a UDP socket makes the system choose the interface. Linux states the speed of
    hardware in megabits per second; virtual interfaces have none.
    """
    with contextlib.suppress(OSError, ValueError):
        family, kind, protocol, _, address = socket.getaddrinfo(host, DISCARD_PORT, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as route:
            route.connect(address)
            own = route.getsockname()[0]
        names = (name for name, found in psutil.net_if_addrs().items() if any(each.address == own for each in found))
        if (name := next(names, None)) is not None:
            megabits = int((Path("/sys/class/net") / name / "speed").read_text("ascii"))
            return megabits * 1e6 / 8 if megabits > 0 else None
    return None


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
