"""Ask Linux for its sockets by netlink (`sock_diag(7)`): one question, and its answers as bytes."""

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterator

SOCK_DIAG = 4
TCP_OF_ALL_FAMILIES, BY_FAMILY = 18, 20
"""Kinds of questions. The first one, `TCPDIAG_GETSOCK`, is older and walks the kernel's table once for all families."""
REQUEST, DUMP = 0x1, 0x300
ERROR, DONE = 2, 3
HEADER = struct.Struct("=IHHII")
RECEIVE_BYTES = 1 << 18
PATIENCE_S = 1


class SockDiag:
    """A netlink socket. Raises OSError where the system has none, or refuses."""

    def __init__(self) -> None:
        family = getattr(socket, "AF_NETLINK", None)
        if family is None:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        self._socket = socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC, SOCK_DIAG)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", PATIENCE_S, 0))
        self._buffer = memoryview(bytearray(RECEIVE_BYTES))
        self._number = 0

    def ask(self, kind: int, question: bytes, *, every: bool) -> Iterator[tuple[memoryview, int, int]]:
        """Yield each answer as (buffer, place of its body, place of its end): of every socket, or of one.

        An answer is valid until the next one. Raises OSError if the kernel refuses the question.
        """
        self._number += 1
        flags = REQUEST | (DUMP if every else 0)
        size = HEADER.size + len(question)
        self._socket.send(HEADER.pack(size, kind, flags, self._number, 0) + question)
        while True:
            end, at = self._socket.recv_into(self._buffer), 0
            while at + HEADER.size <= end:
                length, answer, _, number, _ = HEADER.unpack_from(self._buffer, at)
                if number == self._number:  # otherwise it is left of an earlier question
                    if answer == DONE:
                        return
                    if answer == ERROR:
                        [code] = struct.unpack_from("=i", self._buffer, at + HEADER.size)
                        raise OSError(-code, os.strerror(-code))
                    yield self._buffer, at + HEADER.size, at + length
                    if not every:
                        return
                at += max(HEADER.size, (length + 3) & ~3)

    def close(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self._socket.close()
