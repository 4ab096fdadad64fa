"""A whole run whose number of users changes, from its files to its signals."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loadstone.plan.schedule import Run
from loadstone.results.integrity import open_parquet
from loadstone.results.requests import REQUEST_SCHEMA
from loadstone.results.run_record import RequestCounts, RunRecord
from loadstone.results.signals import Signals, read_signals
from loadstone.summarise.stage import summarise_folder
from tests.support.records import make_record
from tests.support.synthetic import samples

T0 = 1_800_000_000.0
COUNTS = ((0.0, 5), (20.0, 20), (30.0, 21), (33.0, 10))
"""Users from a second on; the window is from 10 to 50."""
THINK_S, RESPONSE_S = 0.9, 0.1


def write_run(folder: Path, counts: tuple[tuple[float, int], ...], shape: str | None, users: int) -> RunRecord:
    """Write the files of a run: the n-th user sends requests while more than n users run."""
    rng = np.random.default_rng(4)
    ends = [at for at, _ in counts[1:]] + [50.0]
    rows: list[tuple[float, int]] = []
    for user in range(max(number for _, number in counts)):
        for (begin, number), end in zip(counts, ends, strict=True):
            sent = begin + rng.uniform(0, 1)
            while user < number and sent < end:
                rows.append((sent, user))
                sent += RESPONSE_S + THINK_S
    rows.sort()
    columns = {
        "time": [T0 + sent for sent, _ in rows], "user": [user for _, user in rows],
        "response_ms": [1000 * RESPONSE_S] * len(rows), "status": [200] * len(rows), "bytes": [10] * len(rows),
        "worker": [0] * len(rows), "endpoint": ["WebSocket send"] * len(rows),
        "server_ms": [None] * len(rows), "error": [None] * len(rows), "intended": [None] * len(rows),
    }  # fmt: skip
    table = pa.table(
        [pa.array(columns[field.name]).cast(field.type) for field in REQUEST_SCHEMA], schema=REQUEST_SCHEMA
    )
    pq.write_table(table, folder / "requests.parquet")
    pq.write_table(samples(T0, T0 + 51, rng), folder / "processes.parquet")
    record = make_record(load_started=T0, window=(T0 + 10, T0 + 50))
    load = {"locustfile": "shop.py", "shape": shape, "users": users, "spawn_rate": 1}
    run = Run.model_validate({"experiment": "a", "repeat": 1, "seed": 1, "load": load})
    return record.model_copy(
        update={
            "run": run,
            "albums": None,
            "user_counts": tuple((T0 + at, number) for at, number in counts),
            "counts": RequestCounts(recorded=len(rows), locust=len(rows), server=None),
        }
    )


def signals_of(folder: Path, record: RunRecord) -> Signals:
    summary = summarise_folder(record, folder)
    summary.write(folder / "summary")
    return read_signals(folder / "summary" / "signals.json")


def test_each_plateau_of_a_shape_has_signals_of_its_own(tmp_path: Path) -> None:
    found = signals_of(tmp_path, write_run(tmp_path, COUNTS, "follow", users=50))
    assert found.users == pytest.approx((10 * 5 + 10 * 20 + 3 * 21 + 17 * 10) / 40)
    assert (found.fewest_users, found.most_users, found.steady) == (5, 21, None)
    assert found.consistency == pytest.approx(1, abs=0.06), "with the mean number of users, Little's law holds"
    plateaus = found.plateaus or ()
    assert [(each.begin_s, each.end_s, each.signals.users) for each in plateaus] == [
        (10, 19, 5), (20, 29, 20), (33, 50, 10),
    ]  # fmt: skip
    for each in plateaus:
        assert each.signals.throughput == pytest.approx(each.signals.users / (THINK_S + RESPONSE_S), rel=0.12)
        assert each.signals.think_s == pytest.approx(THINK_S, abs=0.05)
        assert each.signals.server_cpu == pytest.approx(0.1, rel=0.1)
        assert (each.signals.plateaus, each.signals.fewest_users) == (None, None)


def test_number_of_plateaus_does_not_change_how_often_the_requests_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    def opening(path: Path) -> Any:
        opened.append(path)
        return open_parquet(path)

    monkeypatch.setattr("loadstone.summarise.read_requests.open_parquet", opening)
    passes = []
    for counts in (((0.0, 5), (20.0, 6)), tuple((6.0 * n, 5 + n % 2) for n in range(8))):
        folder = tmp_path / str(len(counts))
        folder.mkdir()
        found = signals_of(folder, write_run(folder, counts, "follow", users=50))
        passes.append((len(found.plateaus or ()), sum(path.name == "requests.parquet" for path in opened)))
        opened.clear()
    assert [plateaus for plateaus, _ in passes] == [2, 6]
    assert passes[0][1] == passes[1][1]


def test_users_that_leave_are_no_trend_of_the_server(tmp_path: Path) -> None:
    counts = ((0.0, 20), (24.0, 10))
    found = signals_of(tmp_path, write_run(tmp_path, counts, None, users=20))
    assert found.users == pytest.approx((14 * 20 + 26 * 10) / 40)
    assert (found.fewest_users, found.most_users) == (10, 20)
    assert (found.steady, found.plateaus) == (None, None)


def test_run_with_all_its_users_all_the_time_has_no_key_about_their_number(tmp_path: Path) -> None:
    record = write_run(tmp_path, ((0.0, 20),), None, users=20)
    assert signals_of(tmp_path, record).users == 20
    written = json.loads((tmp_path / "summary" / "signals.json").read_text(encoding="utf-8"))
    assert not written.keys() & {"fewest_users", "most_users", "plateaus"}
    assert record.run.load.mix is None
    window = json.loads((tmp_path / "summary" / "window.json").read_text(encoding="utf-8"))
    assert window["albums_begin"] is None


def test_albums_of_a_load_without_a_mix_are_not_counted(tmp_path: Path) -> None:
    """A locustfile's own POST /albums may mean anything."""
    record = write_run(tmp_path, ((0.0, 20),), None, users=20)
    albums = make_record(load_started=T0, window=(T0 + 10, T0 + 50)).albums
    signals_of(tmp_path, record.model_copy(update={"albums": albums}))
    window = json.loads((tmp_path / "summary" / "window.json").read_text(encoding="utf-8"))
    assert [window[key] for key in ("albums_begin", "albums_end", "growth_effect_ms")] == [None, None, None]


def test_what_others_used_is_what_no_process_of_the_run_used(tmp_path: Path) -> None:
    record = write_run(tmp_path, COUNTS, None, users=50)
    table = summarise_folder(record, tmp_path).tables["processes"]
    host = table["role"] == "host"
    others = float(table.loc[host, "cpu"].iloc[0] - table.loc[~host, "cpu"].sum())
    assert signals_of(tmp_path, record).other_cpus == pytest.approx(max(0.0, others))


@pytest.mark.parametrize("role", ["host", "server-worker", "load-worker"])
def test_what_others_used_is_unknown_if_something_was_not_sampled(tmp_path: Path, role: str) -> None:
    """CPU time of the run's own processes must not pass for that of others."""
    record = write_run(tmp_path, COUNTS, None, users=50)
    path = tmp_path / "processes.parquet"
    with open_parquet(path) as file:
        table = file.read()
    rest = [not str(each).startswith(role.partition("-")[0]) for each in table["role"].to_pylist()]
    pq.write_table(table.filter(pa.array(rest)), path)
    assert signals_of(tmp_path, record).other_cpus is None
