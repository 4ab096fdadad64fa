"""When a user's next request begins: after a pause of its own, or at a time that was set beforehand.

Closed: a user thinks after each response. Paced: a user's requests are to begin at equal distances, whatever the
responses take. Open: requests are to begin at a rate; whichever user is free takes the next one. In the last two a
request that begins late keeps the time at which it was to begin, so that what it waited for is not forgotten
(coordinated omission: Tene, How NOT to Measure Latency, 2013; open and closed: Schroeder et al., NSDI 2006).
"""

import random
import time
from collections.abc import Callable
from typing import Any, Protocol

MAX_THINK_TIME_MEANS = 10.0
"""Means after which an exponential pause is cut off."""


class Waiting(Protocol):
    """Decides when a user's next request begins."""

    def next(self, draw: random.Random) -> tuple[float, float | None]:
        """Return the seconds to wait from now, and when the request is to begin (unix), if that is set."""


class Thinking:
    """A pause after each response."""

    def __init__(self, seconds: Callable[[random.Random], float]) -> None:
        self._seconds = seconds

    def next(self, draw: random.Random) -> tuple[float, None]:
        """Draw a pause."""
        return self._seconds(draw), None


class Pacing:
    """Equal distances between one user's requests, from a random moment of the first."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next: float | None = None

    def next(self, draw: random.Random) -> tuple[float, float]:
        """Move on by one distance, late or not."""
        now = time.time()
        self._next = now + draw.uniform(0, self._seconds) if self._next is None else self._next + self._seconds
        return max(0.0, self._next - now), self._next


class Arrivals:
    """Requests at a rate, shared by all users of one worker: its share of the whole."""

    def __init__(self, rate: float, kind: str, rank: int, workers: int, seed: int) -> None:
        self._mean = workers / rate
        self._poisson = kind == "poisson"
        self._random = random.Random(f"{seed}/arrivals/{rank}")  # noqa: S311 - not for secrets
        self._offset = rank / rate
        self._next: float | None = None

    def next(self, _: random.Random) -> tuple[float, float]:
        """Take the next arrival: the user that asks is free and waits for it."""
        now = time.time()
        if self._next is None:
            self._next = now + self._offset
        else:
            self._next += self._random.expovariate(1 / self._mean) if self._poisson else self._mean
        return max(0.0, self._next - now), self._next


def policy(given: dict[str, Any], rank: int, workers: int, seed: int) -> tuple[Callable[[], Waiting], bool]:
    """Read `--waiting`: what makes a user's policy, and whether its requests have a time at which they are to begin."""
    match given:
        case {"uniform": [low, high]}:
            return lambda: Thinking(lambda draw: draw.uniform(low, high)), False
        case {"exponential": mean}:
            return lambda: Thinking(lambda draw: mean * min(MAX_THINK_TIME_MEANS, draw.expovariate(1))), False
        case {"pacing": seconds}:
            return lambda: Pacing(seconds), True
        case {"rate": rate, "kind": kind}:
            arrivals = Arrivals(rate, kind, rank, workers, seed)
            return lambda: arrivals, True
    raise ValueError(f"--waiting: {given!r}")
