"""The route GET /calibration: a demand that is known, so that an instrument can be checked by it.

A request first sleeps for an exponential time beside any number of others, then for another one alone: the
machine-repairman model, with the users as machines and one lock as the repairman. The route is no part of the album
API, so the OpenAPI document doesn't have it.
"""

import fcntl
import sys
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


class Calibration:
    """Answers requests after the sleeps that `demand`, the fields of a `Demand`, tells of."""

    def __init__(self, demand: Mapping[str, float], lock: Path | None) -> None:
        self._demand = Demand(**demand)
        self._repairman: Repairman | None = None
        if self._demand.serial_ms:
            if lock is None:
                raise ValueError("calibration: serial_ms needs a lock")
            self._repairman = Repairman(lock)
        self._random = SystemRandom()  # draws from the kernel: forked workers share no sequence

    def answer(self) -> Response:
        """Sleep, then tell how long, waiting for the lock not counted; fail as often as wanted."""
        parallel_ms = self._draw(self._demand.parallel_ms)
        serial_ms = self._draw(self._demand.serial_ms)
        if parallel_ms:
            time.sleep(parallel_ms / 1000)
        if self._repairman is not None:
            self._repairman.serve(serial_ms / 1000)
        if self._random.random() < self._demand.failures:
            raise InternalServerError("failed, as calibration.failures wants it")
        return jsonify({"slept_ms": round(parallel_ms + serial_ms, 3)})

    def _draw(self, mean: float) -> float:
        return mean * self._random.expovariate(1)
