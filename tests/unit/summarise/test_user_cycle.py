"""Think time as measured, compared with figures computed by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from loadstone.summarise.user_cycle import measure_cycle
from tests.unit.summarise.test_requests import GET, T0, write

WINDOW = (T0 + 10, T0 + 20)


def requests(*ends: tuple[float, float]) -> list[tuple[float, str, float, float | None, int, int, str | None]]:
    """Make rows given as (end after T0 in s, response in ms)."""
    return [(end, GET, response, None, 1, 200, None) for end, response in ends]


def test_by_hand(tmp_path: Path) -> None:
    rows = requests((9.0, 100), (10.6, 100), (12.2, 200), (10.1, 100), (15.1, 1000))
    path = write(tmp_path / "requests.parquet", rows, users=[0, 0, 0, 1, 1])
    cycle = measure_cycle(path, WINDOW)
    # user 0: ends 9.0, sends 10.5 (gap 1.5), ends 10.6, sends 12.0 (gap 1.4); user 1: ends 10.1, sends 14.1 (gap 4)
    assert cycle.think_s == pytest.approx((1.5 + 1.4 + 4) / 3, abs=1e-6)
    assert cycle.throughput == pytest.approx(0.4)
    assert cycle.response_s == pytest.approx((0.1 + 0.2 + 0.1 + 1.0) / 4)


def test_failures_take_part(tmp_path: Path) -> None:
    rows = [(11.0, GET, 100.0, None, 0, 0, "x"), (13.0, GET, 100.0, None, 1, 200, None)]
    cycle = measure_cycle(write(tmp_path / "requests.parquet", rows), WINDOW)
    assert cycle.throughput == 0.2
    assert cycle.think_s == pytest.approx(1.9, abs=1e-6)


def test_empty_window(tmp_path: Path) -> None:
    cycle = measure_cycle(write(tmp_path / "requests.parquet", requests((5.0, 10))), WINDOW)
    assert cycle.throughput == 0
    assert math.isnan(cycle.response_s)
    assert math.isnan(cycle.think_s)


def test_batches_make_no_difference_and_the_law_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty simulated users: X·(R + Z)/N is 1, however the file is cut."""
    rng = np.random.default_rng(3)
    rows, users = [], []
    for user in range(20):
        now = float(rng.uniform(0, 1))
        while now < 25:
            response = float(rng.exponential(0.05))
            rows.append((now + response, GET, response * 1000, None, 1, 200, None))
            users.append(user)
            now += response + float(rng.uniform(0.1, 0.3))
    order = np.argsort([row[0] for row in rows])
    path = write(tmp_path / "requests.parquet", [rows[i] for i in order], users=[users[i] for i in order])
    whole = measure_cycle(path, WINDOW)
    assert whole.throughput * (whole.response_s + whole.think_s) / 20 == pytest.approx(1, abs=0.03)
    monkeypatch.setattr("loadstone.summarise.read_requests.BATCH_ROWS", 53)
    parts = measure_cycle(path, WINDOW)
    assert parts.throughput == whole.throughput
    assert parts.think_s == pytest.approx(whole.think_s, rel=0.01)
