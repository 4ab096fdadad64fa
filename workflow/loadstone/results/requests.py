"""`requests.parquet`: every request of a run, as `measure` records it, and when a request ended.

It has one row per request, roughly in the order of time:

    time         s, unix: when it was sent
    endpoint     such as `GET /albums`
    user         number of the user, unique in the run
    worker       number of the Locust worker process
    response_ms  ms from sending to the last byte
    server_ms    ms inside the server, from its Server-Timing header
    bytes        length of the body
    status       HTTP status, 0 where no response came
    error        kind of failure, or null
    intended     s, unix: when it was due, in open and paced runs; otherwise null

A request has ended when its response is complete, and belongs to the window in which it ends: `end_times` and
`in_window` define this for all of Loadstone.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TEXT = pa.dictionary(pa.int32(), pa.string())
REQUEST_SCHEMA = pa.schema(
    [
        ("time", pa.float64()),
        ("endpoint", TEXT),
        ("user", pa.int32()),
        ("worker", pa.int16()),
        ("response_ms", pa.float64()),
        ("server_ms", pa.float64()),
        ("bytes", pa.int64()),
        ("status", pa.int16()),
        ("error", TEXT),
        ("intended", pa.float64()),
    ]
)


def end_times(batch: pa.RecordBatch) -> Floats:
    """When each request of a batch ended, unix seconds: the time of sending plus the response time."""
    return np.asarray(batch.column("time").to_numpy() + batch.column("response_ms").to_numpy() / 1000)


def in_window(times: Floats, window: tuple[float, float]) -> Bools:
    """Mark the times in [begin, end): a request belongs to the window if its end does."""
    begin, end = window
    return np.asarray((times >= begin) & (times < end))
