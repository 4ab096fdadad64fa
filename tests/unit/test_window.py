"""The window, found in what was recorded."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from loadstone.analyse import window as module
from loadstone.analyse.window import Window, find_window
from loadstone.errors import ResultError
from loadstone.plan import Run
from loadstone.record import AlbumCounts, RunRecord
from tests.unit.records import make_record
from tests.unit.test_requests import GET, POST, T0, write

ALL_RUNNING = T0 + 10
Course = Callable[[np.ndarray], np.ndarray]


@pytest.fixture
def record() -> RunRecord:
    """All users run from second 10; the configured warm-up ends at 13, the window at 40."""
    made = make_record(load_started=T0, window=(T0 + 13, T0 + 40))
    assert made.phases.all_users_running == ALL_RUNNING
    albums = AlbumCounts(before=100, window_begin=100, window_end=100, after=100, expected_after=100)
    return made.model_copy(update={"albums": albums})


def requests(tmp_path: Path, response_ms: Course, endpoint: str = GET, users: int = 50) -> Path:
    """Lay out users who ask without a pause, answered as slowly as `response_ms` says of the second."""
    rng = np.random.default_rng(5)
    rows = []
    for user in range(users):
        now = 5 + rng.uniform(0, 0.3)
        while now < 41:
            took = float(response_ms(np.array(now)) * rng.uniform(0.8, 1.2))
            now += took / 1000
            rows.append((now, endpoint, took, None, 1, 200, None, user))
    rows.sort()
    return write(tmp_path / "requests.parquet", [row[:7] for row in rows], users=[row[7] for row in rows])


def test_steady_from_the_start(tmp_path: Path, record: RunRecord) -> None:
    found = find_window(requests(tmp_path, lambda t: 200 + 0 * t), record)
    assert (found.configured_begin, found.end) == record.window
    assert record.window[0] <= found.begin <= T0 + 25
    assert found.settled is True
    assert found.remark is None


def test_longer_warm_up_is_cut(tmp_path: Path, record: RunRecord) -> None:
    found = find_window(requests(tmp_path, lambda t: np.where(t < 18, 200 + 60 * (18 - t), 200)), record)
    assert T0 + 17 <= found.begin <= T0 + 25
    assert found.settled is True


def test_at_most_half_is_cut_and_the_rest_is_unsettled(tmp_path: Path, record: RunRecord) -> None:
    found = find_window(requests(tmp_path, lambda t: 100 + 20 * t), record)
    assert found.begin <= T0 + 25 + 1e-6
    assert found.settled is False
    assert "mean response" in str(found.remark)


def test_too_few_requests_to_tell(tmp_path: Path, record: RunRecord) -> None:
    found = find_window(requests(tmp_path, lambda t: 4000 + 0 * t, users=3), record)
    assert found.settled is None
    assert found.begin == record.window[0]


def test_albums_at_both_ends_and_what_their_growth_did(tmp_path: Path, record: RunRecord) -> None:
    path = requests(tmp_path, lambda t: 200 + 2 * t, endpoint=POST)
    found = find_window(path, record)
    assert 100 < found.albums_begin < found.albums_end
    assert found.growth == pytest.approx(found.albums_end / found.albums_begin - 1)
    seconds = found.end - found.begin
    assert found.growth_effect_ms == pytest.approx(2 * seconds, rel=0.3)
    assert found.growth_effect_p is not None
    assert found.growth_effect_p < 0.01


def test_bounded_store_does_not_grow(tmp_path: Path, record: RunRecord) -> None:
    server = record.run.server.model_copy(update={"albums": 100, "albums_max": 100})
    run = Run.model_construct(**{**dict(record.run), "server": server})
    bounded = record.model_copy(update={"run": run})
    found = find_window(requests(tmp_path, lambda t: 200 + 0 * t, endpoint=POST), bounded)
    assert (found.albums_begin, found.albums_end, found.growth_effect_ms) == (101, 101, None)


def test_batches_make_no_difference(tmp_path: Path, record: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    path = requests(tmp_path, lambda t: 200 + 2 * t, endpoint=POST, users=10)
    whole = find_window(path, record)
    monkeypatch.setattr(module, "BATCH_ROWS", 97)
    parts = find_window(path, record)
    assert parts.span == whole.span
    assert (parts.albums_begin, parts.albums_end) == (whole.albums_begin, whole.albums_end)
    assert parts.growth_effect_ms == pytest.approx(whole.growth_effect_ms)


def test_it_survives_writing_and_reading(tmp_path: Path, record: RunRecord) -> None:
    found = find_window(requests(tmp_path, lambda t: 200 + 0 * t), record)
    file = tmp_path / "window.json"
    file.write_text(found.model_dump_json(), encoding="utf-8")
    assert module.read_window(file) == found
    assert isinstance(found, Window)


@pytest.mark.parametrize("text", [None, "", '{"begin": 1}'])
def test_damaged_file_is_named(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "window.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ResultError, match=r"window\.json"):
        module.read_window(file)
