"""A run over time, in bins of a quarter of a second or more: users, requests, failures, percentiles, CPU.

All of the run is in it, so that it shows what the window leaves out.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from loadstone.results.requests import Bools, end_times
from loadstone.results.run_record import RunRecord
from loadstone.results.tables import OTHER_KINDS, TIMELINE_COLUMNS, TIMELINE_PERCENTILES
from loadstone.summarise.read_requests import lag_ms, read_batches
from loadstone.theory.quantiles import Batch, Floats, Histogram, Ints, quantile_rank, shows_quantile, values_at_ranks

MIN_BIN_S = 0.25
"""Width of a bin of a short run: the interval at which processes are sampled."""
MAX_BINS = 240
"""Bins of a run."""
WIDTHS_S = (MIN_BIN_S, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Widths to choose from. The widest are for runs of a day."""
MAX_PERCENTILE_BINS = 80
"""Bins of a run that have percentiles of their own."""
ENOUGH = 150
"""Mean number of requests per bin from which it has percentiles of its own: its 99th takes a hundred."""
MIN_PERCENTILE_BINS = 8
"""Bins with percentiles that a run keeps, however few its requests."""
MAX_KINDS = 5
"""Kinds of failure that are counted over time: the most frequent."""
MAX_KINDS_KEPT = 64
"""Kinds of failure that are counted while a file is read: those that come first."""
DECIMALS = 4
"""Decimals of users and CPUs: far below the error of a sample."""
ROLES = {
    "server_cpu": ("server-master", "server-worker"),
    "generator_cpu": ("load-master", "load-worker"),
    "machine_cpu": ("host",),
}
"""Column → the roles of the processes that it adds up."""

_COLUMNS = ("time", "response_ms", "intended", "error")


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins of equal width from the begin of the load to its end; the last may be up to half wider or narrower."""

    origin: float
    """When the load began, unix seconds."""
    width: float
    """Seconds."""
    edges: Floats
    """Seconds since the load began: one more than there are bins."""

    def __len__(self) -> int:
        return len(self.edges) - 1

    def of(self, ends: Floats) -> Ints:
        """Number the bins in which requests ended. The last bin also has what ended after the load was stopped."""
        place = np.floor((ends - self.origin) / self.width).astype(np.int64)
        return np.asarray(np.clip(place, 0, len(self) - 1))

    def merged(self, every: int) -> "Bins":
        """Make bins that are `every` times as wide; the last has the rest."""
        return make_bins(self.origin, float(self.edges[-1]), self.width * every)


def make_bins(origin: float, seconds: float, width: float) -> Bins:
    """Divide so many seconds into bins of a width."""
    number = max(1, round(seconds / width))
    return Bins(origin, width, np.append(np.arange(number) * width, max(seconds, number * width - width / 2)))


def choose_bins(record: RunRecord) -> Bins:
    """Choose the narrowest width at which a run has at most `MAX_BINS` bins."""
    seconds = record.phases.load_stopped - record.phases.load_started
    fits = [width for width in WIDTHS_S if seconds / width <= MAX_BINS]
    return make_bins(record.phases.load_started, seconds, fits[0] if fits else WIDTHS_S[-1])


def bins_per_percentile(bins: Bins, requests: int) -> int:
    """Choose how many bins share their percentiles, so that these have `ENOUGH` requests on average, if that can be."""
    sparse = math.ceil(ENOUGH * len(bins) / max(1, requests))
    most = max(1, len(bins) // MIN_PERCENTILE_BINS)
    return max(min(sparse, most), math.ceil(len(bins) / MAX_PERCENTILE_BINS))


@dataclass(slots=True)
class _Counts:
    """Requests by bin."""

    bins: int
    requests: Ints = field(init=False)
    failures: Ints = field(init=False)
    kinds: dict[str, Ints] = field(default_factory=dict)
    """Kind of failure → number by bin."""

    def __post_init__(self) -> None:
        self.requests, self.failures = np.zeros(self.bins, np.int64), np.zeros(self.bins, np.int64)

    def add(self, place: Ints, error: pa.DictionaryArray, failed: Bools) -> None:
        """Add a batch: the bin and the kind of failure of each request."""
        self.requests += np.bincount(place, minlength=self.bins)
        if not failed.any():
            return
        of_failed = place[failed]
        self.failures += np.bincount(of_failed, minlength=self.bins)
        numbers = error.indices.to_numpy(zero_copy_only=False)[failed].astype(np.int64)
        for number in np.unique(numbers).tolist():
            kind = error.dictionary[number].as_py()
            if kind not in self.kinds and len(self.kinds) >= MAX_KINDS_KEPT:
                kind = OTHER_KINDS
            counts = self.kinds.setdefault(kind, np.zeros(self.bins, np.int64))
            counts += np.bincount(of_failed[numbers == number], minlength=self.bins)

    def kinds_by_bin(self) -> list[str]:
        """Write the kinds of failure in each bin as JSON, empty without any."""
        named = sorted((kind for kind in self.kinds if kind != OTHER_KINDS), key=lambda kind: -self.kinds[kind].sum())
        kept = {kind: self.kinds[kind] for kind in named[:MAX_KINDS]}
        rest = self.failures - sum(kept.values(), np.zeros(self.bins, np.int64))
        columns = kept | {OTHER_KINDS: rest}
        rows = ({kind: int(count[n]) for kind, count in columns.items() if count[n]} for n in range(self.bins))
        return [json.dumps(row) if row else "" for row in rows]


def make_timeline(record: RunRecord, requests: Path, samples: pd.DataFrame) -> pd.DataFrame:
    """Lay out a run over time: see `TIMELINE_COLUMNS`.

    Takes the run's file of requests, and its samples as `read_samples` reads them. Raises `DamagedError` if the file of
    requests is damaged.
    """
    bins = choose_bins(record)
    every = bins_per_percentile(bins, record.counts.recorded)
    wide = bins.merged(every)
    counts, histogram = _Counts(len(bins)), Histogram()
    for batch in read_batches(requests, _COLUMNS):
        error = batch.column("error")
        ends, failed = end_times(batch), error.is_valid().to_numpy(zero_copy_only=False)
        counts.add(bins.of(ends), error, failed)
        histogram.add(wide.of(ends)[~failed], _response_ms(batch)[~failed])

    def successful() -> Iterator[Batch]:
        for batch in read_batches(requests, _COLUMNS):
            good = batch.column("error").is_null().to_numpy(zero_copy_only=False)
            yield wide.of(end_times(batch))[good], _response_ms(batch)[good]

    first = np.minimum(np.arange(len(wide)) * every, len(bins) - 1)
    shared = {name: np.full(len(bins), np.nan) for name in ("percentiles_until_s", *TIMELINE_PERCENTILES)}
    for name, values in {"percentiles_until_s": wide.edges[1:], **_percentiles(histogram, successful)}.items():
        shared[name][first[: len(values)]] = values
    columns = {
        "begin_s": bins.edges[:-1],
        "end_s": bins.edges[1:],
        "users": _mean_users(record, bins).round(DECIMALS),
        "requests": counts.requests,
        "failures": counts.failures,
        "failure_kinds": counts.kinds_by_bin(),
        **shared,
        **{column: _cpus(samples, roles, bins).round(DECIMALS) for column, roles in ROLES.items()},
    }
    return pd.DataFrame(columns, columns=list(TIMELINE_COLUMNS))


def _response_ms(batch: pa.RecordBatch) -> Floats:
    intended = batch.column("intended").to_numpy(zero_copy_only=False).astype(np.float64)
    return np.asarray(batch.column("response_ms").to_numpy() + lag_ms(intended, batch.column("time").to_numpy()))


def _percentiles(histogram: Histogram, batches: Callable[[], Iterable[Batch]]) -> Mapping[str, Floats]:
    """Compute the percentiles of each group; NaN where so few requests do not show one."""
    sizes, probabilities = histogram.sizes, list(TIMELINE_PERCENTILES.values())
    shown = shows_quantile(sizes[:, None], np.array(probabilities)[None, :])
    ranks = [
        [quantile_rank(size, p) if known else 0 for p, known in zip(probabilities, of_group, strict=True)]
        for size, of_group in zip(sizes.tolist(), shown.tolist(), strict=True)
    ]
    found = values_at_ranks(histogram, batches, np.array(ranks, np.int64).reshape(-1, len(probabilities)))
    return dict(zip(TIMELINE_PERCENTILES, found.T, strict=True))


def _mean_users(record: RunRecord, bins: Bins) -> Floats:
    """Average the number of users over each bin; NaN if they were not counted."""
    if not record.user_counts:
        return np.full(len(bins), np.nan)
    times = np.array([time - bins.origin for time, _ in record.user_counts])
    users = np.array([float(number) for _, number in record.user_counts])
    corners = np.unique(np.concatenate([bins.edges, np.clip(times, 0, bins.edges[-1])]))
    at = np.searchsorted(times, corners[:-1], side="right") - 1
    running = np.where(at >= 0, users[np.maximum(at, 0)], 0.0)
    added = np.append(0.0, np.cumsum(running * np.diff(corners)))
    return np.asarray(np.diff(np.interp(bins.edges, corners, added)) / np.diff(bins.edges))


def _cpus(samples: pd.DataFrame, roles: tuple[str, ...], bins: Bins) -> Floats:
    """Average the CPUs that processes used in each bin; NaN in bins for which there are no samples."""
    mine = samples[samples["role"].isin(roles)].dropna(subset="cpu_s")
    total, moments = np.zeros(len(bins)), bins.origin + bins.edges
    for _, group in mine.groupby("pid"):
        total += np.diff(np.interp(moments, group["time"].to_numpy(), group["cpu_s"].to_numpy()))
    first, last = mine["time"].min(), mine["time"].max()
    known = (moments[:-1] >= first) & (moments[1:] <= last)
    return np.where(known, total / np.diff(bins.edges), np.nan)
