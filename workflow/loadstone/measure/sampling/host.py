"""Counters of the whole machine that show waiting: for disks, CPUs, connections and a CPU quota."""

import contextlib
from pathlib import Path
from typing import NamedTuple

from loadstone.measure.machine_limits import Unreadable, list_quota_files, read_pressure

NETSTAT = Path("/proc/net/netstat")


class HostCounters(NamedTuple):
    """Counters since boot; None where the system does not show one. See `loadstone.results.processes`."""

    io_stalled_s: float | None
    cpu_stalled_s: float | None
    listen_overflows: int | None
    syn_retransmits: int | None
    throttled_s: float | None


class HostReader:
    """Reads the counters."""

    def __init__(self) -> None:
        self._quota_files = list_quota_files("cpu.stat")

    def read(self) -> HostCounters:
        """Read all counters."""
        network = _read_network()
        return HostCounters(
            io_stalled_s=_stalled_s("io"),
            cpu_stalled_s=_stalled_s("cpu"),
            listen_overflows=network.get("ListenOverflows"),
            syn_retransmits=network.get("TCPSynRetrans"),
            throttled_s=self._throttled_s(),
        )

    def _throttled_s(self) -> float | None:
        """Return the throttled time of this process's control group, or of one around it if that is longer."""
        times = []
        for path in self._quota_files:
            with contextlib.suppress(OSError, ValueError):
                stat = dict(line.split() for line in path.read_text("ascii").splitlines())
                if (micros := stat.get("throttled_usec")) is not None:
                    times.append(int(micros) / 1e6)
                elif (nanos := stat.get("throttled_time")) is not None:
                    times.append(int(nanos) / 1e9)
        return max(times, default=None)


def _stalled_s(resource: str) -> float | None:
    with contextlib.suppress(Unreadable):
        return read_pressure(resource).total_s
    return None


def _read_network() -> dict[str, int]:
    """Read the extended counters of TCP: a line of names, then one of numbers."""
    with contextlib.suppress(OSError, ValueError):
        lines = [line.split() for line in NETSTAT.read_text("ascii").splitlines() if line.startswith("TcpExt:")]
        names, numbers = lines
        return dict(zip(names[1:], map(int, numbers[1:]), strict=True))
    return {}
