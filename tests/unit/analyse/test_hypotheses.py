"""Hypotheses on made-up campaigns whose truth is known: what is supported, refuted and left open."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from loadstone.analyse.agreement import agree_by_experiment
from loadstone.analyse.campaign import MeasuredCampaign
from loadstone.analyse.conclusion import judge_interval
from loadstone.analyse.hypotheses import judge_hypotheses
from loadstone.figures.read import read_rows_if_valid
from loadstone.plan.schedule import Run, make_plan
from loadstone.results.hypotheses import JudgedHypotheses, JudgedHypothesis
from loadstone.results.json_file import to_json
from loadstone.results.signals import Signals
from loadstone.results.tables import ENDPOINT_COLUMNS
from loadstone.results.verdicts import CampaignVerdicts, Evidence, Judgement, RunVerdict
from loadstone.suite.hypotheses import Region, parse_region
from loadstone.suite.load import load_suite
from loadstone.suite.verdict import Verdict
from loadstone.theory.intervals import Interval, ratio_of_pairs, ratio_of_runs
from tests.conftest import ROOT
from tests.unit.analyse.test_bottleneck import EAGER

Judge = Callable[..., JudgedHypothesis]
Behaviour = Callable[[Run, str, np.random.Generator], Mapping[str, float]]
"""From a run and an endpoint to what its row says beside throughput 1000 and mean 10 ms."""

PUBLISHED = ROOT / "config" / "published.csv"
ENDPOINTS = ("all", "GET /albums", "GET /albums/<id>", "POST /albums")
SIMULATIONS = 4000


def plain(run: Run, endpoint: str, rng: np.random.Generator) -> Mapping[str, float]:
    return {"mean_ms": 10 * float(rng.lognormal(0, 0.01))}


def judge_all(
    folder: Path,
    suite: str,
    behaviour: Behaviour = plain,
    *,
    verdicts: Mapping[tuple[str, int], str] | None = None,
    signals: Mapping[str, Any] | None = None,
    published: Path | None = None,
) -> tuple[JudgedHypothesis, ...]:
    """Make up a campaign of a suite and judge its hypotheses."""
    path = folder / "suite.yaml"
    path.write_text(suite, encoding="utf-8")
    (folder / "published.csv").write_text(PUBLISHED.read_text(encoding="utf-8"), encoding="utf-8")
    plan = make_plan(load_suite(path))
    rng = np.random.default_rng(6)
    base = dict.fromkeys(ENDPOINT_COLUMNS, math.nan) | {"requests": 1000, "failures": 0}
    base |= {"throughput_rps": 1000.0, "goodput_rps": 1000.0}
    rows = [
        {
            **base,
            "experiment": run.experiment,
            "repeat": run.repeat,
            "endpoint": endpoint,
            **behaviour(run, endpoint, rng),
        }
        for run in plan.runs
        for endpoint in ENDPOINTS
    ]
    keys = [(run.experiment, run.repeat) for run in plan.runs]
    measured = MeasuredCampaign(
        plan=plan,
        summary=pd.DataFrame(rows),
        signals={key: Signals(**(EAGER | dict(signals or {}))) for key in keys},
        windows={},
    )
    processes = pd.DataFrame(
        [(*key, "load-worker", 900.0, 100.0) for key in keys for _ in range(2)],
        columns=["experiment", "repeat", "role", "voluntary_per_s", "involuntary_per_s"],
    )
    of_runs = {
        run: judgement(name) for run, name in (dict.fromkeys(keys, "undetermined") | dict(verdicts or {})).items()
    }
    judged = CampaignVerdicts(
        experiments=agree_by_experiment(of_runs, dict.fromkeys(of_runs, 1.0)),
        runs=tuple(RunVerdict.of(*each) for each in of_runs.items()),
    )
    hypotheses = judge_hypotheses(measured, processes, judged, read_rows_if_valid(published))
    assert JudgedHypotheses.model_validate_json(to_json(hypotheses), strict=True) == hypotheses
    assert all(len(answer.evidence.splitlines()) == 1 for answer in hypotheses.root)
    return hypotheses.root


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Make up a campaign of a suite with one hypothesis, judge it and return what came out."""

    def judged(
        hypothesis: str,
        behaviour: Behaviour = plain,
        *,
        suite: str = "baselines: false\nexperiments: {a: {}, b: {}}",
        **others: Any,
    ) -> JudgedHypothesis:
        text = f"{suite}\nhypotheses: {{h: {{claim: A claim., {hypothesis}}}}}\n"
        [answer] = judge_all(tmp_path, text, behaviour, **others)
        return answer

    return judged


def judgement(verdict: str) -> Judgement:
    """Make up the judgement on a run whose users spend 97 % of their time waiting."""
    waiting = Evidence(signal="u_think", value=0.97, unit="", limit=0.9, meaning="")
    return Judgement(
        verdict=Verdict(verdict),
        parties=(),
        also=None,
        evidence=(waiting,),
        runner_up=None,
        remark=None,
        probe="",
        missing=(),
    )


def factor(**factors: float) -> Behaviour:
    """Behave so that an experiment's mean is so many times 10 ms, give or take one per cent."""
    return lambda run, _, rng: {"mean_ms": 10 * factors.get(run.experiment, 1.0) * float(rng.lognormal(0, 0.01))}


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
    answer = judge(post, verdicts={("a", 2): "invalid"})
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


@pytest.mark.parametrize("verdict", ["invalid", "errors"])
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
    errors = {("a", repeat): "errors" for repeat in (1, 2, 3)}
    test = "value: {metric: failures, of: a}, expect: "
    answer = judge(test + "'> 5%'", failing(0.1, 1000), verdicts=errors)
    assert (answer.outcome, answer.unit, answer.effect) == ("supported", "share", pytest.approx(0.1))
    assert "share of failures of a is 10.0 %" in answer.evidence
    invalid = {("a", repeat): "invalid" for repeat in (1, 2, 3)}
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
        (("server CPU",) * 3, "server CPU", "supported"),
        (("server CPU",) * 3, "server", "supported"),
        (("serial section",) * 3, "server", "supported"),
        (("think time",) * 3, "server", "refuted"),
        (("server CPU",) * 3, "generator", "refuted"),
        (("server CPU", "server CPU", "generator"), "server", "inconclusive"),
        (("undetermined",) * 3, "server", "inconclusive"),
        (("undetermined",) * 3, "undetermined", "supported"),
        (("invalid",) * 3, "server", "inconclusive"),
        (("errors",) * 3, "server", "inconclusive"),
    ],
)
def test_bottleneck(judge: Judge, verdicts: tuple[str, ...], expect: str, found: str) -> None:
    of_runs = {("a", repeat): verdict for repeat, verdict in enumerate(verdicts, start=1)}
    answer = judge(f"bottleneck: a, expect: {expect}", verdicts=of_runs)
    assert (answer.outcome, answer.effect, answer.runs) == (found, None, 3)
    assert f"{verdicts[0]} in {verdicts.count(verdicts[0])} of 3 runs" in answer.evidence
    assert "u_think = 0.970" in answer.evidence
    assert ("names no single party" in answer.evidence) == (found == "inconclusive")


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
    verdicts = {("few=1000", repeat): "invalid" for repeat in (1, 2)}
    answer = judge("trend: {metric: mean, over: few}, expect: rises", albums(0.001), suite=CROSSED, verdicts=verdicts)
    assert (answer.outcome, answer.evidence) == ("inconclusive", "2 of 2 runs of few=1000 cannot be used: invalid")


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


def test_gate_and_claim_are_passed_on(judge: Judge) -> None:
    answer = judge("gate: true, " + COMPARE + "within 5% of 1")
    assert (answer.gate, answer.claim, answer.expect) == (True, "A claim.", "within 5% of 1")


def test_bounds_of_a_region() -> None:
    def at(low: float, high: float, text: str) -> str:
        return judge_interval(Interval(value=(low + high) / 2, low=low, high=high, runs=3), parse_region(text, ""))

    assert at(1.0, 1.2, "> 1") == "inconclusive", "the bound itself is outside"
    assert at(1.0, 1.2, ">= 1") == "supported"
    assert at(0.8, 1.0, "> 1") == "refuted"
    assert at(0.8, 1.0, ">= 1") == "inconclusive"
    assert at(0.5, 2.0, "within 10% of 1") == "inconclusive"
    assert at(0.95, 1.05, "within 10% of 1") == "supported"
    assert at(1.2, 1.3, "within 10% of 1") == "refuted"


@pytest.mark.parametrize("scatter", [(0.02, 0.02), (0.05, 0.01)])
def test_claim_that_is_true_by_nothing_is_seldom_decided(scatter: tuple[float, float]) -> None:
    """A ratio of 1.05 exactly, held against 1.05: at most five campaigns in a hundred may say yes or no."""
    rng = np.random.default_rng(8)
    region = Region(low=1.05, open=True)
    decided = 0
    for _ in range(SIMULATIONS):
        a = 1.05 * rng.lognormal(0, scatter[0], 4)
        b = rng.lognormal(0, scatter[1], 4)
        decided += judge_interval(ratio_of_runs(a.tolist(), b.tolist()), region) != "inconclusive"
    assert decided / SIMULATIONS < 0.06


def test_so_is_one_judged_in_pairs() -> None:
    rng = np.random.default_rng(9)
    region = Region(low=1.05, open=True)
    decided = 0
    for _ in range(SIMULATIONS):
        of_run = rng.lognormal(0, 0.5, 3)
        a, b = 1.05 * of_run * rng.lognormal(0, 0.02, 3), of_run * rng.lognormal(0, 0.02, 3)
        decided += judge_interval(ratio_of_pairs(a.tolist(), b.tolist()), region) != "inconclusive"
    assert 0.04 < decided / SIMULATIONS < 0.06


def test_pairs_have_to_be_pairs() -> None:
    for values, to in (([1.0], []), ([], []), ([1.0, 0.0], [1.0, 1.0]), ([1.0, 2.0], [1.0])):
        with pytest.raises(ValueError, match="pairs"):
            ratio_of_pairs(values, to)


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
