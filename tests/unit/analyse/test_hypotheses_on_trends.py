"""Hypotheses about the change of a metric over the levels of sweeps."""

from collections.abc import Mapping

import numpy as np
import pytest

from loadstone.plan.schedule import Run
from tests.support.judged_hypotheses import Behaviour, Judge

CROSSED = """baselines: false
defaults: {repeats: 2}
sweeps:
  few: {vary: server.albums, values: [10, 1000, 10000], load: {users: 2, spawn_rate: 2}}
  many: {vary: server.albums, values: [10, 1000, 10000], load: {users: 20}}
  sizes: {vary: server.albums, values: [10, 10000]}
"""


def albums(cost: float, user: float = 0.2, bend: float = 0.0) -> Behaviour:
    """Behave so that each album costs so much, each user so much, and a thousand albums something beside."""

    def behaviour(run: Run, _: str, rng: np.random.Generator) -> Mapping[str, float]:
        n, users = run.server.albums, run.load.users
        return {"mean_ms": 10 + cost * n + user * users + bend * (n == 1000) + float(rng.normal(0, 0.05))}

    return behaviour


@pytest.mark.parametrize(
    ("behaviour", "expect", "found"),
    [
        (albums(0.001), "rises", "supported"),
        (albums(0.001), "falls", "refuted"),
        (albums(-0.0005), "falls", "supported"),
        (albums(0.0), "rises", "inconclusive"),
        (albums(0.0), "flat within 5%", "supported"),
        (albums(0.001), "flat within 5%", "refuted"),
        (albums(0.0005), "flat within 41%", "inconclusive"),
        (albums(0.001), "linear", "supported"),
        (albums(0.001, bend=2.0), "linear", "refuted"),
        (albums(-0.0005), "linear", "refuted"),
        (albums(0.0), "linear", "inconclusive"),
    ],
)
def test_trend_at_equal_load(judge: Judge, behaviour: Behaviour, expect: str, found: str) -> None:
    answer = judge(f"trend: {{metric: mean, over: [few, many]}}, expect: {expect}", behaviour, suite=CROSSED)
    assert answer.outcome == found, answer.evidence
    assert (answer.runs, answer.unit) == (12, "share" if "flat" in expect else "ms")
    assert "from 10 to 10,000 server.albums, at equal load.users" in answer.evidence
    assert ("lack of fit" in answer.evidence) == (expect == "linear")


def test_change_is_that_of_the_albums_not_of_the_users(judge: Judge) -> None:
    answer = judge("trend: {metric: mean, over: [few, many]}, expect: rises", albums(0.001, user=5.0), suite=CROSSED)
    assert answer.low < 0.001 * 9990 < answer.high
    assert answer.effect == pytest.approx(9.99, abs=0.15)


def test_relative_change_is_over_the_lowest_level(judge: Judge) -> None:
    answer = judge(
        "trend: {metric: mean, over: sizes}, expect: flat within 90%", albums(0.001, user=0.0), suite=CROSSED
    )
    assert answer.low < 9.99 / 10.01 < answer.high
    assert "changes by +99." in answer.evidence or "changes by +100" in answer.evidence


def test_trend_with_too_little_to_go_by_is_left_open(judge: Judge) -> None:
    single = CROSSED.replace("repeats: 2", "repeats: 1")
    answer = judge("trend: {metric: mean, over: sizes}, expect: rises", albums(0.001), suite=single)
    assert (answer.outcome, answer.low) == ("inconclusive", None)
    assert "too few runs for a 95 % interval" in answer.evidence
    answer = judge("trend: {metric: mean, over: few}, expect: linear", albums(0.001), suite=single)
    assert answer.outcome == "inconclusive"
    assert "without repeats a bend cannot be detected" in answer.evidence
    verdicts = {("few=1000", repeat): "invalid figures" for repeat in (1, 2)}
    answer = judge("trend: {metric: mean, over: few}, expect: rises", albums(0.001), suite=CROSSED, verdicts=verdicts)
    assert (answer.outcome, answer.evidence) == (
        "inconclusive",
        "2 of 2 runs of few=1000 cannot be used: invalid figures",
    )
