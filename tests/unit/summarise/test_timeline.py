"""A run over time: its bins hold every request once, and exact percentiles where enough requests show them."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.results.run_record import RunRecord
from loadstone.results.tables import OTHER_KINDS, TIMELINE_PERCENTILES, read_present_tables
from loadstone.summarise.timeline import MAX_BINS, MAX_KINDS, make_timeline
from loadstone.theory.quantiles import shows_quantile
from tests.support.fuzzing import fuzz
from tests.support.records import make_record
from tests.unit.summarise.test_requests import GET, POST, T0, write

Row = tuple[float, str, float, float | None, int, int, str | None]
SECONDS = 21.0
"""The length of a made-up run: the window ends a second before."""
NO_SAMPLES = pd.DataFrame({"role": [], "pid": [], "time": [], "cpu_s": []})


def recorded(rows: int, users: Sequence[tuple[float, int]] = (), seconds: float = SECONDS) -> RunRecord:
    record = make_record(load_started=T0, window=(T0 + 10, T0 + seconds - 1))
    counts = record.counts.model_copy(update={"recorded": rows})
    return record.model_copy(update={"counts": counts, "user_counts": tuple((T0 + at, n) for at, n in users)})


def laid_out(folder: Path, rows: list[Row], record: RunRecord | None = None) -> pd.DataFrame:
    path = write(folder / "requests.parquet", rows)
    return make_timeline(record or recorded(len(rows)), path, NO_SAMPLES)


def request(end: float, ms: float = 1.0, error: str | None = None) -> Row:
    return end, GET if ms < 50 else POST, ms, None, 1, 500 if error else 200, error


REQUESTS = st.lists(
    st.builds(
        request,
        st.floats(0, SECONDS + 2),
        st.floats(0.01, 500, exclude_min=True),
        st.sampled_from([None, None, None, *(f"HTTP {500 + n}" for n in range(8))]),
    ),
    max_size=60,
)


@fuzz(25)
@given(rows=REQUESTS, times=st.sampled_from([1, 1, 7]))
def test_every_request_is_in_one_bin_and_percentiles_are_exact(rows: list[Row], times: int) -> None:
    rows = rows * times
    with TemporaryDirectory() as folder:
        found = laid_out(Path(folder), rows)
    assert found["requests"].sum() == len(rows)
    assert found["failures"].sum() == sum(row[-1] is not None for row in rows)
    kinds = [json.loads(text) if text else {} for text in found["failure_kinds"]]
    assert [sum(of_bin.values()) for of_bin in kinds] == found["failures"].tolist()
    assert len({kind for of_bin in kinds for kind in of_bin} - {OTHER_KINDS}) <= MAX_KINDS
    assert found["begin_s"].tolist()[1:] == found["end_s"].tolist()[:-1]
    assert found["end_s"].iloc[-1] == SECONDS

    heads = found.dropna(subset="percentiles_until_s")
    assert heads["percentiles_until_s"].tolist()[:-1] == heads["begin_s"].tolist()[1:]
    ends = np.array([max(0.0, (T0 + end - ms / 1000) + ms / 1000 - T0) for end, _, ms, *_ in rows])  # as in the file
    good = np.array([row[-1] is None for row in rows], bool)
    for place, (_, head) in enumerate(heads.iterrows()):
        last = place == len(heads) - 1
        inside = good & (ends >= head["begin_s"]) & ((ends < head["percentiles_until_s"]) | last)
        values = sorted(row[2] for row, of_bin in zip(rows, inside, strict=True) if of_bin)
        for name, p in TIMELINE_PERCENTILES.items():
            if shows_quantile(len(values), p):
                assert head[name] == values[max(1, math.ceil(p * len(values) - 1e-9)) - 1]
            else:
                assert math.isnan(head[name])


def test_few_requests_share_percentiles_and_many_have_their_own(tmp_path: Path) -> None:
    few = laid_out(tmp_path, [request(n / 10) for n in range(200)])
    assert few["percentiles_until_s"].notna().sum() == 8
    many = laid_out(tmp_path, [request(SECONDS * n / 20_000, 1 + n % 10) for n in range(20_000)])
    assert many["percentiles_until_s"].notna().sum() == 42, "every second bin of a quarter of a second: at most 80"
    assert many.dropna(subset="p99_ms")["p99_ms"].eq(10).all()


@pytest.mark.parametrize(
    ("seconds", "bins", "width"), [(20, 80, 0.25), (60, 240, 0.25), (61, 122, 0.5), (86_400, 144, 600)]
)
def test_bins_are_narrow_in_short_runs(tmp_path: Path, seconds: float, bins: int, width: float) -> None:
    found = laid_out(tmp_path, [request(5.0)], recorded(1, seconds=seconds))
    assert (len(found), found["end_s"].iloc[0]) == (bins, width)
    assert bins <= MAX_BINS


def test_users_are_averaged_over_time(tmp_path: Path) -> None:
    counted = [(0.125, 4), (0.5, 10), (20.0, 0)]
    found = laid_out(tmp_path, [request(5.0)], recorded(1, users=counted))
    assert found["users"].tolist()[:3] == [2, 4, 10]
    assert found["users"].tolist()[-5:] == [10, 0, 0, 0, 0]
    assert laid_out(tmp_path, [request(5.0)])["users"].isna().all(), "earlier versions did not count them"


def test_cpu_is_added_up_by_role_and_unknown_without_samples(tmp_path: Path) -> None:
    times = np.arange(-1, 15.25, 0.25)
    rates = {("server-worker", 1): 0.5, ("server-master", 2): 0.1, ("load-worker", 3): 0.25, ("host", 0): 1.5}
    samples = pd.concat(
        pd.DataFrame({"role": role, "pid": pid, "time": T0 + times, "cpu_s": rate * (times + 100)})
        for (role, pid), rate in rates.items()
    )
    path = write(tmp_path / "requests.parquet", [request(5.0)])
    found = make_timeline(recorded(1), path, samples)
    known = found[found["end_s"] <= 15]
    for column, cpus in {"server_cpu": 0.6, "generator_cpu": 0.25, "machine_cpu": 1.5}.items():
        assert known[column].tolist() == pytest.approx([cpus] * len(known), abs=1e-3)
        assert found[column][found["end_s"] > 15].isna().all()


def test_summary_without_timeline_is_left_out(tmp_path: Path) -> None:
    run = recorded(1).run
    assert read_present_tables([run], tmp_path, "timeline").empty
    folder = tmp_path / run.experiment / str(run.repeat)
    folder.mkdir(parents=True)
    laid_out(tmp_path, [request(1.0, error="HTTP 500")]).to_csv(folder / "timeline.csv", index=False)
    assert read_present_tables([run], tmp_path, "timeline")["failure_kinds"].dropna().tolist() == ['{"HTTP 500": 1}']
