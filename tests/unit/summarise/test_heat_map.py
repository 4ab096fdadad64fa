"""The heat map of a long run holds every request, each in its cell."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.results.tables import HEAT_COLUMNS
from loadstone.summarise.heat_map import BUCKETS_PER_DECADE, LONG_S, MAX_COLUMNS, HeatMap
from loadstone.summarise.read_requests import RequestBatch
from tests.support.fuzzing import fuzz

ORIGIN = 1_800_000_000.0


def batch(times: list[float], response_ms: list[float], failed: list[bool] | None = None) -> RequestBatch:
    count = len(times)
    zeros = np.zeros(count)
    return RequestBatch(
        end=ORIGIN + np.array(times), endpoint=np.zeros(count, np.int64), response_ms=np.array(response_ms),
        service_ms=zeros, intended=zeros, server_ms=zeros, bytes=np.zeros(count, np.int64),
        error=np.array([None] * count, object), failed=np.array(failed or [False] * count),
    )  # fmt: skip


@fuzz(50)
@given(
    st.lists(st.tuples(st.floats(0, 3000), st.floats(0.1, 99_000)), min_size=1, max_size=60),
    st.integers(1, 60),
)
def test_every_request_is_in_its_cell(requests: list[tuple[float, float]], cut: int) -> None:
    times, values = zip(*(*requests, (LONG_S + 0.5, 1.0)), strict=True)
    heat = HeatMap(ORIGIN)
    heat.add(batch(list(times[:cut]), list(values[:cut])))
    if times[cut:]:
        heat.add(batch(list(times[cut:]), list(values[cut:])))
    table = heat.table()
    assert table["requests"].sum() == len(times)
    assert table["second"].nunique() <= MAX_COLUMNS
    ratio = table["high_ms"] / table["low_ms"]
    assert np.allclose(ratio, 10 ** (1 / BUCKETS_PER_DECADE))
    for when, ms in zip(times, values, strict=True):
        inside = table[(table["second"] <= when + 1e-6) & (when < table["until"] + 1e-6)]
        assert ((inside["low_ms"] <= ms * (1 + 1e-9)) & (ms < inside["high_ms"] * (1 + 1e-9))).any()


def test_failures_are_left_out_and_extremes_are_kept() -> None:
    heat = HeatMap(ORIGIN)
    heat.add(batch([70.0, 70.0, 70.0, 70.0], [0.0, 1e9, 5.0, math.inf], [False, False, True, True]))
    table = heat.table()
    assert table["requests"].tolist() == [1, 1]
    assert table["low_ms"].tolist() == pytest.approx([0.1, 10 ** (5 - 1 / BUCKETS_PER_DECADE)])


def test_short_run_has_none() -> None:
    heat = HeatMap(ORIGIN)
    assert list(heat.table().columns) == HEAT_COLUMNS
    heat.add(batch([LONG_S - 1.5], [5.0]))
    assert heat.table().empty
    heat.add(batch([LONG_S - 0.5], [5.0]))
    assert heat.table()["requests"].tolist() == [1, 1]
