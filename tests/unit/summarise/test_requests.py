"""Summaries of a run, compared with figures computed by hand."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loadstone.errors import ResultError
from loadstone.results.requests import REQUEST_SCHEMA
from loadstone.results.run_record import RunRecord
from loadstone.results.tables import OTHER, read_run_table
from loadstone.suite.hypotheses import ALL
from loadstone.summarise.requests import summarise_requests
from loadstone.summarise.tally import MAX_TEXTS, Tally
from tests.support.records import make_record

GET, POST = "GET /albums", "POST /albums"
T0 = 1_800_000_000.0  # the load begins; the window is [T0 + 10, T0 + 20)


def write(
    path: Path,
    rows: list[tuple[float, str, float, float | None, int, int, str | None]],
    users: Sequence[int | None] | None = None,
    lag_ms: Sequence[float | None] | None = None,
) -> Path:
    """Write requests given as (end after T0, endpoint, response_ms, server_ms, bytes, status, error)."""
    sent = [T0 + end - response / 1000 for end, _, response, *_ in rows]
    columns = {
        "time": sent,
        "intended": [None] * len(rows)
        if lag_ms is None
        else [None if late is None else t - late / 1000 for t, late in zip(sent, lag_ms, strict=True)],
        "endpoint": [row[1] for row in rows],
        "user": users or [0] * len(rows),
        "worker": [0] * len(rows),
        "response_ms": [row[2] for row in rows],
        "server_ms": [row[3] for row in rows],
        "bytes": [row[4] for row in rows],
        "status": [row[5] for row in rows],
        "error": [row[6] for row in rows],
    }
    arrays = [
        pa.array(columns[f.name], pa.string()).dictionary_encode() if pa.types.is_dictionary(f.type)
        else pa.array(columns[f.name], f.type)
        for f in REQUEST_SCHEMA
    ]  # fmt: skip
    pq.write_table(
        pa.Table.from_arrays(
            [a.cast(f.type) for a, f in zip(arrays, REQUEST_SCHEMA, strict=True)], schema=REQUEST_SCHEMA
        ),
        path,
    )
    return path


@pytest.fixture
def record() -> RunRecord:
    return make_record(load_started=T0, window=(T0 + 10, T0 + 20))


def test_by_hand(tmp_path: Path, record: RunRecord) -> None:
    path = write(
        tmp_path / "requests.parquet",
        [
            (9.5, GET, 100.0, 1.0, 10, 200, None),  # warm-up
            (10.25, GET, 500.0, 1.0, 10, 200, None),  # sent in the warm-up, ends in the window: counts
            (11.5, GET, 2.0, 1.0, 20, 200, None),
            (12.5, GET, 4.0, 3.0, 30, 200, None),
            (13.5, POST, 8.0, None, 40, 201, None),
            (14.5, POST, 900.0, 5.0, 50, 500, "HTTP 500"),
            (14.75, POST, 1.0, None, 0, 0, "ConnectionRefusedError"),
            (15.5, POST, 900.0, 5.0, 50, 500, "HTTP 500"),
            (20.25, GET, 500.0, 1.0, 10, 200, None),  # ends after the window
        ],
    )
    summary = summarise_requests(path, record.window, record.phases.load_started)
    table = summary.endpoints.set_index("endpoint")
    assert list(table.index) == [ALL, GET, POST]

    get = table.loc[GET]
    assert (get.requests, get.failures) == (3, 0)
    assert (get.throughput_rps, get.goodput_rps) == (0.3, 0.3)
    assert get.mean_ms == pytest.approx((500 + 2 + 4) / 3)
    assert (get.p50_ms, get.p90_ms, get.p99_9_ms, get.max_ms) == (4.0, 500.0, 500.0, 500.0)
    assert get.server_ms == pytest.approx(5 / 3)
    assert get.bytes_mean == 20
    assert get.failure_kinds == ""

    post = table.loc[POST]
    assert (post.requests, post.failures) == (4, 3)
    assert (post.throughput_rps, post.goodput_rps) == (0.4, 0.1)
    assert (post.mean_ms, post.p50_ms, post.max_ms) == (8.0, 8.0, 8.0), "failures are no response times"
    assert pd.isna(post.server_ms)
    assert json.loads(post.failure_kinds) == {"HTTP 500": 2, "ConnectionRefusedError": 1}

    together = table.loc[ALL]
    assert (together.requests, together.failures) == (7, 3)
    assert together.mean_ms == pytest.approx((500 + 2 + 4 + 8) / 4)
    assert together.p50_ms == 4.0


def test_a_run_says_how_well_it_knows_its_percentiles(tmp_path: Path, record: RunRecord) -> None:
    rows = [(10 + n / 100, GET, float(n), None, 1, 200, None) for n in range(1, 401)]
    path = write(tmp_path / "requests.parquet", rows)
    latency = summarise_requests(path, record.window, record.phases.load_started).latency
    of = latency[latency["endpoint"] == GET].set_index("probability")
    assert of.loc[0.5, "low_ms"] < of.loc[0.5, "response_ms"] < of.loc[0.5, "high_ms"]
    assert of.loc[0.5, "high_ms"] - of.loc[0.5, "low_ms"] == pytest.approx(2 * 1.96 * 10, abs=3)
    assert of.loc[0.99, "response_ms"] == 396
    assert pd.isna(of.loc[0.999, "high_ms"]), "400 values say nothing of what lies above nearly all of them"
    assert pd.isna(of.loc[0.25, "low_ms"]), "only for the percentiles that are reported"


def test_response_counts_from_the_intended_start(tmp_path: Path, record: RunRecord) -> None:
    rows = [(10 + n / 10, GET, 5.0, None, 1, 200, None) for n in range(1, 5)]
    path = write(tmp_path / "requests.parquet", rows, lag_ms=[0, 5, 0, 3000])
    found = summarise_requests(path, record.window, record.phases.load_started)
    row = found.endpoints.set_index("endpoint").loc[GET]
    assert row.mean_ms == pytest.approx(5 + 3005 / 4, abs=0.01)
    assert (row.service_ms, row.max_ms) == (pytest.approx(5, abs=0.01), pytest.approx(3005, abs=0.01))
    assert row.lag_ms == pytest.approx(3005 / 4, abs=0.01)
    assert row.late == 1
    ladder = found.latency[found.latency["endpoint"] == GET].set_index("probability")
    assert ladder.loc[0.99, "response_ms"] == pytest.approx(3005, abs=0.01)
    assert ladder.loc[0.99, "service_ms"] == pytest.approx(5, abs=0.01)


def test_intended_starts_are_counted_apart_from_requests(tmp_path: Path, record: RunRecord) -> None:
    rows = [(end, GET, 5.0, None, 1, 200, None) for end in (9.0, 10.1, 11.0, 12.0, 20.1)]
    path = write(tmp_path / "requests.parquet", rows, lag_ms=[0, 500, None, 0, 500])
    starts = summarise_requests(path, record.window, record.phases.load_started).starts
    assert (starts.kept, starts.due) == (2, 2), "10.1 was due before the window, 20.1 in it"
    assert starts.late_share(1) == 0.5


def test_without_a_schedule_service_and_response_are_one(tmp_path: Path, record: RunRecord) -> None:
    rows = [(10 + n / 10, GET, float(n), None, 1, 200, None) for n in range(1, 50)]
    found = summarise_requests(write(tmp_path / "requests.parquet", rows), record.window, record.phases.load_started)
    assert (found.latency["response_ms"] == found.latency["service_ms"]).all()
    assert (found.endpoints["mean_ms"] == found.endpoints["service_ms"]).all()
    assert found.endpoints["late"].tolist() == [0, 0]


def test_course_shows_what_the_window_leaves_out(tmp_path: Path, record: RunRecord) -> None:
    path = write(
        tmp_path / "requests.parquet",
        [(0.5, GET, 10.0, 1.0, 1, 200, None), (0.75, GET, 30.0, 1.0, 1, 200, None), (2.5, GET, 5.0, 1.0, 1, 500, "x")],
    )
    course = summarise_requests(path, record.window, record.phases.load_started).course
    assert course["requests"].tolist() == [2, 0, 1]
    assert course["failures"].tolist() == [0, 0, 1]
    assert course["mean_ms"].tolist()[0] == 20.0
    assert course["mean_ms"].isna().tolist() == [False, True, True]


def test_window_in_which_everything_fails(tmp_path: Path, record: RunRecord) -> None:
    path = write(tmp_path / "requests.parquet", [(11.0, GET, 1.0, None, 0, 0, "x"), (12.0, POST, 1.0, None, 0, 0, "y")])
    summary = summarise_requests(path, record.window, record.phases.load_started)
    assert summary.endpoints["failures"].tolist() == [2, 1, 1]
    assert summary.endpoints["mean_ms"].isna().all()
    assert summary.latency.empty


def test_batches_make_no_difference(tmp_path: Path, record: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        (5 + n / 60, (GET, POST)[n % 3 == 0], 1.0 + n * 7919 % 101, 1.0, n, 200, "x" if n % 17 == 0 else None)
        for n in range(1000)
    ]
    path = write(tmp_path / "requests.parquet", rows)
    whole = summarise_requests(path, record.window, record.phases.load_started)
    monkeypatch.setattr("loadstone.summarise.read_requests.BATCH_ROWS", 37)
    parts = summarise_requests(path, record.window, record.phases.load_started)
    pd.testing.assert_frame_equal(whole.endpoints, parts.endpoints)
    pd.testing.assert_frame_equal(whole.latency, parts.latency)
    pd.testing.assert_frame_equal(whole.course, parts.course)


def test_many_kinds_of_failure_are_added_up(tmp_path: Path, record: RunRecord) -> None:
    rows = [(11.0 + n / 100, GET, 1.0, None, 0, 0, f"kind {n}") for n in range(50)]
    table = summarise_requests(
        write(tmp_path / "requests.parquet", rows), record.window, record.phases.load_started
    ).endpoints
    kinds = json.loads(table.set_index("endpoint").loc[GET].failure_kinds)
    assert len(kinds) == 21
    assert kinds["other kinds"] == 30


def test_any_number_of_kinds_of_failure_takes_bounded_memory(tmp_path: Path, record: RunRecord) -> None:
    """Two of three failures have a text of their own, such as one with an id; the third kind stays the first."""
    own, names = 3 * MAX_TEXTS, ("GET /a", "GET /b")
    rows = [
        (11.0, names[n % 2], 1.0, None, 0, 0, text)
        for n in range(own // 2)
        for text in (f"no item {2 * n}", f"no item {2 * n + 1}", "HTTP 500")
    ]
    rows.append((12.0, GET, 1.0, None, 0, 0, "other kinds"))
    path = write(tmp_path / "requests.parquet", rows)
    table = summarise_requests(path, record.window, record.phases.load_started).endpoints.set_index("endpoint")
    assert table["failures"].to_dict() == {ALL: 3 * own // 2 + 1, GET: 1, **dict.fromkeys(names, 3 * own // 4)}
    for name in (ALL, *names):
        kinds = json.loads(table.loc[name].failure_kinds)
        assert next(iter(kinds)) == "HTTP 500"
        assert sum(kinds.values()) == table.loc[name].failures
        assert len(kinds) == 21
    assert json.loads(table.loc[GET].failure_kinds) == {"other kinds": 1}


def test_any_number_of_texts_is_counted_in_bounded_memory() -> None:
    tally = Tally()
    for n in range(5 * MAX_TEXTS):
        tally.add({f"text {n}": 1, "often": 1})
    assert tally.total == 10 * MAX_TEXTS
    assert tally.most_common(1) == {"often": 5 * MAX_TEXTS}
    assert len(tally.most_common(10 * MAX_TEXTS)) <= MAX_TEXTS


def test_endpoint_requested_most_is_found_among_any_number(
    tmp_path: Path, record: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadstone.summarise.read_requests.BATCH_ROWS", 7000)
    rows = [
        (11.0, name, 1.0, None, 1, 200, None) for n in range(3 * MAX_TEXTS) for name in (f"GET /item/{n}", "GET /cart")
    ]
    path = write(tmp_path / "requests.parquet", rows)
    table = summarise_requests(path, record.window, record.phases.load_started).endpoints.set_index("endpoint")
    assert len(table) == 52
    assert table.loc["GET /cart"].requests == 3 * MAX_TEXTS
    assert table.loc[OTHER].requests == 3 * MAX_TEXTS - 49


@pytest.mark.parametrize("content", [b"", b"PAR1 not really", b"\0" * 1000])
def test_damaged_file_is_refused(tmp_path: Path, record: RunRecord, content: bytes) -> None:
    path = tmp_path / "requests.parquet"
    path.write_bytes(content)
    with pytest.raises(ResultError, match=r"requests\.parquet: damaged"):
        summarise_requests(path, record.window, record.phases.load_started)


def test_truncated_file_is_refused(tmp_path: Path, record: RunRecord) -> None:
    path = write(tmp_path / "requests.parquet", [(11.0, GET, 1.0, 1.0, 1, 200, None)] * 1000)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ResultError, match="damaged"):
        summarise_requests(path, record.window, record.phases.load_started)


def test_only_the_most_requested_endpoints_have_rows_of_their_own(tmp_path: Path) -> None:
    """Sixty names, the n-th requested n times: those above the tenth are kept, the others are added up."""
    rows = [(11.0 + n / 10, f"GET /item/{n}", float(n), None, 1, 200, None) for n in range(1, 61) for _ in range(n)]
    rows += [(5.0, "GET /before-the-window", 1.0, None, 1, 200, None)] * 100
    rows.append((12.0, "GET /item/1", 1.0, None, 0, 500, "HTTP 500"))
    found = summarise_requests(write(tmp_path / "requests.parquet", rows), (T0 + 10, T0 + 20), T0)
    requests = dict(zip(found.endpoints["endpoint"], found.endpoints["requests"], strict=True))
    assert next(iter(requests)) == ALL
    assert requests == {
        ALL: 1831, OTHER: sum(range(11)) + 1, **{f"GET /item/{n}": n for n in range(11, 61)},
    }  # fmt: skip
    [other] = found.endpoints[found.endpoints["endpoint"] == OTHER].to_dict("records")
    assert other["failures"] == 1
    assert other["mean_ms"] == pytest.approx(sum(n * n for n in range(1, 11)) / sum(range(11)))
    assert set(found.latency["endpoint"]) == set(requests)


def test_fifty_endpoints_have_rows_of_their_own(tmp_path: Path) -> None:
    rows = [(11.0, f"GET /{n}", 1.0, None, 1, 200, None) for n in range(50)]
    found = summarise_requests(write(tmp_path / "requests.parquet", rows), (T0 + 10, T0 + 20), T0)
    assert len(found.endpoints) == 51
    assert OTHER not in set(found.endpoints["endpoint"])


def test_any_name_of_an_endpoint_comes_back_from_the_table(tmp_path: Path) -> None:
    """Names that other rows have, that pandas takes for missing ones, or that hold what ends a line."""
    names = [
        "all",
        "other",
        "NA",
        "null",
        "nan",
        "",
        "  ",
        'GET "/a,b"',
        "GET /a\r\nb",
        "GET /\x1b[31m",
        "WebSocket send",
    ]
    rows = [(11.0, name, 1.0, None, 1, 200, None) for name in names]
    found = summarise_requests(write(tmp_path / "requests.parquet", rows), (T0 + 10, T0 + 20), T0)
    found.endpoints.to_csv(tmp_path / "endpoints.csv", index=False)
    read = read_run_table(tmp_path, "endpoints", make_record(load_started=T0, window=(T0 + 10, T0 + 20)).run)
    assert read["endpoint"].tolist() == [
        ALL, 'GET "/a,b"', "GET /\\x1b[31m", "GET /a b", "NA", "WebSocket send", "nan", "null",
        "«all»", "«other»", "«»",
    ]  # fmt: skip
    assert read["requests"].tolist() == [11, *[1] * 9, 2]
