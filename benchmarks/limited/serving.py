"""HTTP/1.1 by threads: a thread per connection, a pool of threads, or threads that each keep one connection.

Requests must be whole in their first bytes and have no body, as those of a simple GET are.
"""

import contextlib
import itertools
import random
import select
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.limited.link import Link

Work = Callable[[int], int]
"""Do a request's work for the connection of that number, and return the status of the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How requests are answered."""

    work: Work
    body: bytes = b"done\n"
    close: bool = False
    """Whether each connection carries one request only."""
    link: Link | None = None
    """What all responses share on their way, if anything. Their lengths differ then, up to that of the body."""

    def answer(self, connection: socket.socket, number: int) -> bool:
        """Answer one request; return whether another may follow on this connection."""
        try:
            request = connection.recv(65536)
            while request and not request.endswith(b"\r\n\r\n") and (more := connection.recv(65536)):
                request += more
            if not request:
                return False
            self._send(connection, self.work(number))
        except OSError:  # the client has gone
            return False
        return not self.close

    def _send(self, connection: socket.socket, status: int) -> None:
        if self.link is None:
            connection.sendall(response(status, self.body, close=self.close))
            return
        length = int(len(self.body) * random.uniform(0.2, 1))  # noqa: S311 - otherwise all responses end together
        self.link.send(connection, response(status, self.body[:length], close=self.close))


def response(status: int, body: bytes, *, close: bool = False) -> bytes:
    """Write a response."""
    reason = {200: "OK", 429: "Too Many Requests", 500: "Internal Server Error"}[status]
    ending = "Connection: close\r\n" if close else ""
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n{ending}\r\n"
    return head.encode() + body


def listen(port: int, backlog: int = 512, *, shared: bool = False) -> socket.socket:
    """Listen on 127.0.0.1; with `shared`, other processes may listen on the same port."""
    return socket.create_server(("127.0.0.1", port), backlog=backlog, reuse_port=shared)


def serve_by_threads(listener: socket.socket, service: Service, accept_s: float = 0.0) -> None:
    """Serve each connection by a thread of its own. Accepting one takes `accept_s` seconds beside."""
    for number in itertools.count():
        connection, _ = listener.accept()
        if accept_s:
            time.sleep(accept_s)
        threading.Thread(target=_serve, args=(connection, number, service), daemon=True).start()


def serve_few(listener: socket.socket, service: Service, threads: int) -> None:
    """Serve one connection per thread at a time, until its client closes it."""
    numbers = itertools.count()

    def serve_in_turn() -> None:
        while True:
            connection, _ = listener.accept()
            _serve(connection, next(numbers), service)

    for _ in range(threads - 1):
        threading.Thread(target=serve_in_turn, daemon=True).start()
    serve_in_turn()


def _serve(connection: socket.socket, number: int, service: Service) -> None:
    with connection:
        while service.answer(connection, number):
            pass


def serve_by_pool(listener: socket.socket, service: Service, threads: int) -> None:
    """Serve requests by a pool of threads, whichever their connections: as gunicorn's gthread workers do."""
    epoll = select.epoll()
    epoll.register(listener, select.EPOLLIN)
    connections: dict[int, socket.socket] = {}
    once = select.EPOLLIN | select.EPOLLONESHOT

    def answer(place: int) -> None:
        if service.answer(connections[place], place):
            epoll.modify(place, once)
        else:
            connections.pop(place).close()

    with ThreadPoolExecutor(threads) as pool:
        while True:
            for place, _ in epoll.poll():
                if place != listener.fileno():
                    pool.submit(answer, place)
                    continue
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    connections[connection.fileno()] = connection
                    epoll.register(connection, once)
