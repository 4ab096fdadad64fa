"""A commit that breaks, or whose requests fail more often, never passes as *no change* or *faster*."""

import random
from xml.etree import ElementTree as ET

import pytest

from loadstone.ab.for_ci import to_junit, to_markdown
from loadstone.ab.judge import conclude
from loadstone.results.ab import AbExperiment, AbFinding, AbResult, AbRun
from loadstone.suite.verdict import Verdict
from tests.unit.ab.test_judge import MARGIN, SIDES, A, B, judged, run


def pairs_with(b: list[AbRun], a: list[AbRun] | None = None) -> AbExperiment:
    """Judge runs of B next to as many sound runs of A, unless these are given too."""
    return judged([*(a or [sound("A", pair) for pair in range(1, len(b) + 1)]), *b], len(b))


def sound(side: str, pair: int, failures: int = 0, mean_ms: float = 10.0) -> AbRun:
    wobble = 1 + 0.002 * (pair % 3)
    return run(SIDES[side == "B"], pair, mean_ms * wobble, 1e3 * wobble, failures=failures)


def some_unusable(unusable: int, of: int, verdict: Verdict | None, mean_ms: float = 10.0) -> list[AbRun]:
    """Lay out B's runs, of which the last ones break, have too many errors, or are invalid."""
    return [
        run("B", pair, 10.0, verdict=verdict, failures=300 if verdict is Verdict.ERRORS else 0)
        if pair > of - unusable
        else sound("B", pair, mean_ms=mean_ms)
        for pair in range(1, of + 1)
    ]


def concluded(compared: AbExperiment) -> AbResult:
    return conclude(A, B, MARGIN, [compared])


@pytest.mark.parametrize("verdict", [None, Verdict.ERRORS, Verdict.INVALID])
@pytest.mark.parametrize("mean_ms", [10.0, 5.0])
@pytest.mark.parametrize(("unusable", "of"), [(1, 7), (3, 7), (1, 2), (3, 3)])
def test_more_unusable_runs_of_b_never_end_in_exit_code_0(
    unusable: int, of: int, mean_ms: float, verdict: Verdict | None
) -> None:
    found = pairs_with(some_unusable(unusable, of, verdict, mean_ms))
    assert found.finding == AbFinding.CANNOT_TELL
    assert concluded(found).exit_code == 2
    assert found.reason.startswith(f"{unusable} of {of} runs of B ")
    assert f"({verdict or 'broken'}), and 0 of {of} of A: too few to show that B fails more; " in found.reason
    assert found.failures.reason in to_markdown(concluded(found))


@pytest.mark.parametrize("verdict", [None, Verdict.ERRORS])
@pytest.mark.parametrize(("unusable", "of"), [(4, 4), (5, 7), (5, 20)])
def test_enough_failing_runs_show_that_b_fails_more(unusable: int, of: int, verdict: Verdict | None) -> None:
    found = pairs_with(some_unusable(unusable, of, verdict))
    result = concluded(found)
    assert found.finding == AbFinding.FAILS_MORE
    assert found.failures.runs == (0, unusable)
    assert result.exit_code == 1
    assert result.outcome.endswith("fails more in 1 of 1 experiment: one.")
    assert f"{unusable} of {of} runs of B broke or had too many failures, and 0 of {of} of A" in found.reason
    [failure] = ET.fromstring(to_junit(result)).iter("failure")  # noqa: S314 - our own
    assert str(failure.get("message")).startswith("fails more: ")


def test_runs_that_never_settled_are_not_failures() -> None:
    found = pairs_with(some_unusable(7, 7, Verdict.INVALID))
    assert (found.finding, found.failures.runs) == (AbFinding.CANNOT_TELL, (0, 0))


def test_failing_runs_do_not_hide_that_b_is_slower() -> None:
    found = pairs_with(some_unusable(1, 7, None, mean_ms=20.0))
    assert found.finding == AbFinding.SLOWER
    assert "1 of 7 runs of B failed (broken)" in found.reason
    assert "mean response time 2.0" in found.reason


def test_as_many_failing_runs_of_a_point_to_nothing() -> None:
    b = some_unusable(1, 7, None)
    a = [sound("A", pair) for pair in range(1, 7)] + [run("A", 7, 10.0, verdict=Verdict.ERRORS)]
    found = pairs_with(b, a)
    assert (found.finding, found.failures.finding) == (AbFinding.NO_CHANGE, None)
    fewer = pairs_with([sound("B", pair) for pair in range(1, 8)], a)
    assert (fewer.finding, fewer.failures.runs) == (AbFinding.NO_CHANGE, (1, 0))


def test_larger_share_of_failed_requests_in_sound_runs_is_found() -> None:
    found = pairs_with([sound("B", pair, failures=8) for pair in range(1, 7)])
    assert found.finding == AbFinding.FAILS_MORE
    assert list(found.failures.shares) == [0, pytest.approx(0.008)]
    assert found.reason.startswith("0.800 % of the requests fail with B, and 0 % with A; ")
    assert "- Requests that failed: one, A 0 %, B 0.800 %." in to_markdown(concluded(found))


def test_larger_share_in_too_few_runs_cannot_be_told() -> None:
    for b in ([8, 8], [0, 0, 0, 9, 0, 0]):
        found = pairs_with([sound("B", pair, failures) for pair, failures in enumerate(b, start=1)])
        assert found.finding == AbFinding.CANNOT_TELL
        assert "but not in enough runs" in found.reason


def test_a_few_failed_requests_point_to_nothing() -> None:
    found = pairs_with([sound("B", pair, failures=int(pair == 2)) for pair in range(1, 7)])
    assert (found.finding, found.failures.finding) == (AbFinding.NO_CHANGE, None)
    fewer = [sound("A", pair, failures=8) for pair in range(1, 7)]
    assert pairs_with([sound("B", pair) for pair in range(1, 7)], fewer).finding == AbFinding.NO_CHANGE


@pytest.mark.slow
@pytest.mark.parametrize(("pairs", "burst"), [(2, 0.5), (4, 0.5), (6, 0.2), (10, 0.5)])
def test_same_commit_is_seldom_said_to_fail_more(pairs: int, burst: float) -> None:
    """A/A: some runs break, and some have bursts of failures; at most 5 % of the comparisons are called worse."""
    chance = random.Random(pairs)

    def some_run(side: str, pair: int) -> AbRun:
        if chance.random() < 0.3:
            return run(SIDES[side == "B"], pair, 10.0, verdict=None)
        return sound(side, pair, failures=9 if chance.random() < burst else 0)

    trials = 1500
    alarms = sum(
        pairs_with(*([some_run(side, pair) for pair in range(1, pairs + 1)] for side in "BA")).finding
        == AbFinding.FAILS_MORE
        for _ in range(trials)
    )
    expected = 0.05 * trials
    assert alarms <= expected + 3 * expected**0.5
