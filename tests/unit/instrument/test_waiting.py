"""When requests begin: think times, pacing and arrivals."""

import itertools
import random
import time
from statistics import mean, stdev
from typing import Any

import pytest

from loadstone.instrument.waiting import MAX_THINK_TIME_MEANS, make_policy

UNUSED = random.Random(0)


def intended(waiting: dict[str, Any], count: int, rank: int = 0, workers: int = 1, seed: int = 1) -> list[float]:
    make, _ = make_policy(waiting, rank, workers, seed)
    user = make()
    return [when for _, when in (user.next(UNUSED) for _ in range(count)) if when is not None]


def intervals(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def test_thinking_has_no_set_time() -> None:
    make, waits_first = make_policy({"uniform": [1, 2]}, 0, 1, 1)
    draws = [make().next(random.Random(seed)) for seed in range(200)]
    assert all(1 <= seconds <= 2 and when is None for seconds, when in draws)
    assert not waits_first


def test_exponential_thinking_has_its_mean_and_an_end() -> None:
    make, _ = make_policy({"exponential": 0.5}, 0, 1, 1)
    draw = random.Random(1)
    seconds = [make().next(draw)[0] for _ in range(20_000)]
    assert mean(seconds) == pytest.approx(0.5, rel=0.03)
    assert stdev(seconds) == pytest.approx(0.5, rel=0.05)
    assert max(seconds) <= MAX_THINK_TIME_MEANS * 0.5


def test_pacing_keeps_its_distances_whatever_the_responses_take(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    make, waits_first = make_policy({"pacing": 2.0}, 0, 1, 1)
    user = make()
    _, first = user.next(UNUSED)
    assert first is not None
    assert 1000 <= first <= 1002
    now[0] = first + 5  # a response that took longer than two intervals
    assert [user.next(UNUSED) for _ in range(3)] == [(0.0, first + 2), (0.0, first + 4), (1.0, first + 6)]
    assert waits_first


def test_constant_arrivals_of_all_workers_are_equally_far_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    given = {"rate": 50.0, "kind": "constant"}
    together = sorted(t for rank in range(4) for t in intended(given, 25, rank, 4))
    assert intervals(together) == pytest.approx([0.02] * 99)


def test_poisson_arrivals_have_their_rate_and_are_independent() -> None:
    given = {"rate": 50.0, "kind": "poisson"}
    together = [intervals(intended(given, 5000, rank, 2)) for rank in (0, 1)]
    for gaps in together:
        assert mean(gaps) == pytest.approx(1 / 25, rel=0.06)
        assert stdev(gaps) == pytest.approx(1 / 25, rel=0.08)
    assert together[0] != together[1], "workers share no sequence"
    assert intervals(intended(given, 100, seed=3)) == pytest.approx(intervals(intended(given, 100, seed=3)), abs=1e-6)


def test_users_of_a_worker_share_the_arrivals() -> None:
    make, _ = make_policy({"rate": 10.0, "kind": "constant"}, 0, 1, 1)
    times = [user.next(UNUSED)[1] for user in (make(), make(), make())]
    assert intervals([t for t in times if t is not None]) == pytest.approx([0.1, 0.1])


def test_unknown_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="--loadstone-waiting"):
        make_policy({"sometimes": 1}, 0, 1, 1)
