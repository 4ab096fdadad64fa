"""Hypotheses on made-up campaigns whose truth is known: what is supported, refuted and left open."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from loadstone.plan.schedule import Run
from tests.support.judged_hypotheses import Behaviour, Judge, factor, plain

COMPARE = "compare: {metric: mean, of: a, to: b}, expect: "


@pytest.mark.parametrize(
    ("expect", "found"),
    [
        ("'> 1.2'", "supported"),
        ("'< 1.2'", "refuted"),
        ("'>= 1.3'", "inconclusive"),
        ("within 10% of 1.3", "supported"),
        ("within 5% of 1", "refuted"),
        ("between 1.25 and 1.3", "inconclusive"),
    ],
)
def test_ratio_of_two_experiments(judge: Judge, expect: str, found: str) -> None:
    answer = judge(COMPARE + expect, factor(a=1.3))
    assert answer.outcome == found
    assert answer.low < 1.3 < answer.high
    assert (answer.unit, answer.runs, answer.test, answer.id) == ("ratio", 6, "compare", "h")
    assert answer.evidence.startswith("mean response time of a is 1.3")
    assert "3 and 3 runs" in answer.evidence
    assert ("leaves it open" in answer.evidence) == (found == "inconclusive")


def test_one_repeat_has_no_interval(judge: Judge) -> None:
    suite = "baselines: false\nexperiments: {a: {repeats: 1}, b: {}}"
    answer = judge(COMPARE + "'> 1'", factor(a=5.0), suite=suite)
    assert (answer.outcome, answer.low, answer.high) == ("inconclusive", None, None)
    assert answer.effect == pytest.approx(5, rel=0.1)
    assert "one run has no interval" in answer.evidence
    answer = judge("value: {metric: mean, of: a}, expect: '> 1ms'", suite=suite)
    assert (answer.outcome, answer.effect) == ("inconclusive", pytest.approx(10, rel=0.1))
    assert "one run has no interval" in answer.evidence


def test_endpoints_of_one_experiment_are_paired(judge: Judge) -> None:
    """Runs differ by a factor of two and more, both endpoints alike: only in pairs is the ratio of 0.9 sure."""

    def alike(run: Run, endpoint: str, rng: np.random.Generator) -> Mapping[str, float]:
        own = 0.9 if endpoint == "POST /albums" else 1.0
        return {"mean_ms": 10 * own * 2**run.repeat * float(rng.lognormal(0, 0.01))}

    post = "endpoint: POST /albums, to_endpoint: GET /albums"
    answer = judge(f"compare: {{metric: mean, of: a, {post}}}, expect: '< 1'", alike)
    assert (answer.outcome, answer.runs) == ("supported", 3)
    assert answer.effect == pytest.approx(0.9, rel=0.02)
    assert "3 runs, in pairs" in answer.evidence
    assert "of POST /albums in a is 0.896 times that of GET /albums in a" in answer.evidence
    assert judge(f"compare: {{metric: mean, of: a, to: b, {post}}}, expect: '< 1'", alike).outcome == "inconclusive"


def test_run_that_has_no_pair_is_left_out_once(judge: Judge) -> None:
    post = "compare: {metric: mean, of: a, endpoint: POST /albums, to_endpoint: GET /albums}, expect: within 9% of 1"
    answer = judge(post, verdicts={("a", 2): "invalid figures"})
    assert "2 runs, in pairs, 1 left out: invalid" in answer.evidence
    unlucky = lambda run, end, rng: {} if (run.repeat, end) == (3, "GET /albums") else plain(run, end, rng)  # noqa: E731
    answer = judge(post, unlucky)
    assert (answer.runs, "2 runs, in pairs, 1 left out: mean not measured" in answer.evidence) == (2, True)


def test_ratio_to_nothing_is_left_open(judge: Judge) -> None:
    answer = judge("compare: {metric: failures, of: a, to: b}, expect: '> 1'")
    assert (answer.outcome, answer.effect) == ("inconclusive", None)
    assert "no ratio of 0 % to 0 %" in answer.evidence


@pytest.mark.parametrize(
    ("expect", "found"), [("'< 11ms'", "supported"), ("'> 0.011s'", "refuted"), ("'>= 10ms'", "inconclusive")]
)
def test_value_against_a_bound(judge: Judge, expect: str, found: str) -> None:
    answer = judge(f"value: {{metric: mean, of: a, endpoint: GET /albums}}, expect: {expect}")
    assert (answer.outcome, answer.unit) == (found, "ms")
    assert answer.evidence.startswith("mean response time of GET /albums in a is ")


def test_metrics_of_processes_are_a_request(judge: Judge) -> None:
    """1000 requests/s, 0.5 CPUs of either party, two workers of the generator with 1000 switches a second each."""
    for metric, unit in (("server_cpu_per_request", "ms"), ("generator_cpu_per_request", "ms")):
        answer = judge(f"value: {{metric: {metric}, of: a}}, expect: within 1% of 0.5ms")
        assert (answer.outcome, answer.effect, answer.unit) == ("supported", 0.5, unit)
    answer = judge("value: {metric: generator_switches_per_request, of: a}, expect: within 1% of 2")
    assert (answer.outcome, answer.effect, answer.unit) == ("supported", 2.0, "")


def test_figure_that_was_not_measured_is_left_open(judge: Judge) -> None:
    answer = judge("value: {metric: server_cpu_per_request, of: a}, expect: '> 1ms'", signals={"server_cpu": None})
    assert answer.outcome == "inconclusive"
    assert answer.evidence == "3 of 3 runs of a cannot be used: server_cpu_per_request not measured"
    answer = judge("value: {metric: p99.9, of: a}, expect: '> 1ms'")
    assert answer.evidence == "3 of 3 runs of a cannot be used: p99.9 not measured"


@pytest.mark.parametrize("verdict", ["invalid figures", "too many failures"])
def test_unsound_runs_are_left_out_and_too_many_leave_it_open(judge: Judge, verdict: str) -> None:
    wild = lambda run, _, rng: {"mean_ms": 500.0 if run.repeat == 2 else 10 * float(rng.lognormal(0, 0.01))}  # noqa: E731
    answer = judge("value: {metric: mean, of: a}, expect: between 8ms and 12ms", wild, verdicts={("a", 2): verdict})
    assert (answer.outcome, answer.runs) == ("supported", 2)
    assert f"2 runs, 1 left out: {verdict}" in answer.evidence
    unsound = {("a", 2): verdict, ("a", 3): verdict}
    answer = judge(COMPARE + "'> 1'", factor(a=5.0), verdicts=unsound)
    assert (answer.outcome, answer.effect) == ("inconclusive", None)
    assert answer.evidence == f"2 of 3 runs of a cannot be used: {verdict}"


def failing(share: float, requests: int) -> Behaviour:
    return lambda *_: {"requests": requests, "failures": share * requests}


def test_failures_are_judged_where_there_are_errors(judge: Judge) -> None:
    errors = {("a", repeat): "too many failures" for repeat in (1, 2, 3)}
    test = "value: {metric: failures, of: a}, expect: "
    answer = judge(test + "'> 5%'", failing(0.1, 1000), verdicts=errors)
    assert (answer.outcome, answer.unit, answer.effect) == ("supported", "share", pytest.approx(0.1))
    assert "share of failures of a is 10.0 %" in answer.evidence
    invalid = {("a", repeat): "invalid figures" for repeat in (1, 2, 3)}
    assert judge(test + "'> 5%'", failing(0.1, 1000), verdicts=invalid).outcome == "inconclusive"


def test_no_failure_among_few_requests_proves_little(judge: Judge) -> None:
    test = "value: {metric: failures, of: a}, expect: <= 1%"
    assert judge(test, failing(0, 1000)).outcome == "supported"
    few = judge(test, failing(0, 30))
    assert few.outcome == "inconclusive"
    assert few.high == pytest.approx(1 - 0.025 ** (1 / 90))


@pytest.mark.parametrize(
    ("verdicts", "expect", "found"),
    [
        (("server's CPU",) * 3, "server's CPU", "supported"),
        (("server's CPU",) * 3, "server", "supported"),
        (("a serial section in the server",) * 3, "server", "supported"),
        (("users' pauses",) * 3, "server", "refuted"),
        (("server's CPU",) * 3, "Locust's CPU", "refuted"),
        (("server's CPU", "server's CPU", "Locust's CPU"), "server", "inconclusive"),
        (("no clear limit",) * 3, "server", "inconclusive"),
        (("no clear limit",) * 3, "no clear limit", "supported"),
        (("invalid figures",) * 3, "server", "inconclusive"),
        (("too many failures",) * 3, "server", "inconclusive"),
    ],
)
def test_bottleneck(judge: Judge, verdicts: tuple[str, ...], expect: str, found: str) -> None:
    of_runs = {("a", repeat): verdict for repeat, verdict in enumerate(verdicts, start=1)}
    answer = judge(f"bottleneck: a, expect: {expect}", verdicts=of_runs)
    assert (answer.outcome, answer.effect, answer.runs) == (found, None, 3)
    assert f"{verdicts[0]} in {verdicts.count(verdicts[0])} of 3 runs" in answer.evidence
    assert "u_think = 0.970" in answer.evidence
    assert ("names no single party" in answer.evidence) == (found == "inconclusive")


def test_gate_and_claim_are_passed_on(judge: Judge) -> None:
    answer = judge("gate: true, " + COMPARE + "within 5% of 1")
    assert (answer.gate, answer.claim, answer.expect) == (True, "A claim.", "within 5% of 1")


OWN = "baselines: false\nexperiments: {a: {load: {locustfile: users.py}}}"


def test_endpoint_that_a_load_of_free_names_never_requested_is_left_open_and_the_measured_ones_are_listed(
    judge: Judge, tmp_path: Path
) -> None:
    (tmp_path / "users.py").touch()
    found = judge("value: {of: a, metric: mean, endpoint: GET /helth}, expect: < 20ms", suite=OWN)
    assert found.outcome == "inconclusive"
    assert found.evidence == (
        "'GET /helth' was not requested in a; measured: GET /albums, GET /albums/<id>, POST /albums"
    )
    found = judge("value: {of: a, metric: mean, endpoint: GET /albums}, expect: < 20ms", suite=OWN)
    assert found.outcome == "supported"
