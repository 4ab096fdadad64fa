"""Exact quantiles of data that need not fit into memory.

The p-quantile of n values is the ⌈p·n⌉-th smallest: a value that did occur (the inverse of the empirical distribution
function, Hyndman & Fan 1996, type 1). Values are counted into narrow bins in a first pass; a second pass sorts only
the bins that hold a wanted rank. What has to be in memory is therefore the bins, and the values that lie within 0.1 %
of a wanted quantile, in portions of `MAX_GATHERED` at most.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Batch = tuple[Ints, Floats]
"""Group numbers and values, of equal length; values are finite and not negative."""

MAX_GATHERED = 5_000_000

_MANTISSA_BITS = 10  # bins are 2^-10 wide, relative to the value
_SHIFT = 52 - _MANTISSA_BITS
_LOWEST = int(np.float64(2.0**-20).view(np.int64)) >> _SHIFT
_BINS = 60 << _MANTISSA_BITS  # 60 octaves: 10^-6 to 10^12


class Histogram:
    """Counts of values by group and bin, added up batch by batch."""

    def __init__(self) -> None:
        self._counts: Ints = np.zeros((0, _BINS), np.int64)

    def add(self, groups: Ints, values: Floats) -> None:
        """Count a batch."""
        if not len(values):
            return
        needed = int(groups.max()) + 1
        if needed > len(self._counts):
            more = np.zeros((needed - len(self._counts), _BINS), np.int64)
            self._counts = np.concatenate([self._counts, more])
        cells, counts = np.unique(groups * _BINS + _bin(values), return_counts=True)
        self._counts.reshape(-1)[cells] += counts

    @property
    def counts(self) -> Ints:
        """Values in each group and bin; shape (groups, bins)."""
        return self._counts

    @property
    def sizes(self) -> Ints:
        """Values in each group."""
        return np.asarray(self._counts.sum(axis=1))


def quantile_rank(count: int, probability: float) -> int:
    """Rank, from 1, of the p-quantile of `count` values."""
    return max(1, math.ceil(probability * count - 1e-9))  # 0.07·100 is 7.000000000000001


def shows_quantile(count: ArrayLike, probability: ArrayLike) -> NDArray[np.bool_]:
    """Whether `count` values show their p-quantile: whether at least one of them lies above its rank, n·(1 - p) ≥ 1.

    Otherwise the p-quantile is the maximum, whatever the distribution: the 99.9th percentile of 165 values is their
    100th. A curve of quantiles ends at the same place.
    """
    above = np.asarray(count, float) * (1 - np.asarray(probability, float))
    return np.asarray(above >= 1 - 1e-9)  # 10·(1 - 0.9) is 0.9999999999999998


def interval_ranks(count: int, probability: float, confidence: float = 0.95) -> tuple[int, int]:
    """Ranks of the values between which the p-quantile of what these `count` values were drawn from lies.

    Exact and free of any distribution (Conover 1999, section 3.2; the ranks of `scipy.stats.quantile_test`), for
    independent values: as requests in one run are not, such an interval says how well the run knows its own percentile,
    and nothing about the next run. Rank 0 or `count` + 1 where so few values have no bound on that side.
    """
    if not count:
        return 0, 1
    tail = (1 - confidence) / 2
    return _binomial_quantile(tail, count, probability), _binomial_quantile(1 - tail, count, probability) + 1


def _binomial_quantile(q: float, n: int, p: float) -> int:
    """Find the smallest k for which a binomial variable is at most k with probability q or more."""
    k = max(0, math.ceil(special.bdtrik(q, n, p)) - 1) if 0 < p < 1 else 0
    while special.bdtr(k, n, p) < q:
        k += 1
    return k


def values_at_ranks(histogram: Histogram, batches: Callable[[], Iterable[Batch]], ranks: Ints) -> Floats:
    """Return the values at some ranks (from 1) of each group, both of shape (groups, ranks); NaN where there is none.

    `batches` yields the batches that `histogram` has counted, as often as it is called.
    """
    counts = histogram.counts
    result = np.full(ranks.shape, np.nan)
    cumulative = counts.cumsum(axis=1)
    wanted: dict[tuple[int, int], list[tuple[int, int]]] = {}  # (group, bin) → [(column, rank within the bin)]
    for group, below in enumerate(cumulative):
        for column, rank in enumerate(ranks[group].tolist()):
            if not 1 <= rank <= below[-1]:
                continue
            cell = int(np.searchsorted(below, rank))
            before = int(below[cell - 1]) if cell else 0
            wanted.setdefault((group, cell), []).append((column, rank - before))
    for cells in _portions(wanted, counts):
        for place, values in _gather(cells, batches).items():
            values.sort()
            for column, rank in wanted[place]:
                result[place[0], column] = values[rank - 1]
    return result


def _bin(values: Floats) -> Ints:
    """Number the bin of each value: the top bits of a positive float grow with it."""
    bits = np.ascontiguousarray(values).view(np.int64) >> _SHIFT
    return np.asarray(np.clip(bits - _LOWEST, 0, _BINS - 1), np.int64)


def _portions(cells: Iterable[tuple[int, int]], counts: Ints) -> Iterator[list[tuple[int, int]]]:
    """Split the wanted cells so that the values of one portion fit into memory."""
    portion: list[tuple[int, int]] = []
    size = 0
    for cell in cells:
        if portion and size + counts[cell] > MAX_GATHERED:
            yield portion
            portion, size = [], 0
        portion.append(cell)
        size += int(counts[cell])
    if portion:
        yield portion


def _gather(cells: Sequence[tuple[int, int]], batches: Callable[[], Iterable[Batch]]) -> dict[tuple[int, int], Floats]:
    """Collect the values of `cells` in one pass."""
    flat = np.sort(np.array([group * _BINS + cell for group, cell in cells], np.int64))
    kept_cells: list[Ints] = []
    kept_values: list[Floats] = []
    for groups, values in batches():
        where = groups * _BINS + _bin(values)
        position = np.minimum(np.searchsorted(flat, where), len(flat) - 1)
        hit = flat[position] == where
        kept_cells.append(where[hit])
        kept_values.append(values[hit])
    where, found = np.concatenate(kept_cells), np.concatenate(kept_values)
    order = np.argsort(where, kind="stable")
    where, found = where[order], found[order]
    begins, ends = np.searchsorted(where, flat), np.searchsorted(where, flat, side="right")
    return {
        (int(cell // _BINS), int(cell % _BINS)): found[begin:end].copy()
        for cell, begin, end in zip(flat, begins, ends, strict=True)
    }
