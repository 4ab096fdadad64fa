"""What the single requests show of a run, in one pass: rhythm, fairness, and the typical response time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from loadstone.results.requests import end_times, in_window
from loadstone.results.tables import OTHER
from loadstone.suite.hypotheses import ALL
from loadstone.suite.load_settings import Load
from loadstone.summarise.fairness import Fairness
from loadstone.summarise.read_requests import endpoint_name, read_batches
from loadstone.summarise.rhythm import Levels, Rhythm
from loadstone.summarise.user_cycle import UNKNOWN
from loadstone.theory.quantiles import Floats, Ints

TYPICAL_MULTIPLE = 3.0
"""Multiple of an endpoint's 95th percentile above which a response is not typical."""
COLUMNS = ["time", "user", "endpoint", "response_ms", "status", "error"]


@dataclass(slots=True)
class Patterns:
    """What the requests of one window show; the window is in unix seconds."""

    window: tuple[float, float]
    rhythm: Rhythm = field(init=False)
    fairness: Fairness = field(init=False)
    typical: int = 0
    typical_s: float = 0.0

    def __post_init__(self) -> None:
        self.rhythm, self.fairness = Rhythm(self.window), Fairness(self.window)

    def add_typical(self, ended: Floats, response_s: Floats, limit_s: Floats) -> None:
        """Add up the response times of the requests of a batch that are not above their limits."""
        kept = response_s[in_window(ended, self.window) & (response_s <= limit_s)]
        self.typical += len(kept)
        self.typical_s += float(kept.sum())

    def signals(self, load: Load, users: int | None, *, known: bool) -> dict[str, Any]:
        """Return the signals; see `Rhythm.signals` and `Fairness.signals`."""
        return {
            "typical_response_s": self.typical_s / self.typical if self.typical else None,
            **self.rhythm.signals(constant=users is not None),
            **self.fairness.signals(load, users, known=known),
        }

    @property
    def levels(self) -> Levels | None:
        """The change of throughput from one level to another, if there is one."""
        return self.rhythm.levels()


def read_patterns(path: Path, windows: Sequence[tuple[float, float]], latency: pd.DataFrame) -> list[Patterns]:
    """Find the patterns of each window in one pass over a run's requests.

    `latency` is the table of that name, which holds the percentiles of the endpoints. Raises `DamagedError` if the file
    is damaged.
    """
    found = [Patterns(window) for window in windows]
    limits = _limits(latency)
    for batch in read_batches(path, COLUMNS, optional={"status"}):
        sent, ended = batch.column("time").to_numpy(), end_times(batch)
        user = batch.column("user").fill_null(UNKNOWN).to_numpy(zero_copy_only=False).astype(np.int64)
        failed = batch.column("error").is_valid().to_numpy(zero_copy_only=False)
        status, limit_s = _status(batch), _limit_of_each(batch, limits)
        for each in found:
            each.rhythm.add(sent, ended, failed, status)
            each.fairness.add(user, sent, ended)
            each.add_typical(ended, ended - sent, limit_s)
    return found


def _limits(latency: pd.DataFrame) -> dict[str, float]:
    """Endpoint → response time in seconds above which a response is not typical."""
    rows = latency[latency["probability"] == 0.95]
    return dict(zip(rows["endpoint"], TYPICAL_MULTIPLE * rows["service_ms"] / 1000, strict=True))


def _limit_of_each(batch: pa.RecordBatch, limits: Mapping[str, float]) -> Floats:
    column = batch.column("endpoint")
    names = [endpoint_name(name) for name in column.dictionary.to_pylist()]
    others = limits.get(OTHER, limits.get(ALL, np.inf))
    by_number = np.array([limits.get(name, others) for name in names])
    return np.asarray(by_number[column.indices.to_numpy()])


def _status(batch: pa.RecordBatch) -> Ints | None:
    if "status" not in batch.schema.names or batch.column("status").null_count == len(batch):
        return None
    return np.asarray(batch.column("status").fill_null(0).to_numpy(zero_copy_only=False), np.int64)
