"""Hypotheses in a suite: what they can state, and the messages that refuse mistakes."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.analyse import metrics
from loadstone.errors import SuiteError
from loadstone.plan.schedule import Plan, make_plan
from loadstone.suite.hypotheses import (
    ENDPOINTS,
    METRICS,
    TESTS,
    Region,
    Shape,
    parse_region,
    parse_shape,
    parse_verdict,
)
from loadstone.suite.load import load_suite
from loadstone.suite.settings import task_names
from loadstone.suite.verdict import SERVER_VERDICTS, Verdict
from tests.conftest import ROOT

WriteSuite = Callable[[str], Path]

SUITE = """
experiments: {a: {}, b: {load: {mix: {get_album: 1}}}}
sweeps:
  few: {vary: server.albums, values: [10, 1000, 10000], load: {users: 2, spawn_rate: 2}}
  many: {vary: server.albums, values: [10, 1000, 10000], load: {users: 20}}
  dicts: {vary: server.albums, values: [10, 1000, 10000], server: {store: dict}}
  two: {vary: server.albums, values: [10, 1000]}
  lone: {vary: server.albums, values: [10000], load: {users: 20}}
  stores: {vary: server.store, values: [list, dict]}
  threads: {vary: server.threads, values: [1, 2]}
  users: {vary: load.users, values: [20, 40]}
published: {table: table.csv, rows: {a: x}}
"""
TABLE = "row,rps,get_albums_avg_ms,post_albums_avg_ms,aggregated_avg_ms\nx,1,2,3,4\n"

PIECES = st.sampled_from(
    [
        ">",
        ">=",
        "<",
        "within",
        "of",
        "between",
        "and",
        "flat",
        "rises",
        "%",
        "ms",
        "s",
        "1",
        "0.5",
        "10",
        "-1",
        " ",
        "٣",
        "\n",
    ]
)
TEXTS = st.text(max_size=40) | st.lists(PIECES, max_size=9).map("".join) | st.lists(PIECES, max_size=9).map(" ".join)
UNITS = st.sampled_from(sorted({metric.unit for metric in METRICS.values()} | {"s"}))


def result_of(parse: Callable[[str], object], text: str) -> object:
    try:
        return parse(text)
    except (ValueError, SuiteError) as error:
        return error


@given(TEXTS, UNITS)
def test_any_text_is_an_expectation_or_a_mistake_of_one_line(text: str, unit: str) -> None:
    for parse in (lambda t: parse_region(t, unit), parse_shape, parse_verdict):
        found = result_of(parse, text)
        if isinstance(found, ValueError):
            assert len(str(found).splitlines()) == 1
        else:
            assert not isinstance(found, Region) or found.low < found.high


@given(TEXTS)
def test_any_text_is_told_with_its_key(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("suite") / "suite.yaml"
    value = json.dumps({"claim": "c", "value": {"metric": "mean", "of": "a"}, "expect": text})
    path.write_text(f"experiments: {{a: {{}}}}\nhypotheses: {{h: {value}}}")
    found = result_of(lambda _: load_suite(path), "")
    if isinstance(found, SuiteError):
        [line] = found.lines
        assert line.startswith((f"{path}: hypotheses.h.expect: ", f"{path}: not YAML"))


@given(st.decimals(0, 10**6, places=3).map(str), st.sampled_from([">", ">=", "<", "<="]), st.sampled_from(["", " "]))
def test_bound_is_read_as_written(number: str, relation: str, space: str) -> None:
    found = parse_region(f"{relation}{space}{number}", "")
    assert float(number) in (found.low, found.high)
    assert found.open == (len(relation) == 1)
    assert (found.high == math.inf) == relation.startswith(">")


@pytest.mark.parametrize(
    ("text", "unit", "region"),
    [
        ("> 1.05", "", Region(low=1.05, open=True)),
        (">= 20", "requests/s", Region(low=20)),
        ("< 50ms", "ms", Region(high=50, open=True)),
        ("<= 0.05 s", "ms", Region(high=50)),
        ("< 500ms", "s", Region(high=0.5, open=True)),
        ("<= 1%", "share", Region(high=0.01)),
        ("within 5% of 20ms", "ms", Region(low=19, high=21)),
        ("between 0.9 and 1.1", "", Region(low=0.9, high=1.1)),
        ("between 10ms and 0.1s", "ms", Region(low=10, high=100)),
    ],
)
def test_region(text: str, unit: str, region: Region) -> None:
    found = parse_region(text, unit)
    assert found.open == region.open
    assert (found.low, found.high) == pytest.approx((region.low, region.high))


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("> 50", "ms"), ("> 50%", "ms"), ("> 50ms", "requests/s"), ("> 1%", ""), ("<= 0.01", "share"), ("= 1", ""),
        ("1", ""), ("> -1", ""), ("> 1 or < 0.5", ""), ("within 5% of 0", ""), ("within 0% of 1", ""), ("> 1e3", ""),
        ("between 2 and 1", ""), ("between 1 and 1", ""), ("> " + "9" * 400, ""), ("within 200% of 1", ""), ("> ٣", ""),
    ],
)  # fmt: skip
def test_what_is_no_region(text: str, unit: str) -> None:
    with pytest.raises(ValueError, match="within 5% of"):
        parse_region(text, unit)


def test_shapes_and_verdicts() -> None:
    assert parse_shape(" rises ") == Shape("rises")
    assert parse_shape("linear") == Shape("linear")
    assert parse_shape("flat within 10%") == Shape("flat", pytest.approx(0.1))
    for wrong in ("flat", "flat within 0%", "flat within 10", "rise", ""):
        with pytest.raises(ValueError, match="flat with a tolerance"):
            parse_shape(wrong)
    assert parse_verdict("server") == SERVER_VERDICTS
    assert parse_verdict("users' pauses") == ("users' pauses",)
    assert parse_verdict("think time") == ("users' pauses",), "the name that earlier versions gave it"
    with pytest.raises(ValueError, match="server, users' pauses, "):
        parse_verdict("the server")


def refused(write_suite: WriteSuite, hypothesis: str) -> list[str]:
    path = write_suite(SUITE + "hypotheses:\n  h: {claim: c, " + hypothesis + "}\n")
    path.with_name("table.csv").write_text(TABLE, encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    assert all(line.startswith(f"{path}: hypotheses.h") for line in caught.value.lines)
    return [line.removeprefix(f"{path}: hypotheses.h") for line in caught.value.lines]


@pytest.mark.parametrize(
    ("hypothesis", "complaint"),
    [
        ("expect: '> 1'", ": no test is given; allowed: exactly one of compare, value, bottleneck, trend"),
        (
            "expect: '> 1', bottleneck: a, value: {metric: mean, of: a}",
            ": value and bottleneck are given; allowed: exac",
        ),
        ("bottleneck: a", ".expect: missing"),
        ("bottleneck: a, expect: 5", ".expect: 5 is not allowed; allowed: a valid string"),
        ("bottleneck: a, expect: disks", ".expect: 'disks' is not allowed; allowed: server, users' pauses,"),
        ("bottleneck: z, expect: server", ".bottleneck: 'z' is not an experiment; allowed: a, b, few=10"),
        (
            "compare: {metric: mean, of: a, speed: 1}, expect: '> 1'",
            ".compare.speed: unknown key; allowed: metric, of, to",
        ),
        (
            "compare: {metric: speed, of: a, to: b}, expect: '> 1'",
            ".compare.metric: 'speed' is not allowed; allowed: thro",
        ),
        (
            "compare: {metric: mean, of: a, to: c}, expect: '> 1'",
            ".compare.to: 'c' is not an experiment; allowed: a,",
        ),
        (
            "compare: {metric: mean, of: c, to: a}, expect: '> 1'",
            ".compare.of: 'c' is not an experiment; allowed: a,",
        ),
        (
            "compare: {metric: mean, of: a}, expect: '> 1'",
            ".compare: both sides are the same; allowed: a different exper",
        ),
        (
            "compare: {metric: mean, of: a, to: b}, expect: '> 1ms'",
            ".expect: '> 1ms' is not allowed; allowed: '> 0.9' (or",
        ),
        (
            "compare: {metric: mean, of: a, to: b, endpoint: POST /albums}, expect: '> 1'",
            ".compare.endpoint: 'POST /albums' is not requested in b; allowed: GET /albums/<id>, all",
        ),
        (
            "compare: {metric: mean, of: a, to_endpoint: PUT /albums}, expect: '> 1'",
            ".compare.to_endpoint: 'PUT /albums' is not requested in a; allowed: GET /albums, GET /albums/<id>, POST",
        ),
        (
            "compare: {metric: server_cpu_per_request, of: a, to: b, endpoint: GET /albums}, expect: '> 1'",
            ".compare.endpoint: server_cpu_per_request is known only for all endpoints together; allowed: no endpoint",
        ),
        (
            "value: {metric: mean, of: a}, expect: '> 1'",
            ".expect: '> 1' is not allowed; allowed: '> 50ms' (or >=, <, <=)",
        ),
        ("value: {metric: mean, of: z}, expect: '> 1ms'", ".value.of: 'z' is not an experiment"),
        ("value: {metric: mean, of: a, endpoint: z}, expect: '> 1ms'", ".value.endpoint: 'z' is not requested in a"),
        ("value: {metric: mean}, expect: '> 1ms'", ".value: neither `of` nor `published` is given; allowed: exactly"),
        ("value: {metric: throughput, of: a, published: x}, expect: '> 1'", ".value: `of` and `published` are both"),
        ("value: {metric: active_users, of: a}, expect: '> 1'", ".value.metric: 'active_users' is not allowed"),
        (
            "value: {metric: mean, published: x}, expect: '> 1ms'",
            ".value.metric: 'mean' is not allowed; allowed: through",
        ),
        (
            "value: {metric: active_users, published: z}, expect: '> 1'",
            ".value.published: 'z' is not a row of the published table; allowed: x",
        ),
        ("value: {metric: implied_s, published: x}, expect: '> 1'", ".expect: '> 1' is not allowed; allowed: '> 20s'"),
        ("trend: {metric: mean, over: z}, expect: rises", ".trend.over: 'z' is not a sweep; allowed: few, many,"),
        (
            "trend: {metric: mean, over: []}, expect: rises",
            ".trend.over: [] is not allowed; allowed: at least one value",
        ),
        (
            "trend: {metric: mean, over: [few, few]}, expect: rises",
            ".trend.over: a sweep is listed twice; allowed: each",
        ),
        (
            "trend: {metric: mean, over: few}, expect: '> 1'",
            ".expect: '> 1' is not allowed; allowed: rises, falls, linear",
        ),
        ("trend: {metric: mean, over: few}, expect: flat", ".expect: 'flat' is not allowed; allowed: rises, falls,"),
        (
            "trend: {metric: mean, over: stores}, expect: rises",
            ".trend.over: stores varies server.store, whose values",
        ),
        (
            "trend: {metric: mean, over: lone}, expect: rises",
            ".trend.over: 1 value of server.albums; allowed: at least 2",
        ),
        (
            "trend: {metric: mean, over: two}, expect: linear",
            "2 values of server.albums; allowed: at least 3 for linear",
        ),
        (
            "trend: {metric: mean, over: [few, threads]}, expect: rises",
            "threads varies server.threads, few varies server",
        ),
        (
            "trend: {metric: mean, over: [few, dicts]}, expect: rises",
            "few, dicts differ in server.store; allowed: sweeps",
        ),
        ("trend: {metric: mean, over: [dicts, dicts]}, expect: rises", ".trend.over: a sweep is listed twice"),
        (
            "trend: {metric: mean, endpoint: z, over: few}, expect: rises",
            ".trend.endpoint: 'z' is not requested in few=10",
        ),
        ("gate: maybe, bottleneck: a, expect: server", ".gate: 'maybe' is not allowed; allowed: a valid boolean"),
        (
            "weight: 1, bottleneck: a, expect: server",
            ".weight: unknown key; allowed: claim, gate, compare, value, bottle",
        ),
    ],
)
def test_mistake_is_told_in_one_line(write_suite: WriteSuite, hypothesis: str, complaint: str) -> None:
    lines = refused(write_suite, hypothesis)
    assert any(complaint in line for line in lines), lines


@pytest.mark.parametrize(
    ("sweeps", "complaint"),
    [
        (
            "s: {vary: server.albums, values: [10, 100]}\n  t: {vary: server.albums, values: [20, 50]}",
            "s, t cannot separate server.albums from load.users; allowed: sweeps that cross the two",
        ),
        (
            "s: {vary: server.albums, values: [10], load: {users: 10}}\n"
            "  t: {vary: server.albums, values: [100], load: {users: 100}}",
            "s, t cannot separate server.albums from load.users; allowed: sweeps that cross the two",
        ),
        (
            "s: {vary: load.users, values: [10, 20]}\n  t: {vary: load.users, values: [30, 40], load: {spawn_rate: 5}}",
            "s, t vary load.users; allowed: one sweep of load.users",
        ),
    ],
)
def test_design_that_can_not_separate_albums_from_users_is_refused(
    write_suite: WriteSuite, sweeps: str, complaint: str
) -> None:
    text = f"sweeps:\n  {sweeps}\nhypotheses: {{h: {{claim: c, trend: {{metric: mean, over: [s, t]}}, expect: rises}}}}"
    with pytest.raises(SuiteError) as caught:
        load_suite(write_suite(text))
    [line] = caught.value.lines
    assert complaint in line


def test_mistakes_are_told_beside_those_of_experiments(write_suite: WriteSuite) -> None:
    text = (
        "experiments: {a: {load: {users: 0}}}\n"
        "hypotheses: {h: {claim: c, bottleneck: a, expect: x}, i: {claim: c, bottleneck: b, expect: server}}"
    )
    with pytest.raises(SuiteError) as caught:
        load_suite(write_suite(text))
    assert [line.split(": ")[1] for line in caught.value.lines] == [
        "experiments.a.load.users", "hypotheses.h.expect", "hypotheses.i.bottleneck"
    ]  # fmt: skip


def test_hypothesis_may_have_the_name_of_a_key(write_suite: WriteSuite) -> None:
    text = "hypotheses: {value: {claim: c, expect: '> 1', compare: {metric: mean, of: a, speed: 1}}}"
    with pytest.raises(SuiteError, match=r"hypotheses.value.compare.speed: unknown key; allowed: metric, of, to, endp"):
        load_suite(write_suite(f"experiments: {{a: {{}}}}\n{text}"))


def test_without_a_published_table_no_row_can_be_named(write_suite: WriteSuite) -> None:
    value = "{metric: active_users, published: x}"
    path = write_suite(f"experiments: {{a: {{}}}}\nhypotheses: {{h: {{claim: c, value: {value}, expect: '> 1'}}}}")
    with pytest.raises(SuiteError, match="'x' is not a row; allowed: none, since the suite names no published table"):
        load_suite(path)


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
