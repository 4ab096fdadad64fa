"""`threads.parquet`: what each thread of a run's processes was doing, sampled as `processes.parquet` is.

It has one row per thread and sample:

    time      s, unix
    role      as in processes.parquet
    pid       process id
    tid       thread id
    cpu_s     CPU seconds used since its start, user and system
    waited_s  seconds since its start in which it could have run and no CPU was free; null if the kernel does not say
    state     one of `ThreadState`

Only Linux shows this, and only of processes that the run started. The file has no rows elsewhere. A sample has at most
512 threads: the server's come first, and a process with more than are left has no rows at all. Rows are of fewer times
than those of `processes.parquet` if reading them is costly.
"""

import pyarrow as pa

from loadstone.results.thread_state import ThreadState

__all__ = ["THREAD_SCHEMA", "ThreadState"]

THREAD_SCHEMA = pa.schema(
    [
        ("time", pa.float64()),
        ("role", pa.dictionary(pa.int8(), pa.string())),
        ("pid", pa.int32()),
        ("tid", pa.int32()),
        ("cpu_s", pa.float64()),
        ("waited_s", pa.float64()),
        ("state", pa.dictionary(pa.int8(), pa.string())),
    ]
)
