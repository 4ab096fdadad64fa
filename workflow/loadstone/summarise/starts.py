"""The intended starts of an open or paced load: how many a run recorded, and whether they are as many as it asks for.

Users of the album API and of declared requests send one request per intended start. A task of a locustfile may send
several, of which only the first has an intended start, or none: then nothing shows that its start was kept.
"""

import math
from dataclasses import dataclass

from loadstone.results.tables import MAX_LATE_SHARE
from loadstone.suite.load_settings import Load

SIGMAS = 4.0
"""Standard deviations of a Poisson process by which starts may be fewer: by chance they are once in 30,000 runs."""


@dataclass(frozen=True, slots=True)
class Starts:
    """The intended starts that a run's requests recorded."""

    kept: int
    """Requests that ended in the window and had an intended start: all that can be late."""
    due: int
    """Requests whose intended start lies in the window, whenever they ended."""

    def late_share(self, late: float) -> float:
        """Share of the requests with an intended start that were late; 0 if there were none."""
        return late / self.kept if self.kept else 0.0

    def are_too_few(self, wanted: float) -> bool:
        """Whether fewer starts were due than the `wanted` ones, by more than may be late and than chance explains."""
        return self.due < (1 - MAX_LATE_SHARE) * wanted - SIGMAS * math.sqrt(wanted)


def wanted_rate(load: Load, users: float) -> float:
    """Return the intended starts per second that a load with a schedule asks for, with the users that ran."""
    if load.arrivals is not None:
        return load.arrivals.rate
    assert load.pacing is not None  # noqa: S101 - other loads have no schedule
    return users / load.pacing
