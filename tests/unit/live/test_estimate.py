"""How long a campaign still takes."""

from pathlib import Path

import pytest

from loadstone.live.estimate import RunTime, estimate_extra_s, estimate_time_left_s
from tests.support.live_campaign import NOW, begin, finish, plan_of, see


def test_time_left_goes_by_what_runs_took(results: Path, suite: Path) -> None:
    """Runs began 25 s apart, and less was expected: the runs that are left take as much longer."""
    first, second, third, _ = plan_of(suite).runs
    finish(results, first, NOW - 60)
    finish(results, second, NOW - 35)
    begin(results, third, NOW)  # ten seconds ago
    snapshot = see(results, suite)
    assert snapshot.left_s == pytest.approx(25 + 15)
    assert snapshot.current is not None
    assert snapshot.current.expected_s == pytest.approx(25)


def test_extra_is_the_median_from_begin_to_begin() -> None:
    over = [RunTime(0, 9, 10), RunTime(12, 21, 10), RunTime(24, 33, 10), RunTime(1000, 1009, 10)]
    assert estimate_extra_s(over, 1013) == 2, "12, 12, a pause, 13"
    assert estimate_extra_s(over[:1], None) == -1
    assert estimate_extra_s([], None) == 0


def test_time_left_is_never_negative() -> None:
    assert estimate_time_left_s([10, 20], 2, (10, 5)) == 12 + 22 + 7
    assert estimate_time_left_s([], 0, (10, 500)) == 0
    assert estimate_time_left_s([1], -5, None) == 0
