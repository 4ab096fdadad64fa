"""Count the connections of a run's server, per process, and state what a socket is for."""

import contextlib
import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from loadstone.measure.sampling.netlink import SockDiag
from loadstone.measure.sampling.pace import Pace
from loadstone.measure.sampling.tcp_sockets import CLOSE_WAIT, ESTABLISHED, INFO, LISTEN, TcpSocket, TcpTable
from loadstone.measure.sampling.unix_sockets import state_of_unix_socket
from loadstone.results.socket_pids import NOT_ACCEPTED, UNKNOWN_PROCESS
from loadstone.results.thread_state import ThreadState

OWNERS_S = 5.0
"""Seconds after which owners are looked for again, even if no socket is new: a process may have passed one on."""
MAX_UNCLEAR = 0.05
"""Share of connections that do not show whether a request is under way, above which their number is null."""
TABLES_EVERY = 4
"""Samples from one reading of `/proc/net/tcp` to the next."""


class SocketSample(NamedTuple):
    """One row; see `loadstone.results.sockets`."""

    time: float
    pid: int
    connections: int
    unread: int
    inside: int | None
    unsent: int | None
    downstream: int | None
    downstream_waiting: int | None
    backlog: int | None


class _Count:
    """Numbers of connections of one process."""

    def __init__(self) -> None:
        self.connections = self.unread = self.inside = self.unsent = self.downstream = self.waiting = 0
        self.unclear = self.unclear_downstream = 0


class ServerSockets:
    """The TCP sockets of this machine as of the last reading, and the processes of the server that hold them."""

    def __init__(self) -> None:
        self._table = TcpTable()
        self._pace = Pace()
        self._sockets: list[TcpSocket] = []
        self._kinds: dict[int, ThreadState] | None = None
        self._listening: set[int] = set()
        self._owners: dict[int, int | None] = {}
        self._pids: list[int] = []
        self._shown: set[int] = set()
        self._is_hidden = False
        self._looked = 0.0
        self._netlink: SockDiag | None = None
        self._failed = False

    def sample(self, port: int, pids: Sequence[int]) -> list[SocketSample]:
        """Read the sockets if that is due, and count those of the server at `port`, whose processes are `pids`.

        No rows if nothing listens there, as far as this machine shows it.
        """
        if self._failed or not self._pace.is_due():
            return []
        try:
            with self._pace.spending():
                now = time.time()
                self._sockets = self._table.read(port)
                self._pace.least = 1 if self._table.is_netlink else TABLES_EVERY
                self._kinds = None
                self._listening = {each.net_port for each in self._sockets if each.state == LISTEN}
                if socket.htons(port) not in self._listening:
                    return []
                self._find_owners(pids)
                return self._count(now, socket.htons(port), pids)
        except (OSError, ValueError):
            self._failed, self._sockets = True, []
            return []

    def state_of(self, inode: int) -> ThreadState:
        """Return what a thread waits for at the socket; `OTHER` if that is not known."""
        if self._kinds is None:
            self._kinds = {each.inode: self._state_of_tcp(each) for each in self._sockets}
        state = self._kinds.get(inode)
        if state is None and self._table.is_netlink:
            with contextlib.suppress(OSError):
                self._netlink = self._netlink or SockDiag()
                state = state_of_unix_socket(self._netlink, inode)
        return state or ThreadState.OTHER

    def close(self) -> None:
        """Close what is open."""
        self._table.close()
        if self._netlink is not None:
            self._netlink.close()

    def _state_of_tcp(self, each: TcpSocket) -> ThreadState:
        if each.state == LISTEN:
            return ThreadState.ACCEPT
        return ThreadState.CLIENT if each.net_port in self._listening else ThreadState.DOWNSTREAM

    def _find_owners(self, pids: Sequence[int]) -> None:
        """Look up which process holds which socket, if there are new ones."""
        now = time.monotonic()
        is_same = list(pids) == self._pids and now < self._looked + OWNERS_S
        if is_same and all(each.inode in self._owners for each in self._sockets):
            return
        held, self._shown, self._is_hidden = _sockets_of(pids)
        self._owners = {each.inode: held.get(each.inode) for each in self._sockets}
        self._pids, self._looked = list(pids), now

    def _count(self, now: float, net_port: int, pids: Iterable[int]) -> list[SocketSample]:
        counts = {pid: _Count() for pid in (NOT_ACCEPTED, *pids) if pid == NOT_ACCEPTED or pid in self._shown}
        backlog, is_complete = 0, True
        for each in self._sockets:
            if each.state == LISTEN:
                backlog += each.to_send if each.net_port == net_port else 0
                continue
            if each.state not in (ESTABLISHED, CLOSE_WAIT):
                continue
            owner = self._owners.get(each.inode)
            if each.net_port == net_port:
                pid = (owner or UNKNOWN_PROCESS) if each.inode else NOT_ACCEPTED
                count = counts.setdefault(pid, _Count())
                count.connections += 1
                if each.received and each.is_unread:
                    count.unread += 1
                elif each.attribute == INFO and each.inode:
                    asks = each.asks_last(incoming=True)
                    count.inside += bool(asks)
                    count.unclear += asks is None
                if each.to_send:
                    count.unsent += each.is_blocked
                is_complete &= each.attribute == INFO
            elif owner is not None and each.net_port not in self._listening:
                counts[owner].downstream += 1
                if each.attribute == INFO and each.state == ESTABLISHED and not each.received:
                    asks = each.asks_last(incoming=False)
                    counts[owner].waiting += bool(asks)
                    counts[owner].unclear_downstream += asks is None
                is_complete &= each.attribute == INFO
        is_complete &= self._table.is_netlink
        is_held = bool(self._shown) and not self._is_hidden
        return [
            SocketSample(
                time=now,
                pid=pid,
                connections=count.connections,
                unread=count.unread,
                inside=count.inside if is_complete and is_clear(count.unclear, count.connections) else None,
                unsent=count.unsent if is_complete else None,
                downstream=count.downstream if is_held else None,
                downstream_waiting=(
                    count.waiting
                    if is_held and is_complete and is_clear(count.unclear_downstream, count.downstream)
                    else None
                ),
                backlog=backlog if pid == NOT_ACCEPTED and self._table.is_netlink else None,
            )
            for pid, count in counts.items()
        ]


def is_clear(unclear: int, connections: int) -> bool:
    """Whether few enough connections do not show if a request is under way."""
    return unclear <= MAX_UNCLEAR * connections


def _sockets_of(pids: Iterable[int]) -> tuple[dict[int, int], set[int], bool]:
    """Return the sockets that processes hold open, inode → pid, the first one's if several hold it.

    Returns also the processes that show what they hold, and whether one of them does not, though it runs.
    """
    held: dict[int, int] = {}
    shown: set[int] = set()
    is_hidden = False
    for pid in pids:
        try:
            with _folder(f"/proc/{pid}/fd") as folder:
                for name in os.listdir(folder):  # noqa: PTH208 - relative to the descriptor
                    with contextlib.suppress(FileNotFoundError):  # it was closed
                        link = os.readlink(name, dir_fd=folder)
                        if link.startswith("socket:["):
                            held.setdefault(int(link[8:-1]), pid)
            shown.add(pid)
        except OSError as error:
            is_hidden |= isinstance(error, PermissionError)
    return held, shown, is_hidden


@contextlib.contextmanager
def _folder(path: str) -> Iterator[int]:
    """Open a folder, so that the names in it need no search from the root. Raises OSError."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)
