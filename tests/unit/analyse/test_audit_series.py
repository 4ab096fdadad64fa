"""The audit of several load tests together: capacities, and differences that show nothing or something."""

from typing import Any

import pytest

from loadstone.analyse.audit_row import CAPACITY
from loadstone.figures.options import parse_think_time
from loadstone.suite.verdict import Verdict
from tests.support.audited import rows, text_of


def test_tools_with_different_pauses_are_not_compared() -> None:
    found = rows(
        None,
        {"label": "A (pauses 1 s)", "requests": 4100, "duration_s": 31, "duration_rounding_s": 0.5, "rps": 132},
        {"label": "B (no pauses)", "requests": 4135, "duration_s": 35, "rps": 1080, "mean_s": 0.081},
        {"label": "C (no pauses)", "requests": 5000, "duration_s": 5.57, "rps": 1284, "mean_s": 0.06572},
    )
    text = text_of(found)
    assert found.rows[0].contradictions == []
    assert "are 118 requests/s, not 1,080" in text
    assert "are 898 requests/s, not 1,284" in text
    assert "rates of users with different pauses cannot be compared" in text
    stated = rows(None, {"rps": 100, "think": parse_think_time("1")}, {"rps": 200, "think": parse_think_time("0")})
    assert "rates of such rows cannot be compared" in text_of(stated)


def test_pauses_make_rates_equal() -> None:
    """A gateway as fast as the server behind it: 100 users who pause for up to a second send 199/s to either."""
    tests = [("gateway", 11814, 59.93, 197.13, 2.1), ("reference", 11836, 59.87, 197.70, 1.8)]
    found = rows(
        "0,1",
        *(
            {"label": name, "users": 100, "requests": c, "duration_s": t, "rps": x, "mean_s": ms / 1000}
            for name, c, t, x, ms in tests
        ),
    )
    assert [r.bound for r in found.rows] == [Verdict.THINK_TIME] * 2
    assert [r.contradictions for r in found.rows] == [[]] * 2
    assert "can send 199 requests/s" in text_of(found)
    assert "within the noise floor. Pauses make such rows alike" in text_of(found)


WRK = [
    {
        "label": "640 connections",
        "users": 640,
        "requests": 1_980_525,
        "duration_s": 240,
        "rps": 8248.78,
        "mean_s": 0.07742,
    },
    {
        "label": "384 connections",
        "users": 384,
        "requests": 2_008_254,
        "duration_s": 240,
        "rps": 8364.54,
        "mean_s": 0.04592,
    },
]


def test_capacity_shows_in_rows_of_one_series() -> None:
    """The same rate at 384 and 640 connections, with response times in proportion."""
    found = rows("0", *WRK)
    assert [(r.bound, r.contradictions) for r in found.rows] == [(CAPACITY, [])] * 2
    [capacity] = found.capacities
    assert (capacity.rps, capacity.first_users) == (pytest.approx(8364.54), 384)
    assert "at least 256 only wait" in text_of(found)
    assert not found.users_to_saturate, "both response times are those of a queue"


def test_capacity_without_response_times_or_pauses() -> None:
    """Response times that are not stated follow from the rates; pauses that are not stated follow from X·R ≈ N."""
    unstated = [{key: value for key, value in test.items() if key != "mean_s"} for test in WRK]
    assert "goes from 45.9 ms (N/X - Z) to 77.6 ms (N/X - Z)" in text_of(rows("0", *unstated))
    assert [r.bound for r in rows(None, *WRK).rows] == [CAPACITY] * 2
    assert rows(None, *unstated).capacities == []


def test_knee_of_a_longer_series() -> None:
    tests = [(1, 500, 0.002), (8, 3900, 0.00205), (16, 7000, 0.00228), (64, 8200, 0.0078), (128, 8300, 0.01542)]
    found = rows("0", *({"label": f"{n} clients", "users": n, "rps": x, "mean_s": r} for n, x, r in tests))
    expected = [Verdict.TOO_FEW_USERS, Verdict.UNDETERMINED, Verdict.UNDETERMINED, CAPACITY, CAPACITY]
    assert [r.bound for r in found.rows] == expected
    [capacity] = found.capacities
    assert (capacity.below, capacity.first_users) == (16, 64)
    assert capacity.knee == pytest.approx(16.6)


def test_capacity_of_users_who_pause() -> None:
    """From 200 users on, who still pause nine tenths of their time, the rate stays where it is."""
    tests = [(100, 95, 0.05), (200, 180, 0.111), (400, 185, 1.162)]
    found = rows("1", *({"label": f"run {n}", "users": n, "rps": x, "mean_s": r} for n, x, r in tests))
    assert [r.bound for r in found.rows] == [Verdict.THINK_TIME, Verdict.THINK_TIME, CAPACITY]
    [capacity] = found.capacities
    assert (capacity.rps, capacity.below, capacity.first_users) == (pytest.approx(185), 100, 200)


def test_pauses_that_follow_from_other_figures_may_differ_slightly() -> None:
    """Of iterations of 2.000 and 2.004 s, pauses of 1.939 and 1.943 s are left: they are the same."""
    tests = [{"users": 300, "rps": 149, "mean_s": 0.06, "think": parse_think_time(z)} for z in ("1.939", "1.943")]
    assert "pause differently" not in text_of(rows(None, *tests))


def test_repeats_are_no_single_runs() -> None:
    found = rows(None, *({"label": f"server {s}, run {n}", "rps": 100 + n} for s in (1, 2) for n in (1, 2)))
    assert "single runs" not in text_of(found)
    once = rows(None, *({"label": f"server {s}", "rps": 100 + s} for s in (1, 2)))
    assert "single runs" in text_of(once)


def test_knee_follows_from_the_unloaded_response() -> None:
    found = rows("0", {"label": "1 connection", "users": 1, "rps": 500, "mean_s": 0.002}, *WRK)
    [capacity] = found.capacities
    assert capacity.knee == pytest.approx(8364.54 * 0.002)
    assert "it is reached with about 16.7 users" in text_of(found)


@pytest.mark.parametrize(
    "change",
    [
        {"label": "another server"},
        {"factors": {"workers": "4"}},
        {"rps": 5019.0, "requests": None, "mean_s": 384 / 5019},
        {"users": 600, "mean_s": 600 / 8364.54},
        {"failures": 400_000},
        {"label": "384 connections, 8 workers"},
    ],
)
def test_no_capacity_of_different_systems_nor_while_the_rate_rises(change: dict[str, Any]) -> None:
    assert rows("0", WRK[0], WRK[1] | change).capacities == []


def test_single_runs_prove_no_difference() -> None:
    rates = {"1": 1376, "2": 2409, "4": 2657, "9": 2425}
    found = rows(
        None,
        *({"label": f"line {2 + n}", "rps": x, "factors": {"workers": w}} for n, (w, x) in enumerate(rates.items())),
    )
    assert "such as the 8.73 % between the two highest rates («line 4: workers 4» and «line 5: workers 9»)" in text_of(
        found
    )
    repeated = rows(None, *({"label": "same", "rps": x} for x in (1376, 2409)))
    assert "single runs" not in text_of(repeated)


def test_differences_beyond_chance_are_stated() -> None:
    found = rows("1,2", *({"users": 50, "rps": x, "rps_rounding": 0.05, "duration_s": 180} for x in (33.0, 31.0)))
    assert "beyond the noise floor" in text_of(found)
