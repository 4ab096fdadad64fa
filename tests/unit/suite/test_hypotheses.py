"""Hypotheses in a suite: what reaches the plan, the schema and the metrics."""

import json
import re

import jsonschema
import pytest

from loadstone.analyse import metrics
from loadstone.plan.schedule import Plan, make_plan
from loadstone.suite.hypotheses import (
    ENDPOINTS,
    METRICS,
    TESTS,
    parse_verdict,
)
from loadstone.suite.load import load_suite
from loadstone.suite.settings import task_names
from loadstone.suite.verdict import Verdict
from tests.conftest import ROOT
from tests.support.suites_with_hypotheses import SUITE, TABLE, WriteSuite

SOUND = """
hypotheses:
  z-last:
    claim: c
    gate: true
    compare: {metric: mean, of: a, endpoint: POST /albums, to_endpoint: GET /albums}
    expect: "< 1"
  ratio: {claim: c, compare: {metric: p99.9, of: few=10, to: many=10000}, expect: within 5% of 1}
  bound: {claim: c, value: {metric: failures, of: a, endpoint: GET /albums}, expect: <= 1%}
  row: {claim: c, value: {metric: implied_s, published: x}, expect: between 160s and 170s}
  who: {claim: c, bottleneck: a, expect: server}
  line: {claim: c, trend: {metric: server_time, endpoint: GET /albums/<id>, over: [few, many]}, expect: linear}
  flat: {claim: c, trend: {metric: throughput, over: threads}, expect: flat within 10%}
  three: {claim: c, trend: {metric: throughput, over: [two, lone]}, expect: falls}
"""


def planned(write_suite: WriteSuite, text: str) -> Plan:
    path = write_suite(text)
    path.with_name("table.csv").write_text(TABLE, encoding="utf-8")
    return make_plan(load_suite(path))


def test_sound_hypotheses_reach_the_plan(write_suite: WriteSuite) -> None:
    plan = planned(write_suite, SUITE + SOUND)
    assert list(plan.suite.hypotheses) == sorted(plan.suite.hypotheses), "their order in the file means nothing"
    assert [h.tests for h in plan.suite.hypotheses.values()].count(["compare"]) == 2
    compare = plan.suite.hypotheses["z-last"].compare
    assert compare is not None
    assert compare.sides == (("a", "POST /albums"), ("a", "GET /albums"))
    line = plan.suite.hypotheses["line"].trend
    assert line is not None
    assert line.over == ["few", "many"]
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_hypotheses_change_the_plan_and_no_run(write_suite: WriteSuite) -> None:
    plan, without = planned(write_suite, SUITE + SOUND), planned(write_suite, SUITE)
    assert plan.runs == without.runs
    assert plan.digest != without.digest


def test_schema_completes_and_checks() -> None:
    schema = json.loads((ROOT / "workflow" / "schemas" / "suite.schema.json").read_text(encoding="utf-8"))
    sound = {"claim": "c", "compare": {"metric": "mean", "of": "a", "to": "b"}, "expect": "> 1"}
    jsonschema.validate({"hypotheses": {"h": sound}}, schema)
    jsonschema.validate(
        {"hypotheses": {"h": {"claim": "c", "expect": "rises", "trend": {"metric": "max", "over": "s"}}}}, schema
    )
    wrong = [
        sound | {"compare": {"metric": "speed", "of": "a"}},
        sound | {"bottleneck": "a"},
        {"claim": "c", "expect": "> 1"},
        {key: value for key, value in sound.items() if key != "expect"},
    ]
    for one in wrong:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"hypotheses": {"h": one}}, schema)


def test_endpoints_are_those_of_the_locustfile() -> None:
    text = (ROOT / "locustfiles" / "albums.py").read_text(encoding="utf-8")
    requests = re.findall(r"client\.(get|post)\(\s*[^)]*?name=\"([^\"]+)\"", text)
    assert {f"{method.upper()} {name}" for method, name in requests} == set(ENDPOINTS.values())
    assert set(ENDPOINTS) == set(task_names())


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_can_be_expected_of_a_bottleneck(verdict: Verdict) -> None:
    assert parse_verdict(str(verdict)) == (verdict,)


def test_every_metric_is_computed() -> None:
    of_requests = {name for name, metric in METRICS.items() if metric.by_endpoint}
    assert of_requests == {*metrics.COLUMNS, metrics.FAILURES}
    assert TESTS == ("compare", "value", "bottleneck", "trend")
