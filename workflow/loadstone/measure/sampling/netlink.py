"""Ask Linux for its sockets by netlink (`sock_diag(7)`): one question, and its answers as bytes."""

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

SOCK_DIAG = 4
TCP_OF_ALL_FAMILIES, BY_FAMILY = 18, 20
"""Kinds of questions. The first one, `TCPDIAG_GETSOCK`, is older and walks the kernel's table once for all families."""
REQUEST, DUMP = 0x1, 0x300
ERROR, DONE = 2, 3
HEADER = struct.Struct("=IHHII")
RECEIVE_BYTES = 1 << 18
PATIENCE_S = 1


class Answers(NamedTuple):
    """Answers of the same length, one after the other in a buffer."""

    buffer: memoryview
    at: int
    """Place of the first one's header."""
    length: int
    """Bytes from one header to the next."""
    number: int

    def whole(self) -> memoryview:
        """Return their bytes."""
        return self.buffer[self.at : self.at + self.number * self.length]


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

    def ask(self, kind: int, question: bytes, *, every: bool) -> Iterator[Answers]:
        """Yield the answers: of every socket, or of one.

        Those of the same length come together, as they do by the hundred: to read them one by one would cost as much as
        the kernel's own work. They are valid until the next ones. Raises OSError if the kernel refuses the question.
        """
        self._number += 1
        flags = REQUEST | (DUMP if every else 0)
        size = HEADER.size + len(question)
        self._socket.send(HEADER.pack(size, kind, flags, self._number, 0) + question)
        while True:
            end, at = self._socket.recv_into(self._buffer), 0
            while at + HEADER.size <= end:
                length, answer, _, number, _ = HEADER.unpack_from(self._buffer, at)
                step = max(HEADER.size, (length + 3) & ~3)
                alike = 1
                if number == self._number:  # otherwise it is left of an earlier question
                    if answer == DONE:
                        return
                    if answer == ERROR:
                        [code] = struct.unpack_from("=i", self._buffer, at + HEADER.size)
                        raise OSError(-code, os.strerror(-code))
                    alike = _count_alike(self._buffer[at:end], step) if every else 1
                    yield Answers(self._buffer, at, step, alike)
                    if not every:
                        return
                at += alike * step

    def close(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self._socket.close()


def _count_alike(buffer: memoryview, step: int) -> int:
    """Count the messages from the first one on that have its length, kind and number."""
    headers = struct.iter_unpack(f"=IH2xI{step - 12}x", buffer[: len(buffer) // step * step])
    first = next(headers, None)
    return 1 + sum(1 for _ in takewhile(first.__eq__, headers))
