"""A link of limited speed, made by the kernel: it paces what each connection sends.

The speed is divided equally among the connections that send at the moment, as a link between two machines would divide
it. The responses wait in the server's sockets, as they do there.
"""

import socket
import sys
import threading

_MAX_PACING_RATE = 47
"""SO_MAX_PACING_RATE of Linux, which the module `socket` does not name."""
_SEND_BUFFER_BYTES = 4096
_PIECE_BYTES = 4096
"""Pieces are kept apart (MSG_EOR): otherwise the kernel takes 64 KiB at once, whatever the size of its buffer. So a
thread sends until almost all of its response is on its way."""


class Link:
    """All connections of a server share it."""

    def __init__(self, bytes_per_s: float) -> None:
        """Make a link of this speed."""
        if sys.platform != "linux":
            raise OSError("only Linux paces connections")
        self._bytes_per_s = bytes_per_s
        self._sending: set[socket.socket] = set()
        self._lock = threading.Lock()

    def send(self, connection: socket.socket, data: bytes) -> None:
        """Send at this connection's part of the speed."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self._change(connection, begins=True)
        try:
            for begin in range(0, len(data), _PIECE_BYTES):
                connection.sendall(data[begin : begin + _PIECE_BYTES], socket.MSG_EOR)
        finally:
            self._change(connection, begins=False)

    def _change(self, connection: socket.socket, *, begins: bool) -> None:
        with self._lock:
            (self._sending.add if begins else self._sending.discard)(connection)
            for each in self._sending:
                each.setsockopt(
                    socket.SOL_SOCKET, _MAX_PACING_RATE, max(1, int(self._bytes_per_s / len(self._sending)))
                )
