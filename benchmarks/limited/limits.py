"""The limits of servers that work by threads. Each function makes the work of a request, given its amounts."""

import ctypes
import itertools
import mmap
import os
import queue
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.limited.amounts import Amounts
from benchmarks.limited.serving import Work

OK, TOO_MANY, FAILED = 200, 429, 500


def compute(seconds: float) -> None:
    """Use CPU time of the calling thread."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def cpu(amounts: Amounts) -> Work:
    """Compute."""

    def work(_: int) -> int:
        compute(amounts.ms / 1000)
        return OK

    return work


def asleep(amounts: Amounts) -> Work:
    """Sleep, in parallel with all other requests; longer on slow connections."""

    def work(number: int) -> int:
        factor = amounts.factor if number % amounts.of < amounts.slow else 1.0
        time.sleep(factor * amounts.ms / 1000)
        return OK

    return work


def lock(amounts: Amounts) -> Work:
    """Sleep under a lock, as requests do that wait for something while they hold it."""
    held = threading.Lock()

    def work(_: int) -> int:
        with held:
            time.sleep(amounts.ms / 1000)
        return OK

    return work


def computing_lock(amounts: Amounts) -> Work:
    """Compute under a lock."""
    held = threading.Lock()

    def work(_: int) -> int:
        with held:
            compute(amounts.ms / 1000)
        return OK

    return work


def semaphore(amounts: Amounts) -> Work:
    """Sleep, a few requests at a time."""
    places = threading.BoundedSemaphore(amounts.at_once)

    def work(_: int) -> int:
        with places:
            time.sleep(amounts.ms / 1000)
        return OK

    return work


def connections(amounts: Amounts) -> Work:
    """Take one of a few connections from a queue, use it, and put it back: as pools of database connections do."""
    free: queue.Queue[int] = queue.Queue()
    for number in range(amounts.at_once):
        free.put(number)

    def work(_: int) -> int:
        taken = free.get()
        time.sleep(amounts.ms / 1000)
        free.put(taken)
        return OK

    return work


def downstream(amounts: Amounts) -> Work:
    """Ask another server, and wait for its answer. Each thread has a connection to it."""
    own = threading.local()

    def work(_: int) -> int:
        if not hasattr(own, "connection"):
            own.connection = socket.create_connection(("127.0.0.1", amounts.behind))
        own.connection.sendall(b"?\n")
        return OK if own.connection.recv(64) else FAILED

    return work


def pauses(amounts: Amounts) -> Work:
    """Sleep in parallel; from time to time the whole process stands still, as in a garbage collection.

    The pause holds the interpreter's lock, so that no thread proceeds.
    """
    threading.Thread(target=_stand_still, args=(amounts,), daemon=True).start()
    return asleep(amounts)


def _stand_still(amounts: Amounts) -> None:
    holding = ctypes.PyDLL(None)  # its functions keep the interpreter's lock, those of CDLL release it
    due = time.monotonic()
    while True:
        due += amounts.period_s
        time.sleep(max(0.0, due - time.monotonic()))
        holding.usleep(int(1000 * amounts.pause_ms))


def bucket(amounts: Amounts) -> Work:
    """Refuse what exceeds a rate, by a bucket of tokens that holds a tenth of a second's."""
    most = max(1.0, amounts.per_s / 10)
    guard = threading.Lock()
    left, filled = most, time.monotonic()

    def work(_: int) -> int:
        nonlocal left, filled
        with guard:
            now = time.monotonic()
            left, filled = min(most, left + amounts.per_s * (now - filled)), now
            if left < 1:
                return TOO_MANY
            left -= 1
        time.sleep(amounts.ms / 1000)
        return OK

    return work


def window(amounts: Amounts) -> Work:
    """Refuse what exceeds a number per second of the clock."""
    guard = threading.Lock()
    second, passed = 0, 0

    def work(_: int) -> int:
        nonlocal second, passed
        with guard:
            now = int(time.monotonic())
            second, passed = now, passed + 1 if now == second else 1
            if passed > amounts.per_s:
                return TOO_MANY
        time.sleep(amounts.ms / 1000)
        return OK

    return work


def turns(amounts: Amounts) -> Work:
    """Let each request sleep until its turn comes, at a rate."""
    guard = threading.Lock()
    last = time.monotonic()

    def work(_: int) -> int:
        nonlocal last
        with guard:
            last = max(time.monotonic(), last + 1 / amounts.per_s)
            turn = last
        time.sleep(max(0.0, turn - time.monotonic()))
        return OK

    return work


def disk(amounts: Amounts) -> Work:
    """Write to a file past the cache, and wait until it is on the disk.

    Each thread has a file of its own, which has no name and ends with the process. Exits where the folder is not on a
    disk.
    """
    size = 1024 * amounts.kib
    try:
        os.close(_open_unnamed(amounts.folder))
    except OSError as error:
        sys.exit(f"{amounts.folder}: no disk that can be written past the cache: {error.strerror}")
    own = threading.local()

    def work(_: int) -> int:
        if not hasattr(own, "file"):
            own.file, own.page = _open_unnamed(amounts.folder), mmap.mmap(-1, size)  # aligned, as O_DIRECT needs it
            own.page.write(os.urandom(size))
        os.pwrite(own.file, own.page, 0)
        os.fsync(own.file)
        return OK

    return work


def _open_unnamed(folder: str) -> int:
    descriptor, name = tempfile.mkstemp(dir=folder)
    os.close(descriptor)
    try:
        return os.open(name, os.O_RDWR | os.O_DIRECT | os.O_SYNC)
    finally:
        Path(name).unlink()


def leak(amounts: Amounts) -> Work:
    """Sleep, each request longer than the last."""
    count = itertools.count()

    def work(_: int) -> int:
        time.sleep(amounts.ms / 1000 + next(count) * amounts.growth_us / 1e6)
        return OK

    return work


def errors(amounts: Amounts) -> Work:
    """Sleep in parallel; a share of requests fails."""
    drawn = random.Random(1)  # noqa: S311 - not for secrets

    def work(_: int) -> int:
        time.sleep(amounts.ms / 1000)
        return FAILED if drawn.random() < amounts.share else OK

    return work


LIMITS: dict[str, Callable[[Amounts], Work]] = {
    "asleep": asleep,
    "bucket": bucket,
    "computing-lock": computing_lock,
    "connections": connections,
    "cpu": cpu,
    "disk": disk,
    "downstream": downstream,
    "errors": errors,
    "leak": leak,
    "lock": lock,
    "pauses": pauses,
    "semaphore": semaphore,
    "turns": turns,
    "window": window,
}
"""Name of a limit → what makes a request's work."""
