"""The tables of a run, `results/summaries/<experiment>/<repeat>/*.csv`: their columns, and reading them back.

`summarise` writes them. Times are in milliseconds and rates in requests/s, unless a column's name says otherwise.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import NonNegativeInt, TypeAdapter, ValidationError

from loadstone.errors import DamagedError, ResultError
from loadstone.plan.schedule import Plan, Run
from loadstone.suite.hypotheses import ALL
from loadstone.text import listed
from loadstone.theory.quantiles import shows_quantile

PERCENTILES = {"p50_ms": 0.50, "p90_ms": 0.90, "p95_ms": 0.95, "p99_ms": 0.99, "p99_9_ms": 0.999}
"""Column of `endpoints.csv` → the probability of its percentile."""

OTHER = "other"
"""Row that adds up the endpoints of a run without rows of their own: those with the fewest requests."""

OTHER_KINDS = "other kinds"
"""Name of the kinds of failure that are added up: those with the fewest requests."""

LATE_MS = 10.0
"""A request that is sent later than intended by more than this is late: far above a timer's error, far below the limit
of any objective."""

MAX_LATE_SHARE = 0.05
"""Share of late requests above which the load generator is behind its schedule."""

ENDPOINT_COLUMNS = {
    "endpoint": "name, or `all`",
    "requests": "requests that ended in the window",
    "failures": "requests of these that failed",
    "throughput_rps": "requests per second",
    "goodput_rps": "successful requests per second",
    "mean_ms": "mean response time of successful requests, from the intended start",
    **{name: f"exact {100 * p:g}th percentile of the response time" for name, p in PERCENTILES.items()},
    "max_ms": "longest response time",
    "server_ms": "mean time inside the server",
    "bytes_mean": "mean length of the body",
    "service_ms": "mean time from sending to the last byte; differs from mean_ms if requests were sent late",
    "lag_ms": "mean time from the intended start to sending, over all requests",
    "late": "requests sent more than 10 ms after the intended start",
    "failure_kinds": "JSON: kind of failure → number",
}
"""Columns of `endpoints.csv`, with their meanings: one row for all endpoints together, then one row per endpoint;
of many endpoints, the last ones are added up as `other`."""

LATENCY_COLUMNS = ["endpoint", "probability", "response_ms", "low_ms", "high_ms", "service_ms"]
"""Columns of `latency.csv`: one row per endpoint and probability.

`response_ms` is the quantile of the response times of successful requests in the window, `service_ms` that of their
times from sending. For the probabilities of `PERCENTILES`, the run's own percentile lies between `low_ms` and
`high_ms`, if requests are taken as independent.
"""

COURSE_COLUMNS = ["second", "requests", "failures", "mean_ms"]
"""Columns of `course.csv`: one row per second of the whole run, counted from the begin of the load.

`requests` and `failures` ended in that second; `mean_ms` is the mean response time of the successful requests.
"""

HEAT_COLUMNS = ["second", "until", "low_ms", "high_ms", "requests"]
"""Columns of `heat.csv`: one row per cell of a long run's heat map that holds requests; all are numbers.

`requests` counts the successful requests that ended in the seconds [`second`, `until`) of the load, with a response
time in [`low_ms`, `high_ms`).
"""

TIMELINE_PERCENTILES = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}
"""Column of `timeline.csv` → the probability of its percentile."""

TIMELINE_COLUMNS = {
    "begin_s": "begin of the bin, in seconds since the load began",
    "end_s": "end of the bin",
    "users": "mean number of users; empty if they were not counted",
    "requests": "requests that ended in the bin",
    "failures": "requests of these that failed",
    "failure_kinds": "JSON: kind of failure → number; the run's five most frequent kinds, and `other kinds`",
    "percentiles_until_s": "end of the time whose percentiles stand in this row; its begin is that of the bin",
    **{
        name: f"exact {100 * p:g}th percentile of the response time in that time; empty where so few requests show none"
        for name, p in TIMELINE_PERCENTILES.items()
    },
    "server_cpu": "CPUs that the server used; empty without samples",
    "generator_cpu": "CPUs that Locust used",
    "machine_cpu": "CPUs of the machine that were busy",
}
"""Columns of `timeline.csv`, with their meanings: one row per bin of the whole run.

Bins are equally wide, a quarter of a second or more, so that there are at most 240; the last one may be up to half
wider or narrower. What ended after the load was stopped is in the last bin. With few requests, several bins share their
percentiles: these stand in the row of the first, and are empty in the rows up to `percentiles_until_s`.
"""

PROCESS_COLUMNS = {
    "role": "server-master, server-worker, load-master, load-worker or host",
    "pid": "process id, 0 for the host",
    "cpu": "CPUs used, on average (1 = one core all the time)",
    "steal": "host only: CPUs withheld by the hypervisor, on average",
    "rss_max_mib": "largest resident memory, MiB",
    "voluntary_per_s": "voluntary context switches per second",
    "involuntary_per_s": "involuntary context switches per second",
    "run_queue": "host only: mean number of processes that ran or were ready to run",
}
"""Columns of `processes.csv`, with their meanings: one row per process of the run, and one for the host."""

COLUMNS: dict[str, Collection[str]] = {
    "endpoints": ENDPOINT_COLUMNS,
    "latency": LATENCY_COLUMNS,
    "course": COURSE_COLUMNS,
    "heat": HEAT_COLUMNS,
    "processes": PROCESS_COLUMNS,
    "timeline": TIMELINE_COLUMNS,
}
"""Table of a run → its columns."""

TEXTS = frozenset({"endpoint", "role", "failure_kinds"})
"""Columns that hold text; all others hold numbers."""

NEVER_EMPTY = frozenset(
    {"endpoint", "role", "requests", "failures", "second", "pid", "probability", "begin_s", "end_s"}
)
"""Columns in which every row has a value."""

RunKey = tuple[str, int]
"""Experiment and repeat."""


def read_run_tables(plan: Plan, summaries: Path, table: str) -> pd.DataFrame:
    """Read one table (a key of `COLUMNS`) of all runs of `plan`, in order of names.

    The columns `experiment` and `repeat` come first. Raises `ResultError` if a table is missing, `DamagedError` if one
    is damaged.
    """
    frames = [
        _read_table(summaries / run.experiment / str(run.repeat) / f"{table}.csv", run)
        for run in sorted(plan.runs, key=lambda run: (run.experiment, run.repeat))
    ]
    filled = [frame for frame in frames if not frame.empty]
    return pd.concat(filled, ignore_index=True) if filled else frames[0]


def read_present_tables(runs: Iterable[Run], summaries: Path, table: str) -> pd.DataFrame:
    """Read one table of some runs, as `read_run_tables`; runs of earlier versions that lack it are left out."""
    paths = [(summaries / run.experiment / str(run.repeat) / f"{table}.csv", run) for run in runs]
    frames = [_read_table(path, run) for path, run in paths if path.exists()]
    filled = [frame for frame in frames if not frame.empty]
    return pd.concat(filled, ignore_index=True) if filled else _no_rows(table)


def _no_rows(table: str) -> pd.DataFrame:
    columns = ["experiment", "repeat", *COLUMNS[table]]
    return pd.DataFrame({name: pd.Series(dtype=object if name in TEXTS else float) for name in columns})


def _read_table(path: Path, run: Run) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=_AS_TEXT, keep_default_na=False, na_values=_gaps(path.stem))
    except (OSError, ValueError) as error:
        raise ResultError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
    _check_table(path, frame)
    frame.insert(0, "experiment", run.experiment)
    frame.insert(1, "repeat", run.repeat)
    return frame


_AS_TEXT = {"endpoint": str, "failure_kinds": str}


def _gaps(table: str) -> dict[str, list[str]]:
    """State what a missing value is, by column; an endpoint may have any name, such as NA."""
    return {name: [""] for name in COLUMNS[table] if name != "endpoint"}


def _check_table(path: Path, frame: pd.DataFrame) -> None:
    """Raise `DamagedError` if a table is not one that `summarise` writes under this name."""
    expected = COLUMNS[path.stem]
    if list(frame.columns) != list(expected):
        cause = "damaged, or written by another version of Loadstone"
        raise DamagedError(f"{path}: {cause}: its columns are not {listed(expected)}", path)
    for name in expected:
        if not _is_sound(frame[name], name):
            raise DamagedError(f"{path}: damaged: column {name}", path)
    if path.stem == "endpoints" and not (frame["endpoint"].is_unique and frame["endpoint"].tolist()[:1] == [ALL]):
        raise DamagedError(f"{path}: damaged: its rows are not {ALL}, then each endpoint once", path)


def _is_sound(values: pd.Series, name: str) -> bool:
    """Whether a column holds what its name allows: text or finite numbers, and no gaps where there must be none."""
    if name in NEVER_EMPTY and (values.isna() | (values == "")).any():
        return False
    if name == "failure_kinds":
        return all(map(_counts_failures, values.dropna()))
    if name in TEXTS or not len(values):
        return True
    return pd.api.types.is_numeric_dtype(values) and not np.isinf(values.astype(float)).any()


_FAILURE_KINDS = TypeAdapter(dict[str, NonNegativeInt])


def _counts_failures(text: str) -> bool:
    """Whether a text is JSON that maps each kind of failure to a number."""
    try:
        _FAILURE_KINDS.validate_json(text, strict=True)
    except ValidationError:
        return False
    return True


def read_run_table(folder: Path, table: str, run: Run) -> pd.DataFrame:
    """Read one table of one run, with the columns `experiment` and `repeat` first.

    Raises `ResultError` where it is missing, `DamagedError` where it is damaged.
    """
    return _read_table(folder / f"{table}.csv", run)


def without_unshown(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the percentiles that so few requests do not show (`shows_quantile`): NaN in their place.

    Takes rows with the columns of `endpoints.csv`. The tables themselves keep these figures: they are maxima.
    """
    successes = table["requests"] - table["failures"]
    shown = {name: table[name].where(shows_quantile(successes, p)) for name, p in PERCENTILES.items()}
    return table.assign(**shown)
