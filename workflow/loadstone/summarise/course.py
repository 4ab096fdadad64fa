"""The course of a run, second by second: all of it, so that it shows what the window leaves out."""

import numpy as np
import pandas as pd

from loadstone.results.tables import COURSE_COLUMNS
from loadstone.summarise.read_requests import RequestBatch


class Course:
    """Adds up requests by the second, since the load began, in which they ended."""

    def __init__(self, origin: float) -> None:
        self._origin = origin
        self._sums = np.zeros((3, 0))

    def add(self, batch: RequestBatch) -> None:
        """Add a batch."""
        second = np.maximum(batch.end - self._origin, 0).astype(np.int64)
        length = max(int(second.max(initial=-1)) + 1, self._sums.shape[1])
        good = ~batch.failed
        added = [
            np.bincount(second, minlength=length),
            np.bincount(second[batch.failed], minlength=length),
            np.bincount(second[good], batch.response_ms[good], minlength=length),
        ]
        self._sums = np.pad(self._sums, ((0, 0), (0, length - self._sums.shape[1]))) + added

    def table(self) -> pd.DataFrame:
        """Make the table: see `COURSE_COLUMNS`."""
        requests, failures, response_ms = self._sums
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = response_ms / (requests - failures)
        columns = (np.arange(len(requests)), requests.astype(np.int64), failures.astype(np.int64), mean)
        return pd.DataFrame(dict(zip(COURSE_COLUMNS, columns, strict=True)))
