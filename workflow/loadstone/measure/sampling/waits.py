"""What a sleeping thread waits for, by the system call in which it sleeps (Linux, `/proc/PID/task/TID/syscall`)."""

import platform
import struct
from collections.abc import Callable, Iterator

from loadstone.results.thread_state import ThreadState

MAX_FEW = 8
"""Descriptors of a poll or select up to which each is looked at. With more, the thread waits for events."""
MAX_SELECT = 1024
"""Descriptors that a set of the C library can hold."""

CALLS: dict[str, tuple[int | None, int | None]] = {
    "accept": (43, 202),
    "accept4": (288, 242),
    "clock_nanosleep": (230, 115),
    "connect": (42, 203),
    "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441),
    "epoll_wait": (232, None),
    "fcntl": (72, 25),
    "flock": (73, 32),
    "futex": (202, 98),
    "futex_wait": (455, 455),
    "futex_waitv": (449, 449),
    "nanosleep": (35, 101),
    "poll": (7, None),
    "ppoll": (271, 73),
    "pselect6": (270, 72),
    "read": (0, 63),
    "readv": (19, 65),
    "recvfrom": (45, 207),
    "recvmmsg": (299, 243),
    "recvmsg": (47, 212),
    "select": (23, None),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "sendfile": (40, 71),
    "sendmmsg": (307, 269),
    "sendmsg": (46, 211),
    "sendto": (44, 206),
    "splice": (275, 76),
    "wait4": (61, 260),
    "waitid": (247, 95),
    "write": (1, 64),
    "writev": (20, 66),
}
"""System call → its number on x86_64 and on aarch64 (Linux, `unistd_64.h` and `asm-generic/unistd.h`)."""
MACHINES = ("x86_64", "aarch64")

OF_CALL = {
    **dict.fromkeys(("futex", "futex_wait", "futex_waitv", "flock", "fcntl", "semop", "semtimedop"), ThreadState.LOCK),
    **dict.fromkeys(("nanosleep", "clock_nanosleep"), ThreadState.SLEEP),
    **dict.fromkeys(("accept", "accept4"), ThreadState.ACCEPT),
    **dict.fromkeys(("epoll_wait", "epoll_pwait", "epoll_pwait2"), ThreadState.EVENTS),
    **dict.fromkeys(("wait4", "waitid"), ThreadState.PIPE),
    "connect": ThreadState.DOWNSTREAM,
}
"""System calls that say by themselves what the thread waits for. `fcntl` sleeps only for the lock of a file."""
ON_DESCRIPTOR = {
    *("read", "readv", "recvfrom", "recvmsg", "recvmmsg"),
    *("write", "writev", "sendto", "sendmsg", "sendmmsg", "sendfile", "splice"),
}
"""System calls that wait for their first argument, a descriptor."""

OF_KERNEL_FUNCTION = (
    ("futex_", ThreadState.LOCK),
    ("locks_lock_inode_wait", ThreadState.LOCK),
    ("flock_lock_inode_wait", ThreadState.LOCK),
    ("fcntl_setlk", ThreadState.LOCK),
    ("hrtimer_nanosleep", ThreadState.SLEEP),
    ("do_nanosleep", ThreadState.SLEEP),
    ("ep_poll", ThreadState.EVENTS),
    ("do_epoll_wait", ThreadState.EVENTS),
    ("inet_csk_accept", ThreadState.ACCEPT),
    ("pipe_", ThreadState.PIPE),
    ("anon_pipe_", ThreadState.PIPE),
    ("do_wait", ThreadState.PIPE),
)
"""Begin of the name of the kernel's function in which a thread sleeps → the state, where the name is enough."""

ReadMemory = Callable[[int, int], bytes]
"""Reads memory of the process: address and number of bytes. Raises OSError."""


def names_of_calls(machine: str = platform.machine()) -> dict[int, str]:
    """Return the names of system calls by number; none for a machine whose numbers are not known."""
    if machine not in MACHINES:
        return {}
    at = MACHINES.index(machine)
    return {number: name for name, numbers in CALLS.items() if (number := numbers[at]) is not None}


NAMES = names_of_calls()


def read_wait(line: bytes, read_memory: ReadMemory) -> ThreadState | tuple[int, ...]:
    """Return the state that a line of `/proc/PID/task/TID/syscall` stands for, or the descriptors that it waits for.

    Raises OSError if memory of the process is needed and cannot be read, and ValueError for a line of another form.
    """
    words = line.split()
    if words[:1] == [b"running"]:
        return ThreadState.RUNNING
    name = NAMES.get(int(words[0]))
    if name is None or len(words) < 7:
        return ThreadState.OTHER
    arguments = [int(word, 16) for word in words[1:7]]
    if name in OF_CALL:
        return OF_CALL[name]
    if name in ON_DESCRIPTOR:
        return (_as_int(arguments[0]),)
    read_descriptors = _polled if name in ("poll", "ppoll") else _selected
    descriptors = read_descriptors(arguments, read_memory)
    if descriptors is None or len(descriptors) > MAX_FEW:
        return ThreadState.EVENTS
    return tuple(sorted(descriptors)) or ThreadState.SLEEP


def state_of_kernel_function(name: str) -> ThreadState:
    """Return the state that a line of `/proc/PID/task/TID/wchan` stands for; a socket's other end is not in it."""
    return next((state for begin, state in OF_KERNEL_FUNCTION if name.startswith(begin)), ThreadState.OTHER)


def combine(states: set[ThreadState]) -> ThreadState:
    """Return the state of a thread that waits for several descriptors, each of which stands for a state.

    A pipe next to others is there to wake the thread: a worker of gunicorn waits for its listener and for such a pipe.
    """
    if len(states) > 1:
        states = states - {ThreadState.PIPE, ThreadState.OTHER}
    return states.pop() if len(states) == 1 else ThreadState.EVENTS


def _as_int(register: int) -> int:
    return register & 0x7FFFFFFF


def _polled(arguments: list[int], read_memory: ReadMemory) -> set[int] | None:
    """Read the descriptors of `poll(fds, nfds, …)`; None if they are many."""
    address, count = arguments[0], _as_int(arguments[1])
    if count > MAX_FEW:
        return None
    entries = struct.iter_unpack("=ihh", read_memory(address, 8 * count)) if count else ()
    return {descriptor for descriptor, *_ in entries if descriptor >= 0}


def _selected(arguments: list[int], read_memory: ReadMemory) -> set[int] | None:
    """Read the descriptors of `select(nfds, readfds, writefds, exceptfds, …)`; None if they are many."""
    count, sets = _as_int(arguments[0]), [address for address in arguments[1:4] if address]
    if count > MAX_SELECT:
        return None
    size = (count + 63) // 64 * 8  # the sets consist of words
    return {bit for address in sets if size for bit in _bits(read_memory(address, size)) if bit < count}


def _bits(words: bytes) -> Iterator[int]:
    number = int.from_bytes(words, "little")
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest
