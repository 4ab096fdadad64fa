"""Hypotheses about rows of a published table, which need no measurement."""

import numpy as np
import pytest

from tests.support.judged_hypotheses import PUBLISHED, Judge

ROWS = """baselines: false
experiments: {a: {}}
published: {table: published.csv, rows: {a: "50 Users, 1 Worker"}}
"""


@pytest.mark.parametrize(
    ("metric", "row", "expect", "found"),
    [
        ("active_users", "50 Users, 4 Workers", "within 20% of 1", "supported"),
        ("active_users", "50 Users, 4 Workers", "within 5% of 50", "refuted"),
        ("active_users", "50 Users, 1 Worker", "within 5% of 50", "supported"),
        ("throughput", "50 Users, 1 Worker", "within 0.5% of 32.7", "inconclusive"),
        ("throughput", "50 Users, 1 Worker", "within 2% of 32.7", "supported"),
        ("possible_rps", "50 Users, 1 Worker", "between 33.2 and 33.3", "supported"),
        ("think_share", "50 Users, 1 Worker", "'> 95%'", "supported"),
        ("implied_s", "50 Users, 1 Worker", "within 1% of 180s", "refuted"),
        ("implied_s", "50 Users, 1 Worker", "within 1% of 160s", "supported"),
    ],
)
def test_published_row(judge: Judge, metric: str, row: str, expect: str, found: str) -> None:
    test = f'value: {{metric: {metric}, published: "{row}"}}, expect: {expect}'
    answer = judge(test, suite=ROWS, published=PUBLISHED)
    assert answer.outcome == found, answer.evidence
    assert f"of the published row «{row}» is" in answer.evidence
    assert answer.low <= answer.effect <= answer.high


def test_published_interval_holds_what_waiting_users_make_of_it() -> None:
    """Simulate a row's users: each makes a request, waits 1 to 2 s, and so on; the rate is printed with one decimal."""
    from loadstone.analyse.audit import audit
    from loadstone.analyse.published_rows import estimate_metric
    from loadstone.figures.row import LoadTestRow, ThinkTimeRange

    rng = np.random.default_rng(7)
    inside, seconds, users = 0, 60.0, 5
    for _ in range(400):
        cycles = rng.uniform(1, 2, (users, 80)).cumsum(axis=1) + rng.uniform(0, 1.5, (users, 1))
        rps = round(float((cycles < seconds).sum()) / seconds, 1)
        row = LoadTestRow(
            label="x",
            users=users,
            think=ThinkTimeRange(low=1, high=2),
            duration_s=seconds,
            rps=rps,
            rps_rounding=0.05,
            mean_s=0.0,
        )
        found = estimate_metric(audit([row]).rows[0], "active_users")
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= users <= found.high
    assert inside / 400 > 0.94


def test_row_that_can_not_be_audited_is_left_open(judge: Judge) -> None:
    test = 'value: {metric: active_users, published: "50 Users, 1 Worker"}, expect: within 5% of 50'
    answer = judge(test, suite=ROWS, published=None)
    assert (answer.outcome, answer.evidence) == ("inconclusive", "the published table cannot be audited")
    paced = ROWS.replace("a: {}", "a: {load: {pacing: 1s}}")
    timeless = ROWS.replace("a: {}", "a: {load: {think_time: {exponential: 1}}}")
    assert judge(test, suite=paced, published=PUBLISHED).outcome == "inconclusive"
    answer = judge(test, suite=timeless, published=PUBLISHED)
    assert answer.evidence == "«50 Users, 1 Worker»: the think time of the row's users is not known"
