"""`sockets.parquet`: the server's TCP connections, sampled as `processes.parquet` is.

It has one row per process of the server and sample, and one row with pid 0 for what no process has accepted yet:

    time                s, unix
    pid                 process id; 0 for connections that no process has accepted; 2147483647 for a process that is
                        not known: one of another user, or one that the run did not start
    connections         clients' connections
    unread              of these, connections with bytes that the server has not read
    inside              of these, connections whose last bytes came in, were read, and are not yet answered
    unsent              of these, connections with bytes that the client's side has not taken yet
    downstream          connections to elsewhere that the process opened
    downstream_waiting  of these, connections on which the last bytes went out and no answer has come in
    backlog             pid 0 only: the most connections that may wait to be accepted

`inside`, `unsent` and `downstream_waiting` are null where the kernel shows no ages of the last bytes; `inside` and
`downstream_waiting` also where more than 5 % of the connections do not show which end sent last. `downstream` is null
where processes of the server do not show their sockets, and `backlog` where it is not shown. A server's connections to
its own port do not count as downstream.

Only Linux shows this. The file has no rows elsewhere, or if the server is on another machine, or listens in a network
of its own, such as that of a container. Its rows are of fewer times than those of `processes.parquet` if reading them
is costly.
"""

import pyarrow as pa

from loadstone.results.socket_pids import NOT_ACCEPTED, UNKNOWN_PROCESS

__all__ = ["NOT_ACCEPTED", "SOCKET_COUNTS", "SOCKET_SCHEMA", "UNKNOWN_PROCESS"]

SOCKET_COUNTS = ("connections", "unread", "inside", "unsent", "downstream", "downstream_waiting", "backlog")
"""Columns with a number of connections."""

SOCKET_SCHEMA = pa.schema(
    [("time", pa.float64()), ("pid", pa.int32()), *((name, pa.int32()) for name in SOCKET_COUNTS)]
)
