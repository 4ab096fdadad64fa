"""The number of users over time, from the counts of once per second."""

from typing import Any

import pytest

from loadstone.results.run_record import RunRecord
from loadstone.summarise.users import Stretch, find_plateaus, mean_users, range_of_users, users_over_time
from tests.support.records import make_record

T0 = 1_800_000_000.0
WINDOW = (T0 + 10, T0 + 40)
"""All users have started 3 s before it."""

Counts = list[tuple[float, int]]


def record(counts: Counts, **load: Any) -> RunRecord:
    """Make the record of a run with these counts, at seconds after T0."""
    made = make_record(load_started=T0, window=WINDOW)
    run = made.run.model_copy(update={"load": made.run.load.model_copy(update=load)})
    return made.model_copy(update={"run": run, "user_counts": tuple((T0 + at, users) for at, users in counts)})


def found(counts: Counts, **load: Any) -> list[tuple[float, float, int]]:
    stretches = users_over_time(record(counts, **load), *WINDOW)
    return [(each.begin - T0, each.end - T0, each.users) for each in stretches]


def test_without_counts_it_is_the_number_asked_for() -> None:
    assert found([]) == [(10, 40, 50)]


def test_users_that_leave_lower_it() -> None:
    counts: Counts = [(0, 0), (2, 30), (5, 50), (20, 49), (30, 46)]
    assert found(counts) == [(10, 20, 50), (20, 30, 49), (30, 40, 46)]
    stretches = users_over_time(record(counts), *WINDOW)
    assert mean_users(stretches) == pytest.approx((50 + 49 + 46) / 3)
    assert range_of_users(stretches) == (46, 50)


def test_users_that_left_before_the_window_are_missing_in_all_of_it() -> None:
    assert found([(0, 0), (5, 46)]) == [(10, 40, 46)]


def test_count_that_is_late_is_no_missing_user() -> None:
    """All users have started at 7 s: workers report the last of them until 10 s."""
    assert found([(0, 0), (2, 30), (6.5, 48), (9.9, 50)]) == [(10, 40, 50)]
    assert found([(0, 0), (2, 30), (9.9, 50), (12, 49)]) == [(10, 12, 50), (12, 40, 49)]
    assert found([(0, 0), (2, 30), (11, 50)]) == [(10, 11, 30), (11, 40, 50)], "a user that comes later was missing"


def test_plateaus_are_the_long_stretches_without_the_second_before_a_change() -> None:
    counts: Counts = [(0, 10), (11, 20), (17, 30), (21, 0), (28, 5)]
    stretches = users_over_time(record(counts, shape="follow"), *WINDOW)
    plateaus = [(each.begin - T0, each.end - T0, each.users) for each in find_plateaus(stretches)]
    assert plateaus == [(11, 16, 20), (28, 40, 5)]


def test_of_very_many_plateaus_the_longest_are_kept() -> None:
    stretches = [Stretch(10.0 * n, 10.0 * n + 6 + n / 100, n) for n in range(1, 60)]
    plateaus = find_plateaus(stretches)
    assert [each.users for each in plateaus] == list(range(30, 60))
