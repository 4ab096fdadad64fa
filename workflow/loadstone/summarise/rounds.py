"""Number the rounds of sampling in a file with several rows per round, read batch by batch."""

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class Rounds:
    """Numbers rounds from 0. A round ends where what was sampled in it, a thread or a process, is sampled again."""

    def __init__(self) -> None:
        self._number = 0
        self._began = math.nan
        self._seen: set[int] = set()

    def number(self, sampled: pd.Series, time: pd.Series) -> pd.DataFrame:
        """Return the `round` of each row, and when the round `began`.

        `sampled` is the number of what was sampled, in the order in which rows were written.
        """
        rows = [self._next(*each) for each in zip(sampled.tolist(), time.tolist(), strict=True)]
        return pd.DataFrame(rows, index=sampled.index, columns=["round", "began"])

    def _next(self, sampled: int, time: float) -> tuple[int, float]:
        if sampled in self._seen:
            self._number += 1
            self._seen.clear()
        if not self._seen:
            self._began = time
        self._seen.add(sampled)
        return self._number, self._began


def grown(totals: NDArray[Any], length: int) -> NDArray[Any]:
    """Lengthen an array that has one row per round, with zeros."""
    return np.pad(totals, [(0, max(0, length - len(totals))), *[(0, 0)] * (totals.ndim - 1)])
