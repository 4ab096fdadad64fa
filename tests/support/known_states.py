"""A server whose threads are each in a known state: prints their ids and its port as JSON, and ends with its input.

Run as `python -m tests.support.known_states FOLDER`. It is its own client, and its own downstream service.
"""

import fcntl
import json
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from loadstone.results.thread_state import ThreadState

AGES_S = 600.0
EXPECTED = {
    "running": ThreadState.RUNNING,
    "lock": ThreadState.LOCK,
    "lock_with_timeout": ThreadState.LOCK,
    "file_lock": ThreadState.LOCK,
    "sleep": ThreadState.SLEEP,
    "select_nothing": ThreadState.SLEEP,
    "client": ThreadState.CLIENT,
    "client_with_timeout": ThreadState.CLIENT,
    "client_unix": ThreadState.CLIENT,
    "client_too_slow": ThreadState.CLIENT,
    "accept": ThreadState.ACCEPT,
    "accept_with_timeout": ThreadState.ACCEPT,
    "select_like_gunicorn": ThreadState.ACCEPT,
    "downstream": ThreadState.DOWNSTREAM,
    "downstream_with_timeout": ThreadState.DOWNSTREAM,
    "downstream_unix": ThreadState.DOWNSTREAM,
    "events": ThreadState.EVENTS,
    "poll_two": ThreadState.EVENTS,
    "pipe": ThreadState.PIPE,
    "socket_pair": ThreadState.PIPE,
}
"""Thread → its state."""


def pair_of(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Connect to a listener; return both ends, the accepted one first."""
    there = socket.socket(listener.family)
    there.connect(listener.getsockname())
    return listener.accept()[0], there


def with_timeout(here: socket.socket) -> socket.socket:
    here.settimeout(AGES_S)
    return here


def spin() -> None:
    while True:
        pass


def main() -> None:
    folder = Path(sys.argv[1])
    server, service = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(folder / "service"))
    unix.listen()
    clients = [pair_of(server) for _ in range(4)]
    services = [pair_of(service) for _ in range(2)]
    unix_pairs = [pair_of(unix) for _ in range(2)]
    pipe, alone = os.pipe(), socket.socketpair()
    lock = threading.Lock()
    lock.acquire()
    files = [(folder / "lock").open("w") for _ in range(2)]
    fcntl.flock(files[0], fcntl.LOCK_EX)
    epoll = select.epoll()
    epoll.register(server, select.EPOLLERR)
    poll = select.poll()
    for each, _ in clients[:2]:
        poll.register(each, select.POLLERR)
    poll.register(services[0][1], select.POLLERR)

    todo: dict[str, Callable[[], object]] = {
        "running": spin,
        "lock": lock.acquire,
        "lock_with_timeout": lambda: lock.acquire(timeout=AGES_S),
        "file_lock": lambda: fcntl.flock(files[1], fcntl.LOCK_EX),
        "sleep": lambda: time.sleep(AGES_S),
        "select_nothing": lambda: select.select([], [], [], AGES_S),
        "client": lambda: clients[0][0].recv(1),
        "client_with_timeout": lambda: with_timeout(clients[1][0]).recv(1),
        "client_unix": lambda: unix_pairs[0][0].recv(1),
        "client_too_slow": lambda: clients[2][0].sendall(bytes(1 << 26)),
        "accept": server.accept,
        "accept_with_timeout": lambda: with_timeout(server.dup()).accept(),
        "select_like_gunicorn": lambda: select.select([server, pipe[0]], [], [], AGES_S),
        "downstream": lambda: services[0][1].recv(1),
        "downstream_with_timeout": lambda: with_timeout(services[1][1]).recv(1),
        "downstream_unix": lambda: unix_pairs[1][1].recv(1),
        "events": epoll.poll,
        "poll_two": poll.poll,
        "pipe": lambda: os.read(pipe[0], 1),
        "socket_pair": lambda: alone[0].recv(1),
    }
    threads = {name: threading.Thread(target=target, daemon=True) for name, target in todo.items()}
    for thread in threads.values():
        thread.start()
    ids = {name: thread.native_id for name, thread in threads.items()}
    print(json.dumps({"port": server.getsockname()[1], "ids": ids}), flush=True)
    sys.stdin.read()
    os._exit(0)  # most threads would never end


if __name__ == "__main__":
    main()
