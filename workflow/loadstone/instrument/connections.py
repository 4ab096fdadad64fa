"""Refuse connections to hosts that the suite does not allow, whatever client opens them.

A load test that follows a redirect or a forgotten URL to a third party is an attack on it. All of Locust's sockets are
gevent's. Before one of them connects, or sends a packet without a connection, to an address that is neither on this
machine nor of an allowed host, the process ends, with a line that names the address and the host.

Python's audit hooks would see sockets of other kinds too, but cost 4 µs per request: every call of `id` passes them.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

import gevent
import gevent.socket

from .failures import REFUSED, end_process

METHODS = ("connect", "connect_ex", "sendto")
"""Methods of a socket that take an address. It is their last argument."""
RESOLVE_INTERVAL_S = 5.0
"""Seconds after which an unknown address makes the guard look up the allowed hosts again: their addresses may change.
"""
MAX_NAMES = 1000
"""Addresses whose host names are remembered."""


class ConnectionGuard:
    """Knows the addresses of the allowed hosts."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = list(hosts)
        self._allowed: set[str] = set()
        self._resolved = 0.0
        self._names: dict[str, str] = {}
        self._resolve()

    def _resolve(self) -> None:
        self._resolved = time.monotonic()
        for host in self._hosts:
            try:
                found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            except OSError:
                continue  # the client that connects reports it
            self._allowed |= {str(address[0]) for *_, address in found}

    def note_name(self, host: object, found: Sequence[Any]) -> None:
        """Remember the name by which the addresses in an answer of `getaddrinfo` were looked up."""
        addresses = [str(address[0]) for *_, address in found]
        if host in self._hosts:
            self._allowed.update(addresses)
        elif len(self._names) < MAX_NAMES:
            self._names |= dict.fromkeys(addresses, str(host))

    def allows(self, address: object) -> bool:
        """Return whether a socket may connect to an address as Python's `connect` takes it."""
        if not isinstance(address, tuple) or not address:
            return True  # a Unix socket is on this machine
        host = str(address[0])
        try:
            if _is_loopback(host):
                return True
        except ValueError:
            if host in ("localhost", "") or host in self._hosts:
                return True
        if host not in self._allowed and time.monotonic() > self._resolved + RESOLVE_INTERVAL_S:
            self._resolve()
        return host in self._allowed

    def check(self, address: Any) -> None:
        """End the process if a socket may not connect to an address."""
        if self.allows(address):
            return
        host, port = str(address[0]), address[1]
        known = self._names.get(host, host)
        name = f" ({known})" if known != host else ""
        end_process(
            f"a user connects to {host}{name}, port {port}, which is not the server under test; if its owner agrees to "
            "the load, list the host in load.allow_hosts",
            REFUSED,
        )


def _is_loopback(host: str) -> bool:
    """Whether an address is one of this machine's own; IPv4 addresses may be written as IPv6. Raises ValueError."""
    address = ipaddress.ip_address(host.partition("%")[0])
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def guard_connections(hosts: Sequence[str]) -> None:
    """Refuse connections to all hosts but this machine and those given. It cannot be undone."""
    guard = ConnectionGuard(hosts)
    for name in METHODS:
        setattr(gevent.socket.socket, name, _checked(getattr(gevent.socket.socket, name), guard))
    sendmsg = gevent.socket.socket.sendmsg

    def checked_sendmsg(sock: Any, buffers: Any, ancillary: Any = (), flags: int = 0, address: Any = None) -> Any:
        if address is None:
            return sendmsg(sock, buffers, ancillary, flags)
        guard.check(address)
        return sendmsg(sock, buffers, ancillary, flags, address)

    gevent.socket.socket.sendmsg = checked_sendmsg  # type: ignore[method-assign]
    resolver = gevent.get_hub().resolver
    look_up = resolver.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        found = look_up(host, *arguments, **options)
        guard.note_name(host, found)
        return found

    resolver.getaddrinfo = getaddrinfo  # type: ignore[method-assign]


def _checked(method: Callable[..., Any], guard: ConnectionGuard) -> Callable[..., Any]:
    def checked(sock: Any, *arguments: Any) -> Any:
        guard.check(arguments[-1])
        return method(sock, *arguments)

    return checked
