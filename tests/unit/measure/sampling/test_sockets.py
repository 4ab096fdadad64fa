"""The server's connections are counted by what they wait for, with real sockets."""

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from loadstone.measure.sampling import netlink
from loadstone.measure.sampling.sockets import ServerSockets, SocketSample
from loadstone.results.sockets import NOT_ACCEPTED, UNKNOWN_PROCESS

DEADLINE_S = 10.0
BACKLOG = 17

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows sockets of other processes")


class Ends:
    """Listeners and connections of this process, which is client, server and downstream service at once."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.server, self.service = (self._keep(socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)) for _ in "ab")
        self.port: int = self.server.getsockname()[1]

    def _keep(self, opened: socket.socket) -> socket.socket:
        return self._stack.enter_context(opened)

    def dial(self) -> socket.socket:
        """Connect as a client; nobody has accepted it yet."""
        return self._keep(socket.create_connection(self.server.getsockname()))

    def client(self) -> tuple[socket.socket, socket.socket]:
        """Return a client's end and the server's."""
        return self.dial(), self._keep(self.server.accept()[0])

    def downstream(self) -> tuple[socket.socket, socket.socket]:
        """Return the server's end of a connection that it opened, and the service's."""
        here = self._keep(socket.create_connection(self.service.getsockname()))
        return here, self._keep(self.service.accept()[0])


@pytest.fixture
def ends() -> Iterator[Ends]:
    with ExitStack() as stack:
        yield Ends(stack)


@pytest.fixture
def sockets() -> Iterator[ServerSockets]:
    sockets = ServerSockets()
    yield sockets
    sockets.close()


def own(rows: list[SocketSample], pid: int | None = None) -> SocketSample:
    [row] = [row for row in rows if row.pid == (os.getpid() if pid is None else pid)]
    return row


def exchange(asking: socket.socket, answering: socket.socket, times: int = 1) -> None:
    """Let one end send, and the other read and answer."""
    for _ in range(times):
        ask(asking, answering)
        answer(answering, asking)


def ask(asking: socket.socket, answering: socket.socket) -> None:
    asking.sendall(b"request")
    answering.recv(100)


answer = ask


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return met


def test_connections_that_are_not_accepted(ends: Ends, sockets: ServerSockets) -> None:
    ends.client()
    ends.dial().sendall(b"request")
    ends.dial()
    rows = sockets.sample(ends.port, [os.getpid()])
    waiting = own(rows, NOT_ACCEPTED)
    assert (waiting.connections, waiting.unread, waiting.backlog) == (2, 1, BACKLOG)
    assert own(rows).connections == 1
    assert own(rows).backlog is None


def test_unread_inside_and_idle_connections(ends: Ends, sockets: ServerSockets) -> None:
    unread, _ = ends.client()
    unread.sendall(b"request")
    ask(*ends.client())
    exchange(*ends.client())
    ends.client()
    found = own(sockets.sample(ends.port, [os.getpid()]))
    assert (found.connections, found.unread, found.inside, found.unsent) == (4, 1, 1, 0)


@pytest.mark.parametrize("earlier", [3, 40])
def test_a_request_that_follows_a_response_at_once_is_inside(ends: Ends, sockets: ServerSockets, earlier: int) -> None:
    """Both are of one tick of the kernel's clock, most of the time."""
    busy, idle = ends.client(), ends.client()
    exchange(*busy, earlier)
    exchange(*idle, earlier)
    ask(*busy)
    assert own(sockets.sample(ends.port, [os.getpid()])).inside == 1
    time.sleep(0.06)  # longer than an acknowledgement is delayed
    assert own(sockets.sample(ends.port, [os.getpid()])).inside == 1
    answer(busy[1], busy[0])
    assert own(sockets.sample(ends.port, [os.getpid()])).inside == 0


def test_a_response_in_two_parts_does_not_hide_the_next_request(ends: Ends, sockets: ServerSockets) -> None:
    """The second part waits for an acknowledgement of the first one, which the client's side delays."""
    there, here = ends.client()
    for _ in range(8):
        ask(there, here)
        for part in (b"head", b"body"):
            here.sendall(part)
        got = b""
        while len(got) < 8:
            got += there.recv(100)
    assert own(sockets.sample(ends.port, [os.getpid()])).inside == 0
    ask(there, here)
    assert own(sockets.sample(ends.port, [os.getpid()])).inside == 1


def test_a_client_that_does_not_take_its_response(ends: Ends, sockets: ServerSockets) -> None:
    there, here = ends.client()
    ask(there, here)
    here.setblocking(False)
    while True:
        try:
            here.send(bytes(1 << 20))
        except BlockingIOError:
            break
    found = own(sockets.sample(ends.port, [os.getpid()]))
    assert (found.unsent, found.inside) == (1, 0)


@pytest.mark.parametrize("earlier", [0, 3, 40])
def test_downstream_connections(ends: Ends, sockets: ServerSockets, earlier: int) -> None:
    waiting, idle, unread = ends.downstream(), ends.downstream(), ends.downstream()
    for pair in (waiting, idle, unread):
        exchange(*pair, earlier)
    exchange(*idle)
    ask(*unread)
    unread[1].sendall(b"response")
    ask(*waiting)
    found = own(sockets.sample(ends.port, [os.getpid()]))
    assert (found.connections, found.downstream, found.downstream_waiting) == (0, 3, 1)


def test_new_connections_find_their_process(ends: Ends, sockets: ServerSockets) -> None:
    ends.client()
    assert own(sockets.sample(ends.port, [os.getpid()])).connections == 1
    ends.client()
    assert own(sockets.sample(ends.port, [os.getpid()])).connections == 2


def test_a_server_whose_processes_are_not_known(ends: Ends, sockets: ServerSockets) -> None:
    ask(*ends.client())
    rows = sockets.sample(ends.port, [])
    assert {row.pid for row in rows} == {NOT_ACCEPTED, UNKNOWN_PROCESS}
    unknown = own(rows, UNKNOWN_PROCESS)
    assert (unknown.connections, unknown.inside, unknown.downstream, unknown.downstream_waiting) == (1, 1, None, None)


def test_a_client_that_has_left_holds_no_unread_bytes(ends: Ends, sockets: ServerSockets) -> None:
    there, _ = ends.client()
    there.shutdown(socket.SHUT_WR)
    assert until(lambda: own(sockets.sample(ends.port, [os.getpid()])).connections == 1)
    assert own(sockets.sample(ends.port, [os.getpid()])).unread == 0


def test_no_rows_if_nothing_listens_there(ends: Ends, sockets: ServerSockets) -> None:
    ends.server.close()
    assert sockets.sample(ends.port, [os.getpid()]) == []


def test_without_netlink_the_tables_show_less_and_nothing_false(
    ends: Ends, sockets: ServerSockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(netlink, "SOCK_DIAG", 31)  # a protocol that no kernel has
    unread, _ = ends.client()
    unread.sendall(b"request")
    ask(*ends.client())
    ends.dial()
    rows = sockets.sample(ends.port, [os.getpid()])
    assert own(rows)[2:] == (2, 1, None, None, 0, None, None)
    assert own(rows, NOT_ACCEPTED)[2:] == (1, 0, None, None, 0, None, None)
    assert sockets.sample(ends.port, [os.getpid()]) == [], "at most once per second"
