"""The window, found in the recorded requests."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from loadstone.errors import ResultError
from loadstone.plan.schedule import Run
from loadstone.results.run_record import AlbumCounts, RunRecord
from loadstone.results.window import Window, read_window
from loadstone.summarise.window import find_window
from tests.support.records import make_record
from tests.unit.summarise.test_requests import GET, POST, T0, write

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
    """Make requests of users without think time; `response_ms` gives the response time at each second."""
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


def lasting(seconds: float, warm_up: float = 0, users: int = 10) -> RunRecord:
    """Make the record of a run in which all users run for `seconds`, configured warm-up included."""
    made = make_record(load_started=T0, window=(ALL_RUNNING + warm_up, ALL_RUNNING + seconds))
    run = made.run.model_copy(update={"load": made.run.load.model_copy(update={"users": users})})
    phases = made.phases.model_copy(update={"all_users_running": ALL_RUNNING})
    albums = made.albums.model_copy(update={"before": 100})
    return made.model_copy(update={"run": run, "phases": phases, "albums": albums})


Row = tuple[float, str, float, str | None]
"""End (seconds after all users started), endpoint, response time in ms, error."""


def written(tmp_path: Path, rows: list[Row]) -> Path:
    return write(
        tmp_path / "requests.parquet",
        [(10 + end, endpoint, ms, None, 1, 200, error) for end, endpoint, ms, error in rows],
    )


def parts(seconds: float, *requests_and_ms: tuple[int, float], endpoint: str = GET) -> list[Row]:
    """Make evenly spaced requests in equally long parts; each part has its number of requests and response time."""
    part = seconds / len(requests_and_ms)
    return [
        (part * (place + (n + 0.5) / requests), endpoint, ms, None)
        for place, (requests, ms) in enumerate(requests_and_ms)
        for n in range(requests)
    ]


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
    monkeypatch.setattr("loadstone.summarise.read_requests.BATCH_ROWS", 97)
    parts = find_window(path, record)
    assert parts.span == whole.span
    assert (parts.albums_begin, parts.albums_end) == (whole.albums_begin, whole.albums_end)
    assert parts.growth_effect_ms == pytest.approx(whole.growth_effect_ms)


def test_it_survives_writing_and_reading(tmp_path: Path, record: RunRecord) -> None:
    found = find_window(requests(tmp_path, lambda t: 200 + 0 * t), record)
    file = tmp_path / "window.json"
    file.write_text(found.model_dump_json(), encoding="utf-8")
    assert read_window(file) == found
    assert isinstance(found, Window)


@pytest.mark.parametrize("text", [None, "", '{"begin": 1}'])
def test_damaged_file_is_named(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "window.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(ResultError, match=r"window\.json"):
        read_window(file)


@pytest.mark.parametrize(
    ("users", "seconds", "requests"),
    [
        pytest.param(10, 60, 300, id="ten requests an observation"),
        pytest.param(100, 60, 600, id="a request of every user in five observations"),
        pytest.param(10, 3, 3000, id="a tenth of a second an observation"),
    ],
)
def test_number_of_observations_has_three_limits(tmp_path: Path, users: int, seconds: float, requests: int) -> None:
    """Each allows thirty observations. The first batch of five is cut as a whole, though a fraction of it was slow."""
    course = [(requests // 60, 1000.0)] + [(requests // 60, 100.0)] * 59
    found = find_window(written(tmp_path, parts(seconds, *course)), lasting(seconds, users=users))
    assert found.begin - ALL_RUNNING == pytest.approx(seconds / 6)
    assert (found.settled, found.remark) == (True, None)


def test_fewest_requests_that_tell_whether_a_run_settled(tmp_path: Path) -> None:
    """Twenty observations of ten requests are enough, one request fewer is not."""
    rows = parts(20, (200, 100.0))
    assert find_window(written(tmp_path, rows), lasting(20)).settled is True
    assert find_window(written(tmp_path, rows[1:]), lasting(20)).settled is None


@pytest.mark.parametrize(
    ("end", "sent_before", "counts"),
    [(0, 0.125, True), (-0.125, 0.125, False), (0.125, 0.25, True), (20, 0.125, False), (19.875, 0.125, True)],
)
def test_requests_count_by_when_they_end(tmp_path: Path, end: float, sent_before: float, counts: bool) -> None:
    """The begin is included, the end is not: one more request inside the window is just enough to judge."""
    rows = [*parts(20, (200, 125.0))[1:], (end, GET, 1000 * sent_before, None)]
    assert (find_window(written(tmp_path, rows), lasting(20)).settled is not None) is counts


def test_half_as_many_requests_at_first_are_a_warm_up(tmp_path: Path) -> None:
    """Thirty observations of 0.1 s, all response times equal."""
    found = find_window(written(tmp_path, parts(3, (50, 100.0), *[(100, 100.0)] * 5)), lasting(3))
    assert found.begin - ALL_RUNNING == pytest.approx(0.5)
    assert found.settled is True


def test_step_in_the_middle_settles_nowhere(tmp_path: Path) -> None:
    found = find_window(written(tmp_path, parts(4, (200, 50.0), (200, 100.0))), lasting(4))
    assert found.begin - ALL_RUNNING == pytest.approx(2)
    assert (found.settled, found.remark) == (False, "mean response settled in no part of the run")


def test_change_is_told_in_percent_of_the_windows_mean(tmp_path: Path) -> None:
    """Half of eight batches are cut; those of 140, 150, 160 and 170 ms remain: a change of 30 ms around 155 ms."""
    slower = [(50, 100.0 + 10 * n) for n in range(8)]
    found = find_window(written(tmp_path, parts(4, *slower)), lasting(4))
    assert found.begin - ALL_RUNNING == pytest.approx(2)
    assert found.settled is False
    assert str(found.remark).split("; ") == [
        "mean response settled in no part of the run",
        "mean response changes by +19 % over the window",
    ]


def test_change_of_throughput(tmp_path: Path) -> None:
    """Of batches with 80 to 45 requests, those with 60, 55, 50 and 45 remain: 15 fewer around 52.5."""
    fewer = [(80 - 5 * n, 100.0) for n in range(8)]
    found = find_window(written(tmp_path, parts(4, *fewer)), lasting(4))
    assert "throughput changes by -29 % over the window" in str(found.remark)


def test_change_counts_within_the_window_alone(tmp_path: Path) -> None:
    """The configured warm-up ends slightly later: three whole batches remain, too few to find a trend."""
    slower = [(50, 100.0 + 10 * n) for n in range(8)]
    found = find_window(written(tmp_path, parts(4, *slower)), lasting(4, warm_up=2.01))
    assert found.begin - ALL_RUNNING == pytest.approx(2.01)
    assert found.remark == "mean response settled in no part of the run"


def test_drift_without_a_warm_up(tmp_path: Path) -> None:
    """Twenty batches, each 3 ms slower than the previous one, plus and minus 20 ms in turn."""
    slower = [(50, 100.0 + 3 * n + 20 * (-1) ** n) for n in range(20)]
    found = find_window(written(tmp_path, parts(10, *slower)), lasting(10))
    assert found.begin == ALL_RUNNING
    assert (found.settled, found.remark) == (False, "mean response changes by +40 % over the window")


def test_albums_are_posts_that_succeeded_before(tmp_path: Path) -> None:
    rows: list[Row] = [
        (-1, POST, 100, None),  # before all users had started
        (4.95, POST, 100, None),
        (5, POST, 125, None),  # ends as the window begins
        (6, POST, 100, "HTTP 500"),
        (7, GET, 100, None),
        (19, POST, 100, None),
        (20, POST, 125, None),  # ends as the window ends
    ]
    found = find_window(written(tmp_path, rows), lasting(20, warm_up=5))
    assert (found.albums_begin, found.albums_end) == (102, 104)


def test_growth_effect_goes_by_the_observations_of_the_window(tmp_path: Path) -> None:
    """Forty observations of ten posts, 1 ms slower per album; the first half is cut, and 200 albums are added after."""
    slower = [(10, 100.0 + 10 * n) for n in range(40)]
    found = find_window(written(tmp_path, parts(4, *slower, endpoint=POST)), lasting(4))
    assert found.begin - ALL_RUNNING == pytest.approx(2)
    assert (found.albums_begin, found.albums_end) == (300, 500)
    assert found.growth_effect_ms == pytest.approx(200)
    assert found.growth_effect_p == pytest.approx(0)


def test_growth_effect_needs_four_observations(tmp_path: Path) -> None:
    """There are too few requests to judge whether the run settled; most of the twenty observations are empty."""
    rows: list[Row] = [(n + 0.5, POST, 100.0 + 10 * n, None) for n in (3, 4, 10, 11)]
    found = find_window(written(tmp_path, rows), lasting(20))
    assert found.settled is None
    assert found.growth_effect_ms == pytest.approx(np.polyfit([0, 1, 2, 3], [130, 140, 200, 210], 1)[0] * 4)
    assert find_window(written(tmp_path, rows[1:]), lasting(20)).growth_effect_ms is None
    assert find_window(written(tmp_path, rows), lasting(20, warm_up=4)).growth_effect_ms is None


def test_growth_before_the_first_whole_observation_has_no_effect(tmp_path: Path) -> None:
    rows = [(end, POST if end == 0.75 else GET, ms, error) for end, _, ms, error in parts(20, *[(10, 100.0)] * 20)]
    found = find_window(written(tmp_path, rows), lasting(20, warm_up=0.5))
    assert (found.albums_begin, found.albums_end, found.growth_effect_ms) == (100, 101, None)
