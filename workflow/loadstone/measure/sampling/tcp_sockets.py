"""The TCP sockets of this machine that a run can concern: from netlink, else from `/proc/net/tcp`.

The fields of the messages are those of `linux/inet_diag.h` and of `struct tcp_info` in `linux/tcp.h`.
"""

import errno
import socket
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from loadstone.measure.sampling.netlink import HEADER, TCP_OF_ALL_FAMILIES, Answers, SockDiag

ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, LISTEN = 1, 4, 5, 8, 10
"""States of a connection (`net/tcp_states.h`)."""
WANTED = (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, LISTEN)
STATES = sum(1 << state for state in WANTED)
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))

EQUAL_PEER_PORT, JUMP = 12, 1
"""Steps of a program by which the kernel leaves out sockets."""
INFO = 2
"""Number of the attribute with `struct tcp_info`."""
MAX_SEGMENTS = 4
"""Segments of a response up to which their number can show whether all requests are answered."""
MAX_ACKNOWLEDGE_MS = 250
"""Milliseconds after which the other end has acknowledged what it has got; Linux waits 200 at most."""
MIN_INFO_BYTES = 160
"""Its size as far as it is read; kernels before 4.6 have less."""
ATTRIBUTES = 72
"""Place of the first attribute in a message's body."""

SOCKET = "=xBxxHH48xII4xI"
"""State, both ports, bytes received, bytes to send, inode."""
SOCKET_BYTES = struct.calcsize(SOCKET)
PROGRESS = "H24xI16xI4xII76xIII4xII"
"""From the second word of the attribute's header: its number, and the rest of `TcpSocket`."""
WITHOUT_PROGRESS = (0,) * 10


class TcpSocket(NamedTuple):
    """A listener, or this machine's end of a connection. Ages are in milliseconds, as exact as the kernel's tick."""

    state: int
    net_port: int
    """Local port in the byte order of the network."""
    net_peer: int
    """The same of the other end."""
    received: int
    """Bytes that are not read; for a listener, connections that are not accepted."""
    to_send: int
    """Bytes that are not acknowledged; for a listener, the most connections that may wait to be accepted."""
    inode: int
    """0 for a connection that is not accepted."""
    attribute: int
    """`INFO` if the fields from here on are known."""
    unacknowledged: int
    sent_age: int
    received_age: int
    acknowledged_age: int
    segments_out: int
    segments_in: int
    unsent: int
    data_in: int
    data_out: int

    @property
    def is_unread(self) -> bool:
        """Whether it holds bytes that no process has read. The end of a connection counts as a byte in the kernel."""
        return self.received > (self.state == CLOSE_WAIT)

    @property
    def is_blocked(self) -> bool:
        """Whether the other end does not take what is to be sent. Bytes that are not yet acknowledged are normal."""
        return self.unsent > 0 or (self.to_send > 0 and self.sent_age > MAX_ACKNOWLEDGE_MS)

    def asks_last(self, *, incoming: bool) -> bool | None:
        """Whether the last data are a request: came in, on an incoming connection, or went out, on another.

        Often a request follows a response in the same tick of the kernel's clock. Then acknowledgements decide: the
        end that was to send next sent its data along with its acknowledgement. If both came in one tick too, the
        numbers of segments decide. None if they do not show it.
        """
        if not (self.data_in and self.data_out):
            return self.data_in > self.data_out if incoming else self.data_out > self.data_in
        if self.received_age != self.sent_age:
            return (self.received_age < self.sent_age) == incoming
        if self.unacknowledged or self.acknowledged_age < self.received_age:
            return not incoming  # this end has sent last
        return self._counts_ask(incoming=incoming)

    def _counts_ask(self, *, incoming: bool) -> bool | None:
        """Decide by segments: if each response has the same number, all have a multiple of the requests.

        With one request under way, it is a multiple of one less. Else it is decided by which end acknowledges apart
        from its data: an end that is to send next has no need to.
        """
        requests, responses = (self.data_in, self.data_out) if incoming else (self.data_out, self.data_in)
        if responses <= MAX_SEGMENTS * requests:
            is_answered, is_asked = responses % requests == 0, requests > 1 and responses % (requests - 1) == 0
            if is_answered != is_asked:
                return is_asked
        apart_in, apart_out = self.segments_in - self.data_in, self.segments_out - self.data_out
        by_answering, by_asking = (apart_out - 1, apart_in - 2) if incoming else (apart_in - 1, apart_out - 2)
        if by_answering > 2 * by_asking:
            return True
        return False if by_asking > 2 * by_answering else None


class TcpTable:
    """Reads TCP sockets."""

    def __init__(self) -> None:
        self.is_netlink = True
        """Whether they come from netlink. The other way costs more, and shows less."""
        self._filters = True
        self._netlink: SockDiag | None = None
        self._shapes: dict[int, struct.Struct | None] = {}

    def read(self, port: int) -> list[TcpSocket]:
        """List the sockets, without those whose other end has `port`: they are the clients of the server there.

        Raises OSError if the system shows none, ValueError if it shows them in another form.
        """
        if self.is_netlink:
            try:
                self._netlink = self._netlink or SockDiag()
                return self._dump(self._netlink, port)
            except OSError:
                self.close()
                self.is_netlink = False
        return read_tables(port)

    def close(self) -> None:
        """Close what is open."""
        if self._netlink is not None:
            self._netlink.close()
            self._netlink = None

    def _dump(self, netlink: SockDiag, port: int) -> list[TcpSocket]:
        question = struct.pack("=BxxB48xI4x", socket.AF_INET, 1 << (INFO - 1), STATES)
        if self._filters:
            try:
                return self._read(netlink, question + _other_port_than(port))
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self._filters = False  # a kernel before 4.16
        other = socket.htons(port)
        return [each for each in self._read(netlink, question) if each.net_peer != other]

    def _read(self, netlink: SockDiag, question: bytes) -> list[TcpSocket]:
        found: list[TcpSocket] = []
        for answers in netlink.ask(TCP_OF_ALL_FAMILIES, question, every=True):
            if answers.length not in self._shapes:
                self._shapes[answers.length] = _find_shape(answers)
            found += _unpack(answers, self._shapes[answers.length])
        return found


def _unpack(answers: Answers, shape: struct.Struct | None) -> list[TcpSocket]:
    """Read sockets, with their progress where they have the `shape` of the first one."""
    if shape is None:
        rest = answers.length - HEADER.size - SOCKET_BYTES
        rows = struct.iter_unpack(f"={HEADER.size}x{SOCKET[1:]}{rest}x", answers.whole())
        return [TcpSocket._make((*row, *WITHOUT_PROGRESS)) for row in rows]
    found = list(map(TcpSocket._make, shape.iter_unpack(answers.whole())))
    if all(each.attribute == INFO for each in found):
        return found
    known = len(TcpSocket._fields) - len(WITHOUT_PROGRESS)
    return [each if each.attribute == INFO else TcpSocket._make((*each[:known], *WITHOUT_PROGRESS)) for each in found]


def _find_shape(answers: Answers) -> struct.Struct | None:
    """Find the place of `struct tcp_info` in the first answer; None if it has none, or one that is too short."""
    begin, end = answers.at + HEADER.size + ATTRIBUTES, answers.at + answers.length
    place = begin
    while place + 4 <= end:
        length, number = struct.unpack_from("=HH", answers.buffer, place)
        if number == INFO:
            known = f"={HEADER.size}x{SOCKET[1:]}{place + 2 - begin}x{PROGRESS}"
            rest = answers.length - struct.calcsize(known)
            return struct.Struct(f"{known}{rest}x") if length - 4 >= MIN_INFO_BYTES else None
        place += max(4, (length + 3) & ~3)
    return None


def _other_port_than(port: int) -> bytes:
    """Make the attribute by which the kernel leaves out sockets whose other end has `port`.

    It is a program of three steps of four bytes, code, yes, no: where to go on, relative to the step. To go beyond the
    end by one step rejects the socket.
    """
    steps = struct.pack("=BBH", EQUAL_PEER_PORT, 8, 12)
    steps += struct.pack("=BBH", 0, 0, port)
    steps += struct.pack("=BBH", JUMP, 4, 8)
    return struct.pack("=HH", 4 + len(steps), 1) + steps


def read_tables(port: int, tables: Iterable[Path] = TABLES) -> list[TcpSocket]:
    """List the same sockets from the tables in `/proc/net`, which show no progress.

    Raises OSError if there is none, and ValueError for tables of another form.
    """
    texts = [table.read_bytes() for table in tables if table.exists()]
    if not texts:
        raise OSError(errno.ENOENT, "no table of TCP sockets")
    found: list[TcpSocket] = []
    for line in b"".join(texts).splitlines():
        words = line.split(maxsplit=10)
        if len(words) < 10 or words[0] == b"sl" or (state := int(words[3], 16)) not in WANTED:
            continue
        here, there = (socket.htons(int(word.rpartition(b":")[2], 16)) for word in words[1:3])
        if there == socket.htons(port):
            continue
        to_send, received = (int(part, 16) for part in words[4].split(b":"))
        found.append(TcpSocket(state, here, there, received, to_send, int(words[9]), *WITHOUT_PROGRESS))
    return found
