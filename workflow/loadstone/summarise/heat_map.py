"""How often which response time occurred when: what a long run's mean per second hides."""

import numpy as np
import pandas as pd

from loadstone.results.tables import HEAT_COLUMNS
from loadstone.summarise.read_requests import Columns

LONG_S = 60
"""Seconds from which a run is long enough for its response times to change their shape along the way."""
MAX_COLUMNS = 90
"""A long run is cut into so many stretches of whole seconds at most."""
BUCKETS_PER_DECADE = 8
MIN_MS, DECADES = 0.1, 6
"""Buckets reach from 0.1 ms to 100 s; what is quicker or slower goes into the first or last."""


class Heat:
    """Counts successful requests by the second in which they ended, since the load began, and by response time."""

    def __init__(self, origin: float) -> None:
        self._origin = origin
        self._counts = np.zeros((0, BUCKETS_PER_DECADE * DECADES), np.int64)

    def add(self, columns: Columns) -> None:
        """Count a batch."""
        good = ~columns.failed
        second = np.maximum(columns.end[good] - self._origin, 0).astype(np.int64)
        place = np.floor(BUCKETS_PER_DECADE * np.log10(np.maximum(columns.response_ms[good], MIN_MS) / MIN_MS))
        width = self._counts.shape[1]
        bucket = np.minimum(place.astype(np.int64), width - 1)
        length = max(int(second.max(initial=-1)) + 1, len(self._counts))
        added = np.bincount(second * width + bucket, minlength=length * width).reshape(length, width)
        added[: len(self._counts)] += self._counts
        self._counts = added

    def table(self) -> pd.DataFrame:
        """List the cells that hold requests: `HEAT_COLUMNS`, all numbers; none of a run shorter than `LONG_S`.

        A cell counts the requests that ended in the seconds [second, until) and took [low_ms, high_ms).
        """
        seconds = len(self._counts)
        if seconds < LONG_S:
            return pd.DataFrame(columns=HEAT_COLUMNS, dtype=np.float64)
        stretch = -(-seconds // MAX_COLUMNS)
        counts = np.add.reduceat(self._counts, np.arange(0, seconds, stretch), axis=0)
        when, bucket = np.nonzero(counts)
        edges = MIN_MS * 10 ** (np.arange(counts.shape[1] + 1) / BUCKETS_PER_DECADE)
        begin = when * stretch
        columns = (begin, np.minimum(begin + stretch, seconds), edges[bucket], edges[bucket + 1], counts[when, bucket])
        return pd.DataFrame(dict(zip(HEAT_COLUMNS, columns, strict=True)))
