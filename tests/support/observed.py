"""Runs made up from what a test says of their requests and samples, and the signals that follow."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadstone.plan.schedule import Run
from loadstone.results.requests import REQUEST_SCHEMA
from loadstone.results.run_record import RequestCounts, RunRecord
from loadstone.results.signals import Signals, read_signals
from loadstone.summarise.stage import summarise_folder
from tests.support.records import make_record
from tests.support.synthetic import samples

T0 = 1_800_000_000.0
BEGIN_S, END_S = 10.0, 30.0
"""The window, in seconds since the load began."""
SERVER = {"kind": "command", "argv": ["serve", "{port}"]}
EAGER = {"think_time": 0, "users": 10, "spawn_rate": 10}

Floats = NDArray[np.float64]


def requests_of(ended: Floats, response_s: Floats | float, user: Any = 0, status: Any = 200) -> pa.Table:
    """Lay out requests that ended at some moments (s since the load began); those with a status ≥ 400 failed."""
    count = len(ended)
    response = np.broadcast_to(np.asarray(response_s, float), count)
    statuses = np.broadcast_to(np.asarray(status), count)
    columns: dict[str, Any] = {
        "time": T0 + ended - response,
        "endpoint": ["GET /"] * count,
        "user": np.broadcast_to(np.asarray(user), count),
        "worker": np.zeros(count, int),
        "response_ms": 1000 * response,
        "server_ms": pa.nulls(count),
        "bytes": np.full(count, 10),
        "status": statuses,
        "error": [None if each < 400 else f"HTTP {each}" for each in statuses.tolist()],
        "intended": pa.nulls(count),
    }
    kept = (columns["time"] >= T0) & (ended < END_S + 0.9)
    table = pa.table([pa.array(columns[f.name]).cast(f.type) for f in REQUEST_SCHEMA], schema=REQUEST_SCHEMA)
    return table.filter(pa.array(kept)).sort_by("time")


def closed_load(
    rng: np.random.Generator,
    users: int,
    think_s: float,
    response_s: Callable[[np.random.Generator, int, int], Floats],
    pause: Callable[[float], float] = lambda _: 0.0,
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Let users send one request after the other, with exponential think times.

    `response_s` draws some response times of a user, `pause` states by how much the server delays a response that would
    end at a moment. Returns the ends, the response times and the users.
    """
    rows: list[tuple[float, float, int]] = []
    for user in range(users):
        now = float(rng.uniform(0, 0.1))
        while now < END_S + 1:
            draws = zip(
                rng.exponential(think_s, 256) if think_s else np.zeros(256), response_s(rng, 256, user), strict=True
            )
            for think, response in draws:
                sent = now + float(think)
                now = sent + float(response)
                now += pause(now)
                rows.append((now, now - sent, user))
    ends, responses, who = zip(*rows, strict=True)
    return np.array(ends), np.array(responses), np.array(who)


def write_files(
    folder: Path,
    requests: pa.Table,
    *,
    load: Mapping[str, Any] = EAGER,
    server: Mapping[str, Any] = SERVER,
    processes: pa.Table | None = None,
    **further: pa.Table,
) -> RunRecord:
    """Write the files of a run into a folder; `further` are its threads and sockets."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(requests, folder / "requests.parquet", row_group_size=5000)
    usual = samples(T0 - 2, T0 + END_S + 1, np.random.default_rng(1))
    pq.write_table(usual if processes is None else processes, folder / "processes.parquet")
    for name, table in further.items():
        pq.write_table(table, folder / f"{name}.parquet")
    text = json.dumps(
        {"experiment": "a", "repeat": 1, "seed": 1, "server": server, "load": {"requests": [{"get": "/"}], **load}}
    )
    counts = RequestCounts(recorded=len(requests), locust=len(requests), server=None)
    record = make_record(load_started=T0, window=(T0 + BEGIN_S, T0 + END_S))
    return record.model_copy(update={"run": Run.model_validate_json(text), "albums": None, "counts": counts})


def signals_of(folder: Path, requests: pa.Table, **further: Any) -> Signals:
    """Write the files of a run, summarise it, and read its signals back."""
    record = write_files(folder, requests, **further)
    summarise_folder(record, folder).write(folder / "summary")
    return read_signals(folder / "summary" / "signals.json")
