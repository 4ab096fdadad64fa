"""Validity checks, as `run.json` holds them."""

import pytest

from loadstone.measure.validity import check_validity
from loadstone.results.run_record import AlbumCounts, RequestCounts

ALBUMS = AlbumCounts(before=3, window_begin=3, window_end=4, after=4, expected_after=4)
COUNTS = RequestCounts(recorded=10, locust=10, server=10)


def test_sound_run_passes_all() -> None:
    assert [check.ok for check in check_validity(COUNTS, ALBUMS, [], (100, 120))] == [True] * 4


@pytest.mark.parametrize(
    ("restarts", "figure"),
    [
        ([], "0"),
        ([107.34], "1: 7.3 s into the window"),
        ([98, 121.5], "2: 2.0 s before the window, 1.5 s after the window"),
    ],
)
def test_restarts_are_told_with_their_time(restarts: list[float], figure: str) -> None:
    check = check_validity(COUNTS, ALBUMS, restarts, (100, 120))[0]
    assert (check.name, check.ok, check.figure) == ("server workers restarted", not restarts, figure)


def test_counts_that_differ_fail() -> None:
    counts = RequestCounts(recorded=10, locust=12, server=None)
    assert [check.figure for check in check_validity(counts, ALBUMS, [], (100, 120)) if not check.ok] == [
        "+2 of 10",
        "unknown",
    ]


def test_what_a_load_of_its_own_users_can_not_show_is_left_out() -> None:
    """One of its requests may be several for the server."""
    assert [check.name for check in check_validity(COUNTS, None, [], (100, 120))] == [
        "server workers restarted",
        "requests counted by Locust",
    ]
