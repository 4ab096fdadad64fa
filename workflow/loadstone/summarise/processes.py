"""What the processes of one run used during its window."""

from pathlib import Path

import numpy as np
import pandas as pd

from loadstone.errors import DamagedError
from loadstone.results.integrity import open_parquet, reading
from loadstone.results.tables import PROCESS_COLUMNS

COUNTERS = ("cpu_s", "rss_bytes", "threads", "voluntary", "involuntary", "steal_s")
"""What is sampled: see `loadstone.measure.probes`."""


def summarise_processes(path: Path, window: tuple[float, float]) -> pd.DataFrame:
    """Return a row for each process and the host: see `COLUMNS`. Raises `DamagedError` where the file is damaged."""
    with reading(path), open_parquet(path) as file:
        samples = file.read().to_pandas()
    _check(path, samples)
    rows = [
        _row(str(group["role"].iloc[0]), int(group["pid"].iloc[0]), group, window)
        for _, group in samples.groupby(["role", "pid"], observed=True, sort=True)
        if len(group) > 1
    ]
    return pd.DataFrame(rows, columns=list(PROCESS_COLUMNS))


def _check(path: Path, samples: pd.DataFrame) -> None:
    """Raise `DamagedError` where a column is missing or holds what no sample has."""
    for name in ("role", "pid", "time", *COUNTERS):
        if name not in samples:
            raise DamagedError(f"{path}: damaged: no column {name}", path)
        if name != "role" and not pd.api.types.is_numeric_dtype(samples[name]):
            raise DamagedError(f"{path}: damaged: {name} is no number", path)
    if samples[["role", "pid", "time"]].isna().any(axis=None) or np.isinf(samples[["time", *COUNTERS]]).any(axis=None):
        raise DamagedError(f"{path}: damaged: a sample without its process, or a figure without bounds", path)


def _row(role: str, pid: int, samples: pd.DataFrame, window: tuple[float, float]) -> dict[str, object]:
    inside = samples[samples["time"].between(*window)]
    is_host = role == "host"
    return {
        "role": role,
        "pid": pid,
        "cpu": _rate(samples, "cpu_s", window),
        "steal": _rate(samples, "steal_s", window) if is_host else None,
        "rss_max_mib": inside["rss_bytes"].max() / 2**20,
        "voluntary_per_s": _rate(samples, "voluntary", window),
        "involuntary_per_s": None if is_host else _rate(samples, "involuntary", window),
        "run_queue": inside["threads"].mean() if is_host else None,
    }


def _rate(samples: pd.DataFrame, counter: str, window: tuple[float, float]) -> float:
    """Growth of a counter a second, between the window's exact ends (interpolated between samples)."""
    time = samples["time"].to_numpy(np.float64)
    at_ends = np.interp(window, time, samples[counter].to_numpy(np.float64))
    seen = np.clip(window, time[0], time[-1])  # a process that came later or ended earlier
    length = float(seen[1] - seen[0])
    return float(at_ends[1] - at_ends[0]) / length if length > 0 else float("nan")
