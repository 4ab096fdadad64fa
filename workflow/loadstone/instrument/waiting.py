"""Decide when a user's next request begins: after a pause, or at a time that is fixed beforehand.

In a closed load, a user thinks after each response. In a paced load, a user's requests are due at equal intervals,
however long the responses take. In an open load, requests are due at a rate, and whichever user is free sends the next
one. A request of a paced or open load that is sent late keeps the time at which it was due, so that its delay counts
(coordinated omission: Tene, How NOT to Measure Latency, 2013; open and closed: Schroeder et al., NSDI 2006).
"""

import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

MAX_THINK_TIME_MEANS = 10.0
"""Means after which an exponential think time is cut off."""


class Waiting(Protocol):
    """Decides when a user's next request begins."""

    def next(self, draw: random.Random) -> tuple[float, float | None]:
        """Return the seconds to wait from now, and the unix time at which the request is due, if one is fixed."""


class Thinking:
    """A pause after each response."""

    def __init__(self, draw_seconds: Callable[[random.Random], float]) -> None:
        self._draw_seconds = draw_seconds

    def next(self, draw: random.Random) -> tuple[float, None]:
        """Draw a pause."""
        return self._draw_seconds(draw), None


class Pacing:
    """Equal intervals between one user's requests. The first is due at a random moment of the first interval."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._due: float | None = None

    def next(self, draw: random.Random) -> tuple[float, float]:
        """Move on by one interval, late or not."""
        now = time.time()
        self._due = now + draw.uniform(0, self._interval_s) if self._due is None else self._due + self._interval_s
        return max(0.0, self._due - now), self._due


class Arrivals:
    """Requests at a rate. All users of a worker share its part of the whole rate."""

    def __init__(self, rate: float, kind: str, rank: int, workers: int, seed: int) -> None:
        self._mean_interval_s = workers / rate
        self._poisson = kind == "poisson"
        self._random = random.Random(f"{seed}/arrivals/{rank}")  # noqa: S311 - not for secrets
        self._offset_s = rank / rate
        self._due: float | None = None

    def next(self, _: random.Random) -> tuple[float, float]:
        """Take the next arrival, for the user that calls: it is free."""
        now = time.time()
        if self._due is None:
            self._due = now + self._offset_s
        elif self._poisson:
            self._due += self._random.expovariate(1 / self._mean_interval_s)
        else:
            self._due += self._mean_interval_s
        return max(0.0, self._due - now), self._due


class WaitingPolicy(NamedTuple):
    """How the users of a worker wait."""

    make_waiting: Callable[[], Waiting]
    """Makes one user's `Waiting`; it may be the same for all."""
    waits_first: bool
    """Whether the first request is due at a fixed time too, so that a user waits before it."""


def make_policy(waiting: dict[str, Any], rank: int, workers: int, seed: int) -> WaitingPolicy:
    """Make the policy that `--loadstone-waiting` describes, for the worker of rank `rank`. Raises ValueError."""
    match waiting:
        case {"uniform": [low, high]}:
            return WaitingPolicy(lambda: Thinking(lambda draw: draw.uniform(low, high)), False)
        case {"exponential": mean}:
            return WaitingPolicy(
                lambda: Thinking(lambda draw: mean * min(MAX_THINK_TIME_MEANS, draw.expovariate(1))), False
            )
        case {"pacing": interval_s}:
            return WaitingPolicy(lambda: Pacing(interval_s), True)
        case {"rate": rate, "kind": kind}:
            arrivals = Arrivals(rate, kind, rank, workers, seed)
            return WaitingPolicy(lambda: arrivals, True)
    raise ValueError(f"--loadstone-waiting: {waiting!r} is not a policy; see --help")
