"""The noise check: what else uses the machine, and how steady it is, over a few seconds.

First one process spins while the machine is watched, then as many as there are CPUs. The check holds the machine's
lock, so that it does not disturb a measurement; while another measurement holds it, the machine is only watched.
"""

import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from loadstone.errors import LoadstoneError, MeasureError
from loadstone.measure import machine_limits
from loadstone.measure.machine import count_cores
from loadstone.measure.machine_limits import HostTimes, Pressure, ProcessTime, Unreadable
from loadstone.measure.machine_lock import try_machine_lock
from loadstone.measure.spinners import POLL_S, Spin, Spinners, median_ms, variation_of_stretches
from loadstone.measure.stop import StopRequest
from loadstone.results.noise import MAX_PROCESSES, NoiseCheck, OtherProcess, append_check
from loadstone.text import short

CHECK_S = 2.0
"""Seconds of the check before a campaign, unless `VARIABLE` states others."""
VARIABLE = "LOADSTONE_NOISE_CHECK_S"
"""Environment variable for these seconds; 0 leaves the check out."""
MAX_CHECK_S = 60.0
ALONE = 0.8
"""Share of the time in which one process spins."""
MIN_CPUS = 0.01
"""CPUs below which a process is not named."""

Figure = TypeVar("Figure")


@dataclass
class _Watch:
    """What was seen during a check."""

    missing: list[str] = field(default_factory=list)
    mhz: list[float] = field(default_factory=list)
    next_look: float = 0.0

    def read(self, function: Callable[[], Figure]) -> Figure | None:
        """Read a figure; if the system does not show it, note that once."""
        try:
            return function()
        except Unreadable as reason:
            if str(reason) not in self.missing:
                self.missing.append(str(reason))
            return None

    def look(self) -> None:
        """Note the frequency, twice per second."""
        now = time.monotonic()
        if now >= self.next_look:
            self.next_look = now + 0.5
            mhz = self.read(machine_limits.read_fastest_mhz)
            self.mhz += [] if mhz is None else [mhz]


@dataclass(frozen=True)
class _Moment:
    """The machine's counters at one moment."""

    time: float
    host: HostTimes
    processes: dict[tuple[int, float], ProcessTime]
    pressure: Pressure | None

    @classmethod
    def now(cls, watch: _Watch) -> "_Moment":
        """Read all counters."""
        processes = machine_limits.read_process_times()
        return cls(
            time.monotonic(), machine_limits.read_host_times(), processes, watch.read(machine_limits.read_pressure)
        )


def check_noise(seconds: float, stop: StopRequest) -> NoiseCheck:
    """Check the machine for about that many seconds.

    Raises `Interrupted` if a signal arrives and `MeasureError` if the machine does not let processes spin.
    """
    watch = _Watch()
    started, cores = time.time(), count_cores()
    began = time.monotonic()
    with try_machine_lock("noise check") as lock:
        if lock.problem is not None:
            watch.missing.append(lock.problem)
        if lock.holder is not None:
            figures = _watch_only(seconds, stop, watch)
            watch.missing.append("spin: not tried, because it would disturb the other measurement")
        else:
            figures = _spin(seconds, stop, watch, cores)
    quota = watch.read(machine_limits.read_quota)
    return NoiseCheck(
        time=started,
        seconds=time.monotonic() - began,
        python=platform.python_version(),
        cpus=psutil.cpu_count() or cores,
        cores=cores,
        cpu_quota=quota if quota is not None and math.isfinite(quota) else None,
        shared_cores=watch.read(machine_limits.share_cores),
        mhz_low=min(watch.mhz, default=None),
        mhz_high=max(watch.mhz, default=None),
        governors=watch.read(machine_limits.read_governors) or (),
        measuring=lock.holder,
        missing=tuple(watch.missing),
        **figures,
    )


def check_before_campaign(path: Path, stop: StopRequest) -> tuple[NoiseCheck | None, list[str]]:
    """Check the machine before a campaign and append the result to its `noise.json`.

    Returns the check and lines for the user about what failed. Nothing that fails here stops a campaign. The check is
    None if it failed or is switched off. It is not stored if another measurement held the machine, for which the
    campaign waits. Raises `Interrupted` if a signal arrives.
    """
    seconds = _wanted_seconds()
    if seconds is None:
        allowed = f"0 to {MAX_CHECK_S:g} seconds; 0 leaves the check out"
        return None, [
            f"noise check: not made: {VARIABLE}={short(os.environ[VARIABLE])} is not allowed; allowed: {allowed}"
        ]
    if seconds == 0:
        return None, []
    try:
        check = check_noise(seconds, stop)
    except MeasureError as error:
        stop.check()
        return None, [str(error)]
    if check.measuring is not None:
        return check, []
    try:
        line = append_check(path, check)
    except LoadstoneError as error:
        return check, [f"noise check: not stored: {error}"]
    return check, [f"noise check: {line}"] * bool(line)


def _wanted_seconds() -> float | None:
    """Return how long the check before a campaign takes; None if the environment holds something else."""
    try:
        seconds = float(os.environ.get(VARIABLE) or CHECK_S)
    except ValueError:
        return None
    return seconds if 0 <= seconds <= MAX_CHECK_S else None


def _watch_only(seconds: float, stop: StopRequest, watch: _Watch) -> dict[str, Any]:
    """Watch the machine without a load."""
    before = _Moment.now(watch)
    while time.monotonic() < before.time + seconds:
        stop.sleep(POLL_S)
        watch.look()
    after = _Moment.now(watch)
    return _what_others_used(before, after, set()) | {"steal": _steal(before, after, watch)}


def _spin(seconds: float, stop: StopRequest, watch: _Watch, cores: int) -> dict[str, Any]:
    """Spin in one process, then in as many as CPUs, and watch the machine meanwhile."""
    try:
        with Spinners(cores) as spinners:
            before = _Moment.now(watch)
            [alone] = spinners.spin(ALONE * seconds, stop, number=1, look=watch.look)
            after = _Moment.now(watch)
            together = spinners.spin((1 - ALONE) * seconds, stop)
            end = _Moment.now(watch)
            own = set(spinners.pids)
    except OSError as error:
        raise MeasureError(f"noise check: no process could be started: {error.strerror}") from None
    median, variation = median_ms(alone), variation_of_stretches(alone)
    if variation is None:
        watch.missing.append("how much the spin varies: the check was too short")
    return _what_others_used(before, after, own) | {
        "spin_ms": median,
        "spin_variation": variation,
        "slowdown": _slowdown(together, median) if cores > 1 else None,
        "steal": _steal(before, end, watch),
    }


def _slowdown(together: list[list[Spin]], alone_ms: float) -> float:
    return median_ms([spin for spins in together for spin in spins]) / alone_ms


def _what_others_used(before: _Moment, after: _Moment, own: set[int]) -> dict[str, Any]:
    """Compute what everything but this process and its spinners used between two moments."""
    elapsed = after.time - before.time
    pids = own | {psutil.Process().pid}
    cpus: dict[tuple[int, float], float] = {}
    for key, end in after.processes.items():
        begin = before.processes.get(key)
        cpus[key] = max(0.0, end.cpu_s - (begin.cpu_s if begin else 0.0)) / elapsed
    foreign = [
        OtherProcess(name=after.processes[key].name, pid=key[0], cpus=used)
        for key, used in sorted(cpus.items(), key=lambda item: -item[1])
        if key[0] not in pids and used >= MIN_CPUS
    ]
    own_cpus = sum(used for key, used in cpus.items() if key[0] in pids)
    pressure = None
    if before.pressure is not None and after.pressure is not None:
        pressure = min(1.0, max(0.0, (after.pressure.total_s - before.pressure.total_s) / elapsed))
    return {
        "foreign_cpus": max(0.0, (after.host.busy - before.host.busy) / elapsed - own_cpus),
        "foreign": tuple(foreign[:MAX_PROCESSES]),
        "pressure": pressure,
        "pressure_before": None if before.pressure is None else min(1.0, before.pressure.recent),
    }


def _steal(before: _Moment, after: _Moment, watch: _Watch) -> float | None:
    """Return the share of all CPUs' time that the hypervisor took between two moments."""
    if before.host.steal is None or after.host.steal is None:
        watch.missing.append("steal: this system does not count it")
        return None
    if after.host.total <= before.host.total:
        watch.missing.append("steal: the check was too short")
        return None
    return min(1.0, max(0.0, (after.host.steal - before.host.steal) / (after.host.total - before.host.total)))
