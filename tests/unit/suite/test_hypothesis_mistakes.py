"""The messages that refuse mistakes in hypotheses."""

import pytest

from loadstone.errors import SuiteError
from loadstone.suite.load import load_suite
from tests.support.suites_with_hypotheses import SUITE, TABLE, WriteSuite


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
