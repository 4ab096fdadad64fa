"""The resources that the processes of one run used during its window."""

from pathlib import Path

import numpy as np
import pandas as pd

from loadstone.errors import DamagedError
from loadstone.results.integrity import open_parquet, reading
from loadstone.results.tables import PROCESS_COLUMNS

COUNTERS = ("cpu_s", "rss_bytes", "threads", "voluntary", "involuntary", "steal_s")
"""Columns of samples. CPU seconds, context switches and steal are counters that grow."""
LATER_COUNTERS = (
    *("written_bytes", "iowait_s", "io_stalled_s", "cpu_stalled_s"),
    *("listen_overflows", "syn_retransmits", "throttled_s"),
)
"""Columns that files of earlier versions lack, all of them counters."""


def summarise_processes(path: Path, window: tuple[float, float]) -> pd.DataFrame:
    """Make the table of a file of samples: see `summarise_samples`. Raises `DamagedError` if the file is damaged."""
    return summarise_samples(read_samples(path), window)


def read_samples(path: Path) -> pd.DataFrame:
    """Read `processes.parquet`; columns that the file lacks hold NaN. Raises `DamagedError` if the file is damaged."""
    with reading(path), open_parquet(path) as file:
        samples: pd.DataFrame = file.read().to_pandas()
    for name in LATER_COUNTERS:
        if name not in samples:
            samples[name] = np.nan
    _check(path, samples)
    return samples


def summarise_samples(samples: pd.DataFrame, window: tuple[float, float]) -> pd.DataFrame:
    """Make a table with a row for each process and the host: see `PROCESS_COLUMNS`. The window is in unix seconds."""
    rows = [
        _row(str(group["role"].iloc[0]), int(group["pid"].iloc[0]), group, window)
        for _, group in samples.groupby(["role", "pid"], observed=True, sort=True)
        if len(group) > 1
    ]
    return pd.DataFrame(rows, columns=list(PROCESS_COLUMNS))


def _check(path: Path, samples: pd.DataFrame) -> None:
    """Raise `DamagedError` if a column is missing, or holds values that no sample has."""
    for name in ("role", "pid", "time", *COUNTERS, *LATER_COUNTERS):
        if name not in samples:
            raise DamagedError(f"{path}: damaged: no column {name}", path)
        if name != "role" and not pd.api.types.is_numeric_dtype(samples[name]):
            raise DamagedError(f"{path}: damaged: {name} is not a number", path)
    if samples[["role", "pid", "time"]].isna().any(axis=None):
        raise DamagedError(f"{path}: damaged: a sample has no process or no time", path)
    if np.isinf(samples[["time", *COUNTERS, *LATER_COUNTERS]]).any(axis=None):
        raise DamagedError(f"{path}: damaged: a sample holds an infinite number", path)


def _row(role: str, pid: int, samples: pd.DataFrame, window: tuple[float, float]) -> dict[str, object]:
    inside = samples[samples["time"].between(*window)]
    is_host = role == "host"
    return {
        "role": role,
        "pid": pid,
        "cpu": growth_rate(samples, "cpu_s", window) * lived_share(samples, window),
        "steal": growth_rate(samples, "steal_s", window) if is_host else None,
        "rss_max_mib": inside["rss_bytes"].max() / 2**20,
        "voluntary_per_s": growth_rate(samples, "voluntary", window),
        "involuntary_per_s": None if is_host else growth_rate(samples, "involuntary", window),
        "run_queue": inside["threads"].mean() if is_host else None,
    }


def lived_share(samples: pd.DataFrame, window: tuple[float, float]) -> float:
    """Share of the window in which a process lived, so that the CPUs of processes can be added."""
    begin, end = np.clip(window, samples["time"].min(), samples["time"].max())
    return float(end - begin) / (window[1] - window[0])


def growth_rate(samples: pd.DataFrame, counter: str, window: tuple[float, float]) -> float:
    """Growth of a counter per second between the exact ends of the window, interpolated between samples."""
    time = samples["time"].to_numpy(np.float64)
    at_ends = np.interp(window, time, samples[counter].to_numpy(np.float64))
    lived = np.clip(window, time[0], time[-1])  # a process may start after the window begins, or end before it ends
    length = float(lived[1] - lived[0])
    return float(at_ends[1] - at_ends[0]) / length if length > 0 else float("nan")
