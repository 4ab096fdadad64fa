"""What the samples of processes show of the machine and of single processes, besides the table `processes.csv`."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from loadstone.results.run_record import Phases
from loadstone.summarise.processes import growth_rate, lived_share
from loadstone.summarise.rhythm import Levels
from loadstone.theory.quantiles import Floats

USED_CPU = 0.01
"""CPUs above which a process of the server counts as one that serves requests."""
PEAK_S = 1.0
"""Length of the time in which others' CPUs have their peak, seconds."""
MIN_IDLE_S = 0.5
"""Seconds before the load from which on they show what an idle machine counts."""


def measure_system(
    samples: pd.DataFrame, window: tuple[float, float], cores: int | None, phases: Phases
) -> dict[str, float | None]:
    """Return the signals of `SystemSignals`, except for what others used. The window is in unix seconds.

    Without a known number of CPUs, there is no share of them.
    """
    host = samples[samples["role"] == "host"]
    server = samples[samples["role"].astype(str).str.startswith("server-")]
    written = [
        growth_rate(each, "written_bytes", window) * lived_share(each, window)
        for _, each in server.groupby("pid")
        if len(each) > 1
    ]
    idle = (float(host["time"].min()), max(phases.server_ready, phases.workers_connected)) if len(host) else None
    return {
        "iowait": _share(_growth(host, "iowait_s", window), cores) if cores else None,
        "io_stalled": _share(_growth(host, "io_stalled_s", window)),
        "cpu_stalled": _share(_growth(host, "cpu_stalled_s", window)),
        "written_bytes_per_s": _known_sum(written),
        "listen_overflows": _above_idle(host, "listen_overflows", window, idle),
        "syn_retransmits": _above_idle(host, "syn_retransmits", window, idle),
        "throttled": _share(_growth(host, "throttled_s", window)),
    }


def _growth(host: pd.DataFrame, counter: str, window: tuple[float, float]) -> float:
    """Growth of a counter of the host per second; NaN if it was not sampled."""
    known = host[host[counter].notna()]
    return growth_rate(known, counter, window) if len(known) > 1 else math.nan


def _share(rate: float, of: float = 1.0) -> float | None:
    return None if math.isnan(rate) else min(1.0, max(0.0, rate / of))


def _above_idle(
    host: pd.DataFrame, counter: str, window: tuple[float, float], idle: tuple[float, float] | None
) -> float | None:
    """Growth of a counter per second, less that before any user ran: other programs count there too."""
    rate = _growth(host, counter, window)
    if math.isnan(rate):
        return None
    known = idle is not None and idle[1] - idle[0] >= MIN_IDLE_S
    before = _growth(host, counter, idle) if known and idle is not None else 0.0
    return max(0.0, rate - (0.0 if math.isnan(before) else before))


def _known_sum(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return max(0.0, sum(known)) if known else None


def measure_processes(processes: pd.DataFrame) -> dict[str, Any]:
    """Find the server's busiest process in the table `processes.csv`, and count those that serve requests."""
    cpu = processes.loc[processes["role"].astype(str).str.startswith("server-"), "cpu"].dropna()
    return {
        "server_processes": len(busy_pids(processes)) or None,
        "busiest_process": max(0.0, float(cpu.max())) if len(cpu) else None,
    }


def busy_pids(processes: pd.DataFrame) -> frozenset[int]:
    """Return the process ids of the server's processes that serve requests."""
    is_busy = processes["role"].astype(str).str.startswith("server-") & (processes["cpu"] > USED_CPU)
    return frozenset(processes.loc[is_busy, "pid"].astype(int).tolist())


def busiest_pid(processes: pd.DataFrame, role: str) -> int | None:
    """Return the process id of the busiest process whose role begins with `role`; None if there is none."""
    own = processes[processes["role"].astype(str).str.startswith(role) & processes["cpu"].notna()]
    return int(own["pid"].iloc[int(own["cpu"].argmax())]) if len(own) else None


class OtherLoad:
    """CPU seconds that processes of neither the server nor the load generator used, over time."""

    def __init__(self, samples: pd.DataFrame) -> None:
        is_host = samples["role"] == "host"
        host = samples[is_host & samples["cpu_s"].notna()]
        self._times = host["time"].to_numpy(np.float64)
        self._seconds = host["cpu_s"].to_numpy(np.float64)
        for _, own in samples[~is_host & samples["cpu_s"].notna()].groupby("pid"):
            used = np.interp(self._times, own["time"].to_numpy(np.float64), own["cpu_s"].to_numpy(np.float64))
            self._seconds = self._seconds - used

    def peak(self, window: tuple[float, float]) -> float | None:
        """Return the most CPUs that they used in any second of the window, which begins at a sample."""
        begins = self._times[(self._times >= window[0]) & (self._times <= window[1] - PEAK_S)]
        if not len(begins):
            return None
        return max(0.0, float((self._until(begins + PEAK_S) - self._until(begins)).max()) / PEAK_S)

    def surplus(self, window: tuple[float, float], levels: Levels) -> float | None:
        """Return the CPUs that they used at the lower level of throughput, less those at the higher one; at least 0."""
        begin, inside_begin, inside_end, end = self._until(np.array([window[0], levels.begin, levels.end, window[1]]))
        inside_s = levels.end - levels.begin
        outside_s = window[1] - window[0] - inside_s
        if inside_s <= 0 or outside_s <= 0:
            return None
        inside = (inside_end - inside_begin) / inside_s
        outside = (end - begin - (inside_end - inside_begin)) / outside_s
        more = inside - outside if levels.inside_is_lower else outside - inside
        return max(0.0, float(more)) if math.isfinite(more) else None

    def _until(self, moments: Floats) -> Floats:
        if not len(self._times):
            return np.full(len(moments), np.nan)
        return np.asarray(np.interp(moments, self._times, self._seconds))
