"""What other processes took of the machine while a run was measured: a test judges the run by it."""

from pathlib import Path

import pandas as pd
import psutil

QUIET = 0.1
"""CPUs that others may take without deciding a verdict. On an idle machine it is some 0.02: the measuring process, the
test and the system, which have no role in the run."""
CROWD = 0.75
"""Share of all CPUs taken by others from which even a process that hardly needs a CPU waits for one. Half a CPU is a
quarter of two."""


def taken_by_others(tables: Path) -> float:
    """CPUs that were busy or stolen in a run's window, but not busy for the run's own server and generator."""
    used = pd.read_csv(tables / "processes.csv")
    is_host = used["role"] == "host"
    host, own = used[is_host].iloc[0], used[~is_host]
    return float(host["cpu"] + host["steal"] - own["cpu"].sum())


def is_crowd(others: float) -> bool:
    """Whether so many CPUs taken by others leave too few for any run."""
    return others >= CROWD * (psutil.cpu_count() or 1)
