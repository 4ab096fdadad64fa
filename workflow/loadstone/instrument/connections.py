"""Refuse connections to hosts that the suite does not allow, whatever client opens them.

A load test that follows a redirect or a forgotten URL to a third party is an attack on it. Python reports every
connection to an audit hook before it is opened; a connection to an address that is neither on this machine nor of an
allowed host ends the process, with a line that names the address and the last host name that was looked up.
"""

import ipaddress
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any

from .failures import REFUSED, end_process

EVENTS = frozenset({"socket.connect", "socket.sendto"})
"""What Python reports before it opens a connection, or sends a packet without one."""
RESOLVE_INTERVAL_S = 5.0
"""Seconds after which an unknown address makes the hook look up the allowed hosts again: their addresses may change."""


class ConnectionGuard:
    """Knows the addresses of the allowed hosts."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = list(hosts)
        self._allowed: set[str] = set()
        self._resolved = 0.0
        self._resolving = False
        self._name = ""
        self._resolve()

    def _resolve(self) -> None:
        self._resolved, self._resolving = time.monotonic(), True
        for host in self._hosts:
            try:
                found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            except OSError:
                continue  # the client that connects reports it
            self._allowed |= {str(address[0]) for *_, address in found}
        self._resolving = False

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

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Watch what Python reports: an audit hook."""
        if event == "socket.getaddrinfo" and not self._resolving:
            self._name = str(arguments[0])
        elif event in EVENTS and not self.allows(arguments[1]):
            host, port = arguments[1][0], arguments[1][1]
            name = f" ({self._name})" if self._name and self._name != host else ""
            end_process(
                f"a user connects to {host}{name}, port {port}, which is not the server under test; if its owner "
                f"agrees to the load, list the host in load.allow_hosts",
                REFUSED,
            )


def _is_loopback(host: str) -> bool:
    """Whether an address is one of this machine's own; IPv4 addresses may be written as IPv6. Raises ValueError."""
    address = ipaddress.ip_address(host.partition("%")[0])
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def guard_connections(hosts: Sequence[str]) -> None:
    """Refuse connections to all hosts but this machine and those given. It cannot be undone."""
    sys.addaudithook(ConnectionGuard(hosts).audit)
