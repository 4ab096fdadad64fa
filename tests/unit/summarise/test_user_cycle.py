"""Think time as measured, compared with figures computed by hand."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert cycle.think_spread == pytest.approx(np.std([1.5, 1.4, 4]) / np.mean([1.5, 1.4, 4]), rel=1e-5)
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
    assert cycle.think_spread is None


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


def test_requests_of_unknown_users_have_no_gaps_and_are_counted(tmp_path: Path) -> None:
    rows = requests((10.6, 100), (11.0, 100), (12.2, 200), (13.0, 100))
    cycle = measure_cycle(write(tmp_path / "requests.parquet", rows, users=[0, None, 0, None]), WINDOW)
    assert cycle.think_s == pytest.approx(1.4, abs=1e-6), "between the two requests of user 0"
    assert (cycle.throughput, cycle.unattributed, cycle.overlapping) == (0.4, 0.5, 0)
    assert not cycle.is_known
    nobody = measure_cycle(write(tmp_path / "nobody.parquet", rows, users=[None] * 4), WINDOW)
    assert (nobody.unattributed, math.isnan(nobody.think_s)) == (1, True)


def test_requests_sent_during_an_earlier_one_overlap(tmp_path: Path) -> None:
    """A long request from 11 to 16; two of the same user during it, the second after the first; one of another user."""
    rows = requests((12.0, 500), (13.0, 500), (14.0, 500), (16.0, 5000), (17.0, 500))
    cycle = measure_cycle(write(tmp_path / "requests.parquet", rows, users=[0, 1, 0, 0, 0]), WINDOW)
    assert cycle.overlapping == 2 / 5
    assert cycle.think_s == pytest.approx(0.5 / 3, abs=1e-6), "gaps of 0, 0 and 0.5 s"


@pytest.mark.parametrize(("early_ms", "overlapping"), [(0.9, 0.0), (1.1, 0.5)])
def test_a_millisecond_is_the_clocks(tmp_path: Path, early_ms: float, overlapping: float) -> None:
    rows = requests((12.0, 500), (12.5 - early_ms / 1000, 500))
    assert measure_cycle(write(tmp_path / "requests.parquet", rows), WINDOW).overlapping == overlapping


Sent = tuple[int | None, int, int]
"""User, time of sending after T0 and response time, both in units of 0.1 s."""


@given(sent=st.lists(st.tuples(st.none() | st.integers(0, 3), st.integers(0, 200), st.integers(0, 60)), max_size=40))
@pytest.mark.parametrize("rows", [1_000, 7])
def test_overlaps_are_those_that_a_comparison_of_all_pairs_finds(
    tmp_path_factory: pytest.TempPathFactory, sent: list[Sent], rows: int
) -> None:
    """In the order of sending, however the file is cut."""
    sent = sorted(sent, key=lambda each: each[1])
    made = requests(*(((begin + length) / 10, 100.0 * length) for _, begin, length in sent))
    path = write(tmp_path_factory.mktemp("cycle") / "requests.parquet", made, users=[user for user, *_ in sent] or [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loadstone.summarise.read_requests.BATCH_ROWS", rows)
        cycle = measure_cycle(path, WINDOW)
    inside = [n for n, (_, begin, _) in enumerate(sent) if 100 <= begin < 200]
    during = [n for n in inside if sent[n][0] is not None and _is_during_another(sent, n)]
    unknown = [n for n in inside if sent[n][0] is None]
    assert cycle.overlapping == pytest.approx(len(during) / max(1, len(inside)))
    assert cycle.unattributed == pytest.approx(len(unknown) / max(1, len(inside)))


def _is_during_another(sent: list[Sent], which: int) -> bool:
    user, begin, _ = sent[which]
    return any(other == user and at + length > begin for other, at, length in sent[:which])
