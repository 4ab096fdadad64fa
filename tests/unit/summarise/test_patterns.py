"""The signals that a run's own requests show: gaps, evenness, dents, fairness, and the typical response time."""

import math
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadstone.results.signals import Signals
from tests.support.observed import BEGIN_S, EAGER, END_S, closed_load, requests_of, signals_of, write_files

TOTAL_S = END_S + 1


def pause(moment: float) -> float:
    """Delay what would end in a pause of 300 ms in every two seconds until a little after it."""
    into = moment % 2
    return 0.3 - into + 0.03 * into if into < 0.3 else 0.0


@pytest.mark.parametrize("users", [4, 50])
def test_pauses_of_the_server_are_gaps_with_a_period(tmp_path: Path, users: int) -> None:
    ends, response_s, user = closed_load(
        np.random.default_rng(1), users, 0.01, lambda rng, n, _: rng.exponential(0.005, n), pause
    )
    found = signals_of(tmp_path, requests_of(ends, response_s, user), load=EAGER | {"users": users, "spawn_rate": 4})
    assert found.gap_share == pytest.approx(0.15, abs=0.02)
    assert found.gaps in (9, 10, 11)
    assert found.gap_period_s == pytest.approx(2, abs=0.05)
    assert 0 < (found.gap_spread or 0) < 0.1
    assert found.dent is None
    assert 0 < (found.typical_response_s or 0) < 0.8 * found.response_s


def test_one_slow_request_of_a_single_user_is_no_gap(tmp_path: Path) -> None:
    """One request in a hundred takes 300 ms, and nothing else can complete meanwhile."""
    ends, response_s, user = closed_load(
        np.random.default_rng(2), 1, 0, lambda rng, n, _: np.where(rng.uniform(size=n) < 0.01, 0.3, 0.005)
    )
    found = signals_of(tmp_path, requests_of(ends, response_s, user), load=EAGER | {"users": 1, "spawn_rate": 1})
    assert (found.gap_share, found.gaps) == (0, 0)


def test_time_in_which_nobody_waits_is_no_gap(tmp_path: Path) -> None:
    """All users think at the same time for a second in five."""
    times = np.arange(0.5, TOTAL_S, 0.005)
    ends = times[times % 5 > 1]
    found = signals_of(tmp_path, requests_of(ends, 0.004, np.arange(len(ends)) % 10))
    assert found.gap_share == 0


def test_pauses_of_an_open_load_are_gaps(tmp_path: Path) -> None:
    """At 100 requests/s and 3 ms, few are in progress when a pause begins, and many when it ends."""
    rng = np.random.default_rng(3)
    sent = np.sort(rng.uniform(0, TOTAL_S, int(100 * TOTAL_S)))
    response_s = 0.003 + np.array([pause(moment) for moment in sent + 0.003])
    load = {"arrivals": {"rate": 100}, "users": 50, "spawn_rate": 50}
    found = signals_of(tmp_path, requests_of(sent + response_s, response_s, np.arange(len(sent)) % 50), load=load)
    assert found.gap_share == pytest.approx(0.15, abs=0.02)
    assert found.fairness is None, "the users of an open load share a schedule"


def test_refusals_are_counted_and_goodput_is_even(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    good = np.arange(0, TOTAL_S, 0.01)
    refused = rng.uniform(0, TOTAL_S, int(300 * TOTAL_S))
    status = np.concatenate([np.full(len(good), 200), rng.choice([429, 503, 500], len(refused))])
    ends = np.concatenate([good, refused])
    found = signals_of(tmp_path, requests_of(ends, 0.001, rng.integers(0, 10, len(ends)), status))
    assert found.goodput == pytest.approx(100, rel=0.01)
    assert found.refused == pytest.approx(300 * (END_S - BEGIN_S) * 2 / 3, rel=0.05)
    assert found.goodput_evenness == pytest.approx(0, abs=0.1)
    assert (found.evenness or 0) > 0.3


def test_requests_of_an_earlier_version_without_status_have_unknown_refusals(tmp_path: Path) -> None:
    record = write_files(tmp_path, requests_of(np.arange(0, TOTAL_S, 0.01), 0.001))
    path = tmp_path / "requests.parquet"
    pq.write_table(pq.read_table(path).drop_columns("status"), path)
    from loadstone.summarise.stage import summarise_folder

    signals = summarise_folder(record, tmp_path).values["signals"]
    assert isinstance(signals, Signals)
    assert (signals.refused, signals.goodput) == (None, pytest.approx(100))


def test_dent_in_mid_window_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    times = rng.uniform(0, TOTAL_S, int(400 * TOTAL_S))
    kept = ~((times > 17) & (times < 22)) | (rng.uniform(size=len(times)) < 0.5)
    found = signals_of(tmp_path, requests_of(times[kept], 0.001, rng.integers(0, 10, int(kept.sum()))))
    assert found.dent == pytest.approx(0.5, abs=0.05)
    assert found.dent_other_cpus == pytest.approx(0, abs=0.05)


def test_one_user_of_fifty_is_served(tmp_path: Path) -> None:
    found = signals_of(
        tmp_path, requests_of(np.arange(0, TOTAL_S, 0.01), 0.009, 7), load=EAGER | {"users": 50, "spawn_rate": 50}
    )
    assert (found.users_served, found.fairness) == (1, pytest.approx(1 / 50))


def test_users_who_wait_long_are_not_counted_as_not_served(tmp_path: Path) -> None:
    ends, response_s, user = closed_load(np.random.default_rng(8), 50, 15, lambda rng, n, _: rng.exponential(0.05, n))
    found = signals_of(tmp_path, requests_of(ends, response_s, user), load=EAGER | {"users": 50, "spawn_rate": 50})
    assert found.users_served is None
    assert "users_served" in found.missing


def test_equal_users_are_served_evenly(tmp_path: Path) -> None:
    ends, response_s, user = closed_load(np.random.default_rng(6), 10, 0.5, lambda rng, n, _: rng.exponential(0.05, n))
    found = signals_of(tmp_path, requests_of(ends, response_s, user))
    assert found.users_served == 10
    assert (found.fairness or 0) > 0.95
    assert (found.slow_users, found.slow_ratio) == (0, None)


def test_five_of_fifty_users_are_five_times_slower(tmp_path: Path) -> None:
    ends, response_s, user = closed_load(
        np.random.default_rng(7), 50, 0, lambda rng, n, user: rng.normal(1.3 if user < 5 else 0.25, 0.03, n)
    )
    found = signals_of(tmp_path, requests_of(ends, response_s, user), load=EAGER | {"users": 50, "spawn_rate": 50})
    assert found.slow_users == 5
    assert found.slow_ratio == pytest.approx(1.3 / 0.25, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("tail", ["lognormal", "pareto", "two endpoints"])
def test_heavy_tails_make_no_slow_user(tmp_path: Path, tail: str) -> None:
    def response_s(rng: np.random.Generator, count: int, _: int) -> np.ndarray:
        if tail == "lognormal":
            return rng.lognormal(-4, 1.5, count)
        if tail == "pareto":
            return 0.01 * (1 + rng.pareto(1.5, count))
        return np.where(rng.uniform(size=count) < 0.1, 0.5, 0.01)

    slow = []
    for seed in range(8):
        ends, times, user = closed_load(np.random.default_rng(seed), 50, 0.5, response_s)
        requests = requests_of(ends, times, user)
        found = signals_of(tmp_path / str(seed), requests, load=EAGER | {"users": 50, "spawn_rate": 50})
        slow.append(found.slow_users)
        assert found.gap_share in (0, None)
    assert slow == [0] * 8


def test_users_of_a_locustfile_need_not_ask_alike(tmp_path: Path) -> None:
    load = {"locustfile": "shop.py", "requests": None, "users": 50, "spawn_rate": 50}
    requests = requests_of(np.arange(0, TOTAL_S, 0.01), 0.009, 7)
    found = signals_of(tmp_path / "several", requests, load=load)
    assert (found.users_served, found.fairness, found.slow_users) == (1, None, None)
    found = signals_of(tmp_path / "one", requests, load=load | {"classes": ["Shopper"]})
    assert found.fairness == pytest.approx(1 / 50)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ends=st.lists(st.floats(0.1, TOTAL_S - 0.2), min_size=1, max_size=200),
    response_s=st.sampled_from([0.0, 0.001, 0.1, 3.0]),
    users=st.integers(1, 60),
    failing=st.booleans(),
)
def test_signals_of_any_requests_are_shares_and_no_nan(
    tmp_path: Path, ends: list[float], response_s: float, users: int, failing: bool
) -> None:
    times = np.array([*ends, BEGIN_S + 1, BEGIN_S + 1.5])
    status = np.where(np.arange(len(times)) % 2 == 1, 503 if failing else 200, 200)
    requests = requests_of(times, response_s, np.arange(len(times)) % users, status)
    found = signals_of(tmp_path, requests, load=EAGER | {"users": users, "spawn_rate": 1})
    for name in ("gap_share", "dent", "fairness"):
        value = getattr(found, name)
        assert value is None or 0 <= value <= 1
    assert found.fairness is None or found.fairness >= 1 / max(users, found.users_served or 0) - 1e-9
    for value in found.model_dump(exclude={"plateaus"}).values():
        assert not isinstance(value, float) or math.isfinite(value)
