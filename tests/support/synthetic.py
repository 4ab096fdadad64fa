"""Made-up run folders of a closed system whose users think and wait, with every file of a measured run."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadstone.measure import collect_requests, sampler
from loadstone.plan.schedule import Run
from loadstone.results.processes import SAMPLE_SCHEMA
from loadstone.results.requests import REQUEST_SCHEMA, TEXT
from loadstone.results.run_record import RequestCounts, write_record
from loadstone.results.sockets import SOCKET_COUNTS, SOCKET_SCHEMA
from loadstone.results.threads import THREAD_SCHEMA
from loadstone.suite.load_settings import Load
from tests.support.records import make_record

START = 1_800_000_000.0
"""When the first run began, unix seconds."""
APART_S = 60.0
RAMP_UP_S = 2.0
ROUTES = ("GET /albums", "GET /albums/<id>", "POST /albums")
MEAN_RESPONSE_MS = 4.0
STEP_S = sampler.SAMPLE_INTERVAL_S
HOST_COUNTERS = (
    *("iowait_s", "io_stalled_s", "cpu_stalled_s"),
    *("listen_overflows", "syn_retransmits", "throttled_s"),
)
SERVER_PID, LOAD_PID = 1002, 1004
"""Process ids of the server's worker and of the load generator's, as `samples` numbers the roles of `CPU`."""
CPU = {"server-master": 0.001, "server-worker": 0.1, "load-master": 0.02, "load-worker": 0.15}
"""CPUs that each process uses."""


class ThreadDoes(NamedTuple):
    """What a thread does."""

    states: Sequence[str]
    """Its state in each sample, over and over."""
    cpu: float = 0.0
    """CPUs that it uses."""
    waited: float | None = 0.0
    """CPUs that it waits for."""


IDLE_THREADS = [ThreadDoes(("accept",)), *[ThreadDoes(("lock",))] * 3]


def write_run(results: Path, run: Run, number: int) -> int:
    """Write all files of one run; return the number of its requests."""
    folder = results / "runs" / run.experiment / str(run.repeat)
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "server.log").write_text("$ made up\n", encoding="utf-8")
    rng = np.random.default_rng(run.seed)
    began = START + APART_S * number
    begin = began + RAMP_UP_S + run.warm_up
    window = (begin, begin + run.duration)
    requests = _requests(run.load, began, window[1], rng)
    pq.write_table(
        requests, folder / "requests.parquet", compression="zstd", row_group_size=collect_requests.ROWS_PER_GROUP
    )
    pq.write_table(samples(began, window[1], rng), folder / "processes.parquet", compression="zstd")
    pq.write_table(threads(began, window[1], {("server-worker", SERVER_PID): IDLE_THREADS}), folder / "threads.parquet")
    pq.write_table(sockets(began, window[1], {SERVER_PID: {"connections": run.load.users}}), folder / "sockets.parquet")
    counts = RequestCounts(recorded=len(requests), locust=len(requests), server=len(requests))
    record = make_record(load_started=began, window=window)
    write_record(record.model_copy(update={"run": run, "counts": counts}), folder / "run.json")
    _write_locusts_own(folder, len(requests))
    return len(requests)


def _requests(load: Load, began: float, end: float, rng: np.random.Generator) -> pa.Table:
    """Let each user think and wait in turn until the end. Rows are in the order of time."""
    low, high = load.think_time if isinstance(load.think_time, tuple) else (0.0, 0.0)
    cycles = int(2 * (end - began) / max(low + (high - low) / 2, MEAN_RESPONSE_MS / 1000)) + 2
    think = rng.uniform(low, high, (load.users, cycles))
    response_ms = rng.lognormal(np.log(MEAN_RESPONSE_MS), 0.4, (load.users, cycles))
    spawned = began + np.linspace(0, RAMP_UP_S, load.users, endpoint=False)[:, None]
    finished = spawned + np.cumsum(think + response_ms / 1000, axis=1)
    user = np.broadcast_to(np.arange(load.users)[:, None], finished.shape)
    made = finished < end
    order = np.argsort(finished[made])

    def column(values: NDArray[np.generic]) -> NDArray[np.generic]:
        return values[made][order]

    rows = len(order)
    arrays = {
        "time": column(finished - response_ms / 1000),
        "endpoint": pa.DictionaryArray.from_arrays(rng.integers(0, len(ROUTES), rows, np.int32), list(ROUTES)),
        "user": column(user),
        "worker": column(user % load.workers),
        "response_ms": column(response_ms),
        "server_ms": column(response_ms) * 0.5,
        "bytes": rng.integers(60, 600, rows),
        "status": np.full(rows, 200),
        "error": pa.nulls(rows, TEXT),
        "intended": pa.nulls(rows, pa.float64()),
    }
    columns = [pa.array(arrays[field.name]).cast(field.type) for field in REQUEST_SCHEMA]
    return pa.Table.from_arrays(columns, schema=REQUEST_SCHEMA)


def samples(began: float, end: float, rng: np.random.Generator) -> pa.Table:
    """Sample processes that use the same CPU at all times, and the host."""
    times = np.arange(began, end, STEP_S)
    since = times - began
    parts = []
    for pid, (role, cpu) in enumerate([("host", 2 * sum(CPU.values())), *CPU.items()]):
        of_host, count = role == "host", len(times)
        used = np.cumsum(rng.uniform(0.8, 1.2, count)) * cpu * STEP_S
        parts.append(
            {
                "time": times,
                "role": [role] * count,
                "pid": np.full(count, 0 if of_host else 1000 + pid),
                "cpu_s": used,
                "rss_bytes": np.full(count, 2**26),
                "threads": np.full(count, 4),
                "voluntary": (since * 500).astype(np.int64),
                "involuntary": pa.nulls(count, pa.int64()) if of_host else (since * 20).astype(np.int64),
                "steal_s": np.zeros(count) if of_host else pa.nulls(count, pa.float64()),
                "written_bytes": pa.nulls(count, pa.int64()) if of_host else (since * 1000).astype(np.int64),
                **{name: np.zeros(count) if of_host else pa.nulls(count, pa.float64()) for name in HOST_COUNTERS},
            }
        )
    tables = [
        pa.Table.from_arrays([pa.array(part[f.name]).cast(f.type) for f in SAMPLE_SCHEMA], schema=SAMPLE_SCHEMA)
        for part in parts
    ]
    return pa.concat_tables(tables).unify_dictionaries().sort_by("time")


def threads(began: float, end: float, of: Mapping[tuple[str, int], Sequence[ThreadDoes]]) -> pa.Table:
    """Sample threads: role and process id → what each of its threads does. Their ids follow that of the process."""
    times = np.arange(began, end, STEP_S)
    rows: list[dict[str, object]] = []
    for place, time in enumerate(times.tolist()):
        for (role, pid), does in of.items():
            rows += [
                {
                    "time": time + 0.001 * number, "role": role, "pid": pid, "tid": pid * 100 + number,
                    "cpu_s": each.cpu * (time - began),
                    "waited_s": None if each.waited is None else each.waited * (time - began),
                    "state": each.states[place % len(each.states)],
                }
                for number, each in enumerate(does)
            ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=THREAD_SCHEMA)


def sockets(began: float, end: float, of: Mapping[int, Mapping[str, int]]) -> pa.Table:
    """Sample sockets: process id → counts, the same in all samples; 0 for those that no process has accepted."""
    none = dict.fromkeys(SOCKET_COUNTS, 0)
    rows = [
        {"time": time, "pid": pid} | none | counts
        for time in np.arange(began, end, STEP_S).tolist()
        for pid, counts in ({0: {}} | dict(of)).items()
    ]
    return pa.Table.from_pylist(rows, schema=SOCKET_SCHEMA)


def _write_locusts_own(folder: Path, requests: int) -> None:
    """Write Locust's own tables, as far as a stage reads them."""
    tables = {
        "stats": [["Type", "Name", "Request Count", "Failure Count"], ["", "Aggregated", requests, 0]],
        "stats_history": [["Timestamp", "User Count", "Type", "Name", "Requests/s"]],
        "failures": [["Method", "Name", "Error", "Occurrences"]],
        "exceptions": [["Count", "Message", "Traceback", "Nodes"]],
    }
    for name, rows in tables.items():
        with (folder / f"locust_{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
