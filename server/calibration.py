"""The route GET /calibration: a known demand, against which the instrument can be checked.

A request first sleeps for an exponential time, in parallel with any number of others, and then for another exponential
time under a lock, alone. This is the machine-repairman model: the users are the machines, the lock is the repairman.
The route is not part of the album API, so the OpenAPI document does not list it.
"""

import fcntl
import math
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from random import SystemRandom
from typing import Annotated, Any

from flask import Response, jsonify
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from werkzeug.exceptions import InternalServerError

Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]

STRATA = 20
"""Equally likely ranges from which a thread draws its parallel times in turn."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid"))
class Demand:
    """What a request costs the server: mean times in ms, and the share of requests that fail."""

    parallel_ms: Milliseconds = 0.0
    serial_ms: Milliseconds = 0.0
    failures: Annotated[float, Field(ge=0, le=1)] = 0.0


class Repairman:
    """Sleeps for one request at a time, among all threads of all processes that use the same lock file.

    A `flock` lock belongs to an open file description, so each request opens the file anew. Then threads exclude each
    other as processes do, and a forked process inherits no lock.

    Waking up and handing over the lock takes some tenths of a millisecond, which would lengthen every service. So the
    file holds the time at which the last service was due to end, and a request that waited for it counts from then.
    """

    def __init__(self, lock: Path) -> None:
        if _patched_by_gevent():
            raise ValueError("calibration: serial_ms: a gevent worker that waits for the lock stops all its greenlets")
        self._path = lock
        lock.touch()

    def serve(self, seconds: float) -> None:
        """Wait for the lock, and sleep while holding it."""
        arrived = time.monotonic_ns()
        with self._path.open("r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            now = time.monotonic_ns()
            free = min(now, int.from_bytes(file.read(8), "little"))  # 0 while the file is empty
            end = max(arrived, free) + round(seconds * 1e9)
            time.sleep(max(0, end - now) / 1e9)
            file.seek(0)
            file.write(end.to_bytes(8, "little"))


def _patched_by_gevent() -> bool:
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


class EvenDraws(threading.local):
    """Exponential times of mean 1. Of every `STRATA` in a row, one falls into each of as many equally likely ranges.

    Each time is exponential by itself, and their mean approaches 1 within seconds. The mean of independent draws would
    still be uncertain by 10 % after a hundred requests. For times without a queue nothing else changes: a network in
    which such times depend on the past of their own thread has the same product form (Baskett, Chandy, Muntz & Palacios
    1975, with one class per past). For times under the lock this does not hold, so those are drawn independently.
    """

    def __init__(self) -> None:
        self._random = SystemRandom()  # draws from the kernel: forked workers share no sequence
        self._ranges: list[int] = []

    def draw(self) -> float:
        """Draw the next time of this thread."""
        if not self._ranges:
            self._ranges = self._random.sample(range(STRATA), STRATA)
        return -math.log((self._ranges.pop() + 1 - self._random.random()) / STRATA)


class Calibration:
    """Answers requests after the sleeps that `demand` describes; it holds the fields of a `Demand`."""

    def __init__(self, demand: Mapping[str, float], lock: Path | None) -> None:
        self._demand = Demand(**demand)
        self._repairman: Repairman | None = None
        if self._demand.serial_ms:
            if lock is None:
                raise ValueError("calibration: serial_ms needs a lock")
            self._repairman = Repairman(lock)
        self._random = SystemRandom()
        self._even = EvenDraws()

    def answer(self) -> Response:
        """Sleep, then return how long, without the wait for the lock. Fail as often as the demand states."""
        parallel_ms = self._demand.parallel_ms * self._even.draw()
        serial_ms = self._demand.serial_ms * self._random.expovariate(1)
        if parallel_ms:
            time.sleep(parallel_ms / 1000)
        if self._repairman is not None:
            self._repairman.serve(serial_ms / 1000)
        if self._random.random() < self._demand.failures:
            raise InternalServerError("failed on purpose (calibration.failures)")
        return jsonify({"slept_ms": round(parallel_ms + serial_ms, 3)})
