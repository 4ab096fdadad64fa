"""Process ids in `sockets.parquet` that stand for no process."""

NOT_ACCEPTED = 0
"""Connections that no process has accepted yet."""
UNKNOWN_PROCESS = 2**31 - 1
"""Connections of a process that is not known: one of another user, or one that the run did not start. Linux gives no
process such an id."""
