"""The tables of a run, `results/summaries/<experiment>/<repeat>/*.csv`: their columns, and reading them back."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import NonNegativeInt, TypeAdapter, ValidationError

from loadstone.errors import DamagedError, ResultError
from loadstone.plan.schedule import Plan, Run
from loadstone.suite.hypotheses import ALL
from loadstone.text import listed

PERCENTILES = {"p50_ms": 0.50, "p90_ms": 0.90, "p95_ms": 0.95, "p99_ms": 0.99, "p99_9_ms": 0.999}

LATE_MS = 10.0
"""A request that is sent later than intended by more than this is late: far above a timer's error, far below the limit
of any objective."""

MAX_LATE_SHARE = 0.05
"""Share of late requests above which the load generator is behind its schedule."""

COURSE_COLUMNS = ["second", "requests", "failures", "mean_ms"]

LATENCY_COLUMNS = ["endpoint", "probability", "response_ms", "low_ms", "high_ms", "service_ms"]

ENDPOINT_COLUMNS = {
    "endpoint": "name, or `all`",
    "requests": "requests that ended in the window",
    "failures": "those of them that failed",
    "throughput_rps": "requests a second",
    "goodput_rps": "successful requests a second",
    "mean_ms": "mean response time of successful requests, from when they were to be sent",
    **{name: f"its exact {100 * p:g}th percentile" for name, p in PERCENTILES.items()},
    "max_ms": "its maximum",
    "server_ms": "mean time inside the server",
    "bytes_mean": "mean length of the body",
    "service_ms": "mean time from sending to the last byte: the response time, but for what began later than intended",
    "lag_ms": "mean time by which requests were sent later than intended, of all of them",
    "late": "requests that were sent more than 10 ms later than intended",
    "failure_kinds": "JSON: kind of failure → number",
}

HEAT_COLUMNS = ["second", "until", "low_ms", "high_ms", "requests"]

PROCESS_COLUMNS = {
    "role": "server-master, server-worker, load-master, load-worker or host",
    "pid": "process id, 0 for the host",
    "cpu": "CPUs used, on average (1 = one core all the time)",
    "steal": "host only: CPUs that the hypervisor withheld",
    "rss_max_mib": "most resident memory",
    "voluntary_per_s": "voluntary context switches a second",
    "involuntary_per_s": "involuntary context switches a second",
    "run_queue": "host only: mean number of processes that run or could",
}

COLUMNS: dict[str, Collection[str]] = {
    "endpoints": ENDPOINT_COLUMNS,
    "latency": LATENCY_COLUMNS,
    "course": COURSE_COLUMNS,
    "heat": HEAT_COLUMNS,
    "processes": PROCESS_COLUMNS,
}
"""Table of a run → its columns."""

TEXTS = frozenset({"endpoint", "role", "failure_kinds"})

NEVER_EMPTY = frozenset({"endpoint", "role", "requests", "failures", "second", "pid", "probability"})


RunKey = tuple[str, int]
"""Experiment and repeat."""


def gather(plan: Plan, summaries: Path, table: str) -> pd.DataFrame:
    """Stack one table (`endpoints`, `latency`, `course`, `processes`) of all runs of `plan`, in the order of names.

    Columns `experiment` and `repeat` lead. Raises `ResultError` where a run's table is missing or damaged.
    """
    frames = [
        _read(summaries / run.experiment / str(run.repeat) / f"{table}.csv", run)
        for run in sorted(plan.runs, key=lambda run: (run.experiment, run.repeat))
    ]
    filled = [frame for frame in frames if not frame.empty]
    return pd.concat(filled, ignore_index=True) if filled else frames[0]


def _read(path: Path, run: Run) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype={"failure_kinds": str})
    except (OSError, ValueError) as error:
        raise ResultError(f"{path}: can't be read: {str(error).splitlines()[0]}") from None
    expected = COLUMNS[path.stem]
    if list(frame.columns) != list(expected):
        whose = "damaged, or of another version of Loadstone"
        raise DamagedError(f"{path}: {whose}: its columns aren't {listed(expected)}", path)
    for name in expected:
        whole = name in NEVER_EMPTY
        is_text = name in TEXTS or not len(frame)
        if not (is_text or pd.api.types.is_numeric_dtype(frame[name])) or (whole and frame[name].isna().any()):
            raise DamagedError(f"{path}: damaged: column {name}", path)
        if not is_text and np.isinf(frame[name].astype(float)).any():
            raise DamagedError(f"{path}: damaged: column {name}", path)
        if name == "failure_kinds" and not all(map(_counts_failures, frame[name].dropna())):
            raise DamagedError(f"{path}: damaged: column {name}", path)
    if path.stem == "endpoints" and not (frame["endpoint"].is_unique and frame["endpoint"].tolist()[:1] == [ALL]):
        raise DamagedError(f"{path}: damaged: its rows aren't {ALL}, then each endpoint once", path)
    frame.insert(0, "experiment", run.experiment)
    frame.insert(1, "repeat", run.repeat)
    return frame


_KINDS = TypeAdapter(dict[str, NonNegativeInt])


def _counts_failures(text: str) -> bool:
    """Whether a text is JSON that gives each kind of failure its number."""
    try:
        _KINDS.validate_json(text, strict=True)
    except ValidationError:
        return False
    return True


def read_run_table(folder: Path, table: str, run: Run) -> pd.DataFrame:
    """Read one table of one run, with the columns `experiment` and `repeat` first.

    Raises `ResultError` where it is missing, `DamagedError` where it is damaged.
    """
    return _read(folder / f"{table}.csv", run)
