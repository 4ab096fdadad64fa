"""What a Unix-domain socket is for: by its own name and that of its other end (`linux/unix_diag.h`)."""

import errno
import socket
import struct

from loadstone.measure.sampling.netlink import BY_FAMILY, HEADER, SockDiag
from loadstone.results.thread_state import ThreadState

NAME, PEER = 0, 2
"""Numbers of attributes."""
SHOW_NAME_AND_PEER = 0x1 | 0x4
LISTEN = 10
ATTRIBUTES = 16
"""Place of the first attribute in a message's body."""
ANY_COOKIE = 0xFFFFFFFF


def state_of_unix_socket(netlink: SockDiag, inode: int) -> ThreadState | None:
    """Return what a thread waits for at this socket; None if it is no Unix-domain socket. Raises OSError.

    A socket with a name was accepted from a listener, so its other end is a client. Where the other end has the name,
    it leads to a service. Pairs without names are pipes.
    """
    found = _ask(netlink, inode)
    if found is None:
        return None
    state, is_named, peer = found
    if state == LISTEN:
        return ThreadState.ACCEPT
    if is_named:
        return ThreadState.CLIENT
    if peer is None:
        return ThreadState.PIPE
    other = _ask(netlink, peer)
    return ThreadState.PIPE if other is not None and not other[1] else ThreadState.DOWNSTREAM


def _ask(netlink: SockDiag, inode: int) -> tuple[int, bool, int | None] | None:
    """Return a socket's state, whether it has a name, and the inode of its other end; None if there is none."""
    question = struct.pack(
        "=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, inode, SHOW_NAME_AND_PEER, ANY_COOKIE, ANY_COOKIE
    )
    try:
        for buffer, begin, step, _ in netlink.ask(BY_FAMILY, question, every=False):
            at, end = begin + HEADER.size, begin + step
            is_named, peer, place = False, None, at + ATTRIBUTES
            while place + 4 <= end:
                length, number = struct.unpack_from("=HH", buffer, place)
                if number == NAME:
                    is_named = length > 4
                elif number == PEER:
                    [peer] = struct.unpack_from("=I", buffer, place + 4)
                place += max(4, (length + 3) & ~3)
            return buffer[at + 2], is_named, peer
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
    return None
