"""When a request ends, and which requests a window holds: one definition for all of Loadstone."""

from pathlib import Path

import numpy as np
import pytest

from loadstone.errors import DamagedError
from loadstone.results.requests import end_times, in_window
from loadstone.summarise.read_requests import RequestFile, read_batches
from tests.unit.summarise.test_requests import GET, POST, T0, write


def test_request_ends_with_its_response(tmp_path: Path) -> None:
    rows = [(1.5, GET, 250.0, None, 1, 200, None), (2.25, POST, 1000.0, None, 1, 500, "HTTP 500")]
    path = write(tmp_path / "requests.parquet", rows)
    [batch] = read_batches(path, ["time", "response_ms"])
    assert end_times(batch) == pytest.approx([T0 + 1.5, T0 + 2.25])
    [arrays] = RequestFile(path).batches()
    assert (arrays.end == end_times(batch)).all()
    assert arrays.failed.tolist() == [False, True]


def test_intended_start_moves_no_end(tmp_path: Path) -> None:
    path = write(tmp_path / "requests.parquet", [(1.5, GET, 250.0, None, 1, 200, None)], lag_ms=[40])
    [arrays] = RequestFile(path).batches()
    assert arrays.end == pytest.approx([T0 + 1.5])
    assert arrays.response_ms == pytest.approx([290], abs=1e-3)
    assert arrays.lag_ms == pytest.approx([40], abs=1e-3)


def test_window_includes_its_begin_and_not_its_end() -> None:
    assert in_window(np.array([9.9, 10.0, 15.0, 20.0]), (10.0, 20.0)).tolist() == [False, True, True, False]


def test_impossible_value_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "requests.parquet", [(1.5, GET, -5.0, None, 1, 200, None)])
    with pytest.raises(DamagedError, match=r"requests\.parquet: damaged: response_ms ranges from -5 to -5"):
        list(RequestFile(path).batches())
