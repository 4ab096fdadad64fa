"""TCP ports: find a free one, and refuse one that another process uses."""

import errno
import os
import socket

from loadstone.errors import ServerError, SystemFault

LOOPBACK = "127.0.0.1"
CONNECT_TIMEOUT_S = 1.0


def free_port(host: str = LOOPBACK, *, reserved: int | None = None) -> int:
    """Find a TCP port on `host`, this machine, that no process listens on, and that is not the `reserved` one.

    Raises `SystemFault` if there is none.
    """
    while (port := _find_port(host)) == reserved:
        pass
    return port


def _find_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        try:
            listener.bind((host, 0))
        except OSError as error:
            no_port_left = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
            raise SystemFault.of(no_port_left if error.errno == errno.EADDRINUSE else error, host) from None
        port: int = listener.getsockname()[1]
    return port


def refuse_unusable_port(port: int) -> None:
    """Raise `ServerError` if a server of ours cannot listen on `port` of 127.0.0.1."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError as error:
            raise ServerError(f"port {port} on {LOOPBACK} is taken: {error.strerror}") from None


def refuse_listener(host: str, port: int) -> None:
    """Raise `ServerError` if a process listens there already: the run would measure that one instead."""
    try:
        socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S).close()
    except OSError:
        return
    raise ServerError(f"another process already listens on port {port} of {host}")
