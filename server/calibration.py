"""The route GET /calibration: a demand that is known, so that an instrument can be checked by it.

A request first sleeps for an exponential time beside any number of others, then for another one alone: the
machine-repairman model, with the users as machines and one lock as the repairman. The route is no part of the album
API, so the OpenAPI document doesn't have it.
"""

import fcntl
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom
from typing import Annotated, Any

from flask import Response, jsonify
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from werkzeug.exceptions import InternalServerError

Milliseconds = Annotated[float, Field(ge=0, le=60_000, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid"))
class Demand:
    """What each request asks of the server, on average."""

    parallel_ms: Milliseconds = 0.0
    serial_ms: Milliseconds = 0.0
    failures: Annotated[float, Field(ge=0, le=1)] = 0.0


class SharedLock:
    """A lock among all threads of all processes that name the same file.

    `flock` belongs to an open file description, so each holder opens the file anew: threads exclude each other as
    processes do, and a forked process inherits no lock.
    """

    def __init__(self, path: Path) -> None:
        if _greenlets():
            raise ValueError("a gevent worker can't share the lock: waiting for it would stop all its greenlets")
        self._path = path
        path.touch()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock and hold it."""
        file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


def _greenlets() -> bool:
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


class Calibration:
    """Answers requests by sleeping as `demand` says."""

    def __init__(self, demand: Mapping[str, float], lock: Path | None) -> None:
        self._demand = Demand(**demand)
        if self._demand.serial_ms and lock is None:
            raise ValueError("calibration: serial_ms needs a lock")
        self._lock = SharedLock(lock) if self._demand.serial_ms and lock else None
        self._random = SystemRandom()  # draws from the kernel: forked workers share no sequence

    def answer(self) -> Response:
        """Sleep, and tell how long, waiting for the lock not counted; fail as often as wanted."""
        slept = self._sleep(self._demand.parallel_ms)
        if self._lock is not None:
            with self._lock.held():
                slept += self._sleep(self._demand.serial_ms)
        if self._random.random() < self._demand.failures:
            raise InternalServerError("failed, as calibration.failures wants it")
        return jsonify({"slept_ms": round(slept, 3)})

    def _sleep(self, mean_ms: float) -> float:
        began = time.perf_counter()
        time.sleep(self._random.expovariate(1) * mean_ms / 1000)
        return (time.perf_counter() - began) * 1000
