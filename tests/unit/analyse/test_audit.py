"""The audit of load tests: figures from public write-ups and bug reports, each with what arithmetic shows of them."""

import pytest

from loadstone.analyse.audit import audit
from loadstone.suite.verdict import Verdict
from loadstone.theory.closed_run import Account
from tests.support.audited import row, rows, text_of


def test_counts_of_longer_runs_and_rates_of_fewer_users() -> None:
    """Three tests of an API, "60 s" each, that is "good for 100 users"."""
    found = rows(
        "1,3",
        {"users": 10, "duration_s": 60, "requests": 2061, "rps": 2.56, "rps_rounding": 0.005, "mean_s": 0.62474},
        {"users": 50, "duration_s": 60, "requests": 2680, "rps": 4.49, "rps_rounding": 0.005, "mean_s": 0.12339},
        {"users": 100, "duration_s": 60, "requests": 5150, "rps": 8.64, "rps_rounding": 0.005, "mean_s": 0.11513},
    )
    assert [r.bound for r in found.rows] == [Verdict.INVALID] * 3
    assert [r.active_users for r in found.rows] == pytest.approx([6.7, 9.5, 18.3], abs=0.05)
    text = text_of(found)
    assert all(f"they take {seconds} s" in text for seconds in (805, 597, 596))
    assert "nothing about the server follows" in text


def test_clock_of_the_tool_and_requests_cut_off() -> None:
    """A claim that 50 users are the most: tests of 60 s, whose rates Locust computes over 58 to 59 s."""
    found = rows(
        "1,3",
        {"users": 10, "duration_s": 60, "requests": 267, "rps": 4.63, "rps_rounding": 0.005, "mean_s": 0.093},
        {"users": 50, "duration_s": 60, "requests": 998, "rps": 16.89, "rps_rounding": 0.005, "mean_s": 0.267},
        {"users": 100, "duration_s": 60, "requests": 905, "rps": 15.38, "rps_rounding": 0.005, "mean_s": 1.122},
    )
    assert "in 60 s are" not in text_of(found), "no contradiction of requests, duration and rate"
    first, second, third = found.rows
    assert (first.bound, first.contradictions) == (Verdict.THINK_TIME, [])
    assert [r.account for r in (second, third)] == [Account.FEWER] * 2
    assert "accounts for 38.3" in second.missing_users
    assert "mean response is 960 ms (N/X - Z), not 267 ms" in second.missing_users
    assert "A ramp-up of 27.7 s, or slow requests cut off at the end" in second.missing_users
    assert "accounts for 48.0" in third.missing_users
    assert "mean response is 4.50 s (N/X - Z), not 1.12 s" in third.missing_users
    assert not found.users_to_saturate, "no response time is that of an idle server"


def test_response_time_that_is_not_stated_is_unknown() -> None:
    """A thousand users without pauses: none is missing, for all may have been waiting."""
    found = rows(
        "0",
        {"label": "one", "users": 1000, "duration_s": 60, "requests": 9871, "rps": 164.3, "factors": {"workers": "1"}},
        {
            "label": "five",
            "users": 1000,
            "duration_s": 60,
            "requests": 16335,
            "rps": 271.8,
            "factors": {"workers": "5"},
        },
        {
            "label": "ten",
            "users": 1000,
            "duration_s": 60,
            "requests": 13443,
            "rps": 223.8,
            "factors": {"workers": "10"},
        },
    )
    assert [r.bound for r in found.rows] == [Verdict.UNDETERMINED] * 3
    assert [r.contradictions for r in found.rows] == [[]] * 3
    assert [r.active_users for r in found.rows] == [None] * 3
    assert [r.implied_response_s for r in found.rows] == pytest.approx([6.1, 3.7, 4.5], abs=0.05)
    text = text_of(found)
    assert "6.09 s («one»), 3.68 s («five»), 4.47 s («ten»)" in text
    assert "proves nothing by itself, such as the 17.7 % between the two highest rates («five» and «ten»)" in text


def test_medians_are_no_means() -> None:
    """Five points read off charts: rates and medians of different moments."""
    tests = [("sync", 100, 12, 11, 17), ("sync", 350, 6, 25, 30), ("gevent", 100, 50, 2.2, 5)]
    tests += [("gevent", 500, 50, 6.5, 18), ("gevent", 1000, 27.5, 20, 50)]
    found = rows(
        None,
        *(
            {"label": f"{name} {n}", "users": n, "rps": x, "quantiles_s": {0.5: median, 0.95: p95}}
            for name, n, x, median, p95 in tests
        ),
    )
    assert [r.bound for r in found.rows] == [Verdict.UNDETERMINED] * 5, "a median decides nothing"
    text = text_of(found)
    for product in ("132 of 100", "150 of 350", "110 of 100", "325 of 500", "550 of 1,000"):
        assert product in text
    assert "rate and median of «sync 100», «gevent 100» hardly describe the same time" in text


def test_few_waves_of_requests() -> None:
    """Ten waves of twenty requests: the ends explain what is missing, and a sixth of a second is no measurement."""
    found = rows(
        "0",
        {
            "users": 20,
            "requests": 200,
            "duration_s": 0.17,
            "duration_rounding_s": 0.005,
            "mean_s": 0.01458,
            "rps": 1203.96,
        },
        {
            "users": 20,
            "requests": 200,
            "duration_s": 0.15,
            "duration_rounding_s": 0.005,
            "mean_s": 0.01345,
            "rps": 1318.46,
        },
    )
    assert [(r.account, r.contradictions) for r in found.rows] == [(Account.ALL, [])] * 2
    assert "170 ms is too short" in text_of(found)


def test_more_requests_in_progress_than_users() -> None:
    """X·R is 5.6 of 4 and 8.9 of 8 users: impossible, whether or not the pauses are known."""
    tests = [(1, 107.786, 9.5118), (2, 211.932, 9.5965), (4, 328.509, 17.0848), (8, 458.061, 19.5355)]
    measured = [{"users": n, "rps": x, "mean_s": ms / 1000} for n, x, ms in tests]
    for think in ("0", None):
        found = rows(think, *measured)
        assert [r.account is Account.IMPOSSIBLE for r in found.rows] == [False, False, True, True]
        assert [r.bound for r in found.rows][2:] == [Verdict.INVALID] * 2
        assert "X·R is 5.61 users, and 4 users are stated" in text_of(found)
    assert rows("0", *measured).rows[0].bound == Verdict.TOO_FEW_USERS, "two users have twice the rate"


def test_rate_off_by_a_digit() -> None:
    """2636 requests in a minute are 43.9/s, and the users' pauses are what limits them."""
    found = rows(
        "0.1,2",
        {"users": 50, "duration_s": 60, "requests": 2636, "rps": 4.39, "rps_rounding": 0.005, "mean_s": 0.00356},
    )
    [only] = found.rows
    assert only.rps == pytest.approx(43.93, abs=0.01)
    assert (only.bound, only.account) == (Verdict.THINK_TIME, Account.ALL)
    assert only.active_users == pytest.approx(46.3, abs=0.05)
    [contradiction] = only.contradictions
    assert "43.9 requests/s, not 4.39, which is 10.0 times too low" in contradiction


def test_failures_come_first() -> None:
    """85 % of the answers refuse the request: no saturation is shown, and no user is missing after a ramp-up."""
    found = rows(
        "1,5", {"users": 500, "requests": 26094, "failures": 22152, "rps": 141, "rps_rounding": 0.5, "mean_s": 0.1499}
    )
    [only] = found.rows
    assert (only.bound, only.account, only.contradictions) == (Verdict.ERRORS, Account.ALL, [])
    assert only.possible_rps == pytest.approx(159, abs=0.5)
    assert only.goodput_rps == pytest.approx(21.3, abs=0.1)
    assert "84.9 % of the requests failed: do not use the rate or the times" in found.findings[0]


def test_goodput_is_counted() -> None:
    found = rows(None, {"requests": 101_000, "failures": 69_600, "duration_s": 300, "rps": 297, "rps_rounding": 0.5})
    [only] = found.rows
    assert only.bound == Verdict.ERRORS
    assert only.failed_share == pytest.approx(0.689, abs=0.001)
    assert only.goodput_rps == pytest.approx(105, abs=0.5)
    assert "are 337 requests/s, not 297" in text_of(found)
    assert "105 requests/s succeeded" in text_of(found)


def test_failures_of_an_unknown_share_are_stated() -> None:
    found = rows(None, {"users": 128, "rps": 30_100, "mean_s": 0.0042, "failures": 28_000})
    assert "28,000 requests failed, and no number of requests is stated" in text_of(found)
    assert "X·R is about the number of users in «test 0»" in text_of(found)


def test_few_failures_by_chance_are_allowed() -> None:
    assert row("1", users=10, rps=9.9, requests=50, failures=1, mean_s=0.01).bound == Verdict.THINK_TIME
    assert row("1", users=10, rps=9.9, stated_failed_share=0.05, mean_s=0.01).bound == Verdict.ERRORS


def test_pauses_that_are_not_stated_follow() -> None:
    found = rows(None, {"users": 50, "rps": 32.7, "mean_s": 0.00445})
    assert found.rows[0].implied_pause_s == pytest.approx(1.52, abs=0.01)
    assert "users pause for N/X - R if all were active: 1.52 s" in text_of(found)


def test_users_with_long_pauses() -> None:
    """300 users who pause for 1.94 s send 150/s to any server."""
    found = row("1.94", users=300, requests=1500, duration_s=10.1, rps=148.659449, mean_s=0.06084)
    assert (found.bound, found.contradictions) == (Verdict.THINK_TIME, [])
    assert found.possible_rps == pytest.approx(150, abs=0.1)


@pytest.mark.parametrize(("rps", "mean_s", "product"), [(5043.27, 0.00604, "30.5"), (5006.85, 0.00048751, "2.44")])
def test_one_connection_waits_for_one_response(rps: float, mean_s: float, product: str) -> None:
    found = row("0", users=1, requests=5047, duration_s=1.0, duration_rounding_s=0.05, rps=rps, mean_s=mean_s)
    assert found.bound == Verdict.INVALID
    assert f"X·R is {product} users, and 1 user is stated" in found.contradictions[0]
    assert "coordinated omission" in found.contradictions[0]


def test_decimal_commas_read_rightly_are_consistent() -> None:
    found = rows(
        "1,2",
        {"users": 1, "requests": 120, "duration_s": 180, "rps": 0.7, "rps_rounding": 0.05, "mean_s": 0.00442},
        {"users": 50, "requests": 5223, "duration_s": 180, "rps": 32.7, "rps_rounding": 0.05, "mean_s": 0.00445},
    )
    assert [r.bound for r in found.rows] == [Verdict.THINK_TIME] * 2
    assert found.users_to_saturate == {1: 341, 2: 681, 4: 1362}


def test_rates_a_thousand_times_too_high() -> None:
    found = rows(
        None,
        {"requests": 960, "duration_s": 120, "rps": 8000, "mean_s": 0.03},
        {"requests": 1000, "duration_s": 1.24666, "rps": 802142.94, "mean_s": 0.05286},
        {"requests": 6000, "rps": 222222.222, "mean_s": 1.264},
    )
    text = text_of(found)
    assert "are 8.00 requests/s, not 8,000, which is 1,000 times as much; at 8,000 they take 120 ms" in text
    assert "are 802 requests/s" in text
    assert "at 222,222 requests/s last 27.0 ms, and a single response 1.26 s on average: impossible" in text
    assert [r.bound for r in found.rows] == [Verdict.INVALID] * 3
    assert "0 s" not in text.replace("120 s", "")
    assert "e+" not in text


def test_rate_that_so_many_users_cannot_send() -> None:
    found = row("100", users=10, rps=126)
    assert (found.bound, found.account) == (Verdict.INVALID, Account.IMPOSSIBLE)
    [contradiction] = found.contradictions
    assert "at most 0.100 requests/s, N/Z, and 126 are stated: impossible" in contradiction
    assert "unless users send 1,260 requests between two pauses" in contradiction


def test_throughput_follows_from_requests_and_duration() -> None:
    found = row("3", users=100, requests=1980, duration_s=60)
    assert (found.rps, found.bound, found.contradictions) == (33, Verdict.THINK_TIME, [])
    assert found.possible_rps == pytest.approx(33.3, abs=0.1)


def test_without_think_time_nothing_is_claimed() -> None:
    found = row(None, users=50, rps=33)
    assert (found.bound, found.active_users, found.possible_rps) == (Verdict.UNDETERMINED, None, None)
    assert audit([]).findings == []


def test_saturated_server_is_not_called_users_pauses() -> None:
    found = row("1,2", users=500, rps=100, mean_s=3.5)
    assert (found.bound, found.account) == (Verdict.UNDETERMINED, Account.ALL)
    assert found.active_users == pytest.approx(500)


def test_users_without_pauses_are_never_limited_by_them() -> None:
    for n in (1, 8, 1000):
        found = row("0", users=n, rps=n / 0.01, mean_s=0.01)
        assert found.bound == Verdict.UNDETERMINED
        assert "pauses" not in " ".join(rows("0", {"users": n, "rps": n / 0.01, "mean_s": 0.01}).findings)
