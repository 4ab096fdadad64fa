"""The distribution of response times over time: what the mean per second hides in a long run."""

import numpy as np
import pandas as pd

from loadstone.results.tables import HEAT_COLUMNS
from loadstone.summarise.read_requests import RequestBatch

LONG_S = 60
"""Seconds from which a run is long enough for a heat map."""
MAX_COLUMNS = 90
"""Columns of the heat map of a long run; each covers the same number of whole seconds."""
BUCKETS_PER_DECADE = 8
"""Buckets of response times per factor of ten."""
MIN_MS, DECADES = 0.1, 6
"""Buckets reach from 0.1 ms to 100 s; shorter and longer response times go into the first and the last bucket."""


class HeatMap:
    """Counts successful requests by response time, and by the second, since the load began, in which they ended."""

    def __init__(self, origin: float) -> None:
        self._origin = origin
        self._counts = np.zeros((0, BUCKETS_PER_DECADE * DECADES), np.int64)

    def add(self, batch: RequestBatch) -> None:
        """Count a batch."""
        good = ~batch.failed
        second = np.maximum(batch.end[good] - self._origin, 0).astype(np.int64)
        place = np.floor(BUCKETS_PER_DECADE * np.log10(np.maximum(batch.response_ms[good], MIN_MS) / MIN_MS))
        width = self._counts.shape[1]
        bucket = np.minimum(place.astype(np.int64), width - 1)
        length = max(int(second.max(initial=-1)) + 1, len(self._counts))
        added = np.bincount(second * width + bucket, minlength=length * width).reshape(length, width)
        added[: len(self._counts)] += self._counts
        self._counts = added

    def table(self) -> pd.DataFrame:
        """Make the table of all cells with requests: see `HEAT_COLUMNS`. It is empty for runs shorter than `LONG_S`."""
        seconds = len(self._counts)
        if seconds < LONG_S:
            return pd.DataFrame(columns=HEAT_COLUMNS, dtype=np.float64)
        width = -(-seconds // MAX_COLUMNS)
        counts = np.add.reduceat(self._counts, np.arange(0, seconds, width), axis=0)
        column, bucket = np.nonzero(counts)
        edges = MIN_MS * 10 ** (np.arange(counts.shape[1] + 1) / BUCKETS_PER_DECADE)
        begin = column * width
        columns = (begin, np.minimum(begin + width, seconds), edges[bucket], edges[bucket + 1], counts[column, bucket])
        return pd.DataFrame(dict(zip(HEAT_COLUMNS, columns, strict=True)))
