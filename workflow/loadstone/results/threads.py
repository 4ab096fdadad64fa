"""`threads.parquet`: what each thread of a run's processes was doing, sampled as `processes.parquet` is.

It has one row per thread and sample:

    time      s, unix
    role      as in processes.parquet
    pid       process id
    tid       thread id
    cpu_s     CPU seconds used since its start, user and system
    waited_s  seconds since its start in which it could have run and no CPU was free; null if the kernel does not say
    state     one of `ThreadState`

Only Linux shows this, and only of processes that the run started. The file has no rows elsewhere.
"""

from enum import StrEnum

import pyarrow as pa


class ThreadState(StrEnum):
    """What a thread does, or what it waits for."""

    RUNNING = "running"
    """It runs, or could run and waits for a CPU."""
    DISK = "disk"
    """It waits for a disk, or for something else that no signal interrupts."""
    LOCK = "lock"
    """It waits on a futex: for a lock, a condition, or a task for an idle thread of a pool."""
    SLEEP = "sleep"
    """It sleeps for a time that it chose."""
    CLIENT = "client"
    """It reads from a client's connection, or writes to one."""
    ACCEPT = "accept"
    """It waits for a new connection."""
    DOWNSTREAM = "downstream"
    """It waits for a socket that leads elsewhere: a database, a cache, another service."""
    EVENTS = "events"
    """It waits for any of several descriptors: an event loop."""
    PIPE = "pipe"
    """It waits for a pipe, or for the end of another process."""
    OTHER = "other"
    """It waits for something else, or the kernel does not show for what."""


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
