"""The route GET /calibration: a demand that is known, so that an instrument can be checked by it.

A request first sleeps for an exponential time beside any number of others, then for another one alone: the
machine-repairman model, with the users as machines and one lock as the repairman. The route is no part of the album
API, so the OpenAPI document doesn't have it.
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
"""Equally likely ranges that the times beside others are drawn from in turn."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid"))
class Demand:
    """What requests ask of the server: mean times, and the share of them that fail."""

    parallel_ms: Milliseconds = 0.0
    serial_ms: Milliseconds = 0.0
    failures: Annotated[float, Field(ge=0, le=1)] = 0.0


class Repairman:
    """Sleeps for one request at a time among all threads of all processes that name the same lock file.

    `flock` belongs to an open file description, so each request opens the file anew: threads exclude each other as
    processes do, and a forked process inherits no lock.

    To wake up and to pass the lock on takes some tenths of a millisecond, by which every service would be longer than
    told. So the file holds the time at which the last one was due to end, and one that waited for it counts from there.
    """

    def __init__(self, lock: Path) -> None:
        if _patched_by_gevent():
            raise ValueError("calibration: serial_ms: a gevent worker that waits for the lock stops all its greenlets")
        self._path = lock
        lock.touch()

    def serve(self, seconds: float) -> None:
        """Wait for the lock and sleep while holding it."""
        arrived = time.monotonic_ns()
        with self._path.open("r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            now = time.monotonic_ns()
            free = min(now, int.from_bytes(file.read(8), "little"))  # 0 while it is empty
            end = max(arrived, free) + round(seconds * 1e9)
            time.sleep(max(0, end - now) / 1e9)
            file.seek(0)
            file.write(end.to_bytes(8, "little"))


def _patched_by_gevent() -> bool:
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


class EvenDraws(threading.local):
    """Exponential times of mean 1, of which every `STRATA` in a row fall into as many equally likely ranges.

    Each is exponential by itself, and in a few seconds their mean comes near to the one told: a weight of independent
    draws would be known to 10 % after a hundred requests. For times that nobody waits for nothing else changes: a
    network in which they depend on the past of their own thread has the same product form (Baskett, Chandy, Muntz &
    Palacios 1975, with a class for each past). For times under the lock that would not be so.
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
    """Answers requests after the sleeps that `demand`, the fields of a `Demand`, tells of."""

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
        """Sleep, then tell how long, waiting for the lock not counted; fail as often as wanted."""
        parallel_ms = self._demand.parallel_ms * self._even.draw()
        serial_ms = self._demand.serial_ms * self._random.expovariate(1)
        if parallel_ms:
            time.sleep(parallel_ms / 1000)
        if self._repairman is not None:
            self._repairman.serve(serial_ms / 1000)
        if self._random.random() < self._demand.failures:
            raise InternalServerError("failed, as calibration.failures wants it")
        return jsonify({"slept_ms": round(parallel_ms + serial_ms, 3)})
