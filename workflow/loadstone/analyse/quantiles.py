"""Exact quantiles of data that need not fit into memory.

The p-quantile of n values is the ⌈p·n⌉-th smallest: a value that did occur (the inverse of the empirical distribution
function, Hyndman & Fan 1996, type 1). Values are counted into narrow bins in a first pass; a second pass sorts only
the bins that hold a wanted rank. What has to be in memory is therefore the bins, and the values that lie within 0.1 %
of a wanted quantile, in portions of `MOST_GATHERED` at most.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Batch = tuple[Ints, Floats]
"""Group numbers and values, of equal length; values are finite and not negative."""

MOST_GATHERED = 20_000_000

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


def exact_quantiles(
    histogram: Histogram, batches: Callable[[], Iterable[Batch]], probabilities: Sequence[float]
) -> Floats:
    """Return the quantiles of each group, shape (groups, probabilities); NaN for a group without values.

    `batches` yields the batches that `histogram` has counted, as often as it is called. Probabilities are in (0, 1].
    """
    counts = histogram.counts
    result = np.full((len(counts), len(probabilities)), np.nan)
    cumulative = counts.cumsum(axis=1)
    wanted: dict[tuple[int, int], list[tuple[int, int]]] = {}  # (group, bin) → [(column, rank within the bin)]
    for group, below in enumerate(cumulative):
        if not below[-1]:
            continue
        for column, p in enumerate(probabilities):
            rank = max(1, math.ceil(p * below[-1] - 1e-9))  # 0.07·100 is 7.000000000000001
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
        if portion and size + counts[cell] > MOST_GATHERED:
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
