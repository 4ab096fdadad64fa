"""What a thread does, or what it waits for: the states in `threads.parquet` and in the signals."""

from enum import StrEnum


class ThreadState(StrEnum):
    """What a thread does, or what it waits for."""

    RUNNING = "running"
    """It runs, or could run and waits for a CPU."""
    DISK = "disk"
    """It waits for a disk, or for something else that no signal interrupts."""
    LOCK = "lock"
    """It waits on a futex: for a lock, a condition, or a task for an idle thread of a pool. Or it waits for the lock of
    a file."""
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
