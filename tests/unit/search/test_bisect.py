"""The search for a capacity: which rate comes next, and what is concluded."""

import contextlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.analyse.bottleneck import judge
from loadstone.errors import ResultError, SuiteError
from loadstone.plan.schedule import make_plan
from loadstone.results.search import Probe, read_search
from loadstone.results.signals import Signals
from loadstone.search.bisect import Measured, bracket, conclude, judge_probe, next_rate
from loadstone.suite.capacity import Search, parse_objective
from loadstone.suite.load import load_suite
from loadstone.suite.settings import Settings
from loadstone.summarise.starts import Starts
from tests.support.example_signals import EAGER

ROW = {
    "requests": 1000, "failures": 0, "late": 0, "throughput_rps": 100.0, "service_ms": 4.0, "mean_ms": 5.0,
    "p50_ms": 4.0, "p90_ms": 8.0, "p95_ms": 12.0, "p99_ms": 40.0, "p99_9_ms": 90.0,
}  # fmt: skip


def search(low: float = 10, high: float = 10_000, within: float = 0.05, slo: str = "p95 < 50ms") -> Search:
    return Search(settings=Settings(), slo=slo, rates=(low, high), within=within)


def made(of: Search, rate: float, **changes: float) -> Probe:
    return judge_probe(of, rate, ROW | changes, "probe-1")


def searched(of: Search, capacity: float) -> list[Probe]:
    """Search a server that meets its objective up to `capacity` and misses it from there on."""
    probes: list[Probe] = []
    while (rate := next_rate(of, probes)) is not None:
        probes.append(made(of, rate, p95_ms=10.0 if rate <= capacity else 500.0))
    return probes


@given(st.floats(11, 9000), st.sampled_from([0.01, 0.05, 0.2]))
def test_any_capacity_is_bracketed_as_narrowly_as_wanted(capacity: float, within: float) -> None:
    of = search(within=within)
    met, missed = bracket(searched(of, capacity))
    assert met is not None
    assert missed is not None
    assert met <= capacity < missed
    assert missed <= met * (1 + within) * 1.001


def test_it_takes_few_probes_and_tries_no_rate_twice() -> None:
    probes = searched(search(), 700)
    rates = [probe.rate for probe in probes]
    assert rates[:4] == [10, 20, 40, 80]
    assert len(set(rates)) == len(rates) <= 12


def test_ends_of_the_range() -> None:
    of = search(100, 1000)
    low = conclude(of, searched(of, 50))
    assert (low.met_at, low.missed_at, len(low.probes)) == (None, 100, 1)
    assert "missed at the lowest rate" in low.sentence
    high = conclude(of, searched(of, 5000))
    assert (high.met_at, high.missed_at) == (1000, None)
    assert "up to the highest rate" in high.sentence


def test_rates_that_contradict_each_other_are_read_from_below() -> None:
    of = search()
    probes = [made(of, 100), made(of, 200, p95_ms=60), made(of, 150, p95_ms=60), made(of, 180)]
    assert bracket(probes) == (100, 150)


def test_what_meets_an_objective() -> None:
    of = search()
    assert made(of, 100).met
    assert made(of, 100, p95_ms=50).why == "p95 was 50 ms"
    assert "20 % of requests failed" in str(made(of, 100, failures=200).why)
    late = made(of, 100, late=300)
    assert (late.met, late.why) == (False, "30 % of requests were sent late"), "why is unknown"
    nothing = made(of, 100, p95_ms=math.nan, service_ms=math.nan, failures=1000)
    assert (nothing.met, nothing.value_ms, nothing.service_ms) == (False, None, None)
    assert "at 200/s it does not: p95 was 60 ms" in conclude(of, [made(of, 100), made(of, 200, p95_ms=60)]).sentence


LATE = EAGER | {"users": 50.0, "throughput": 98.0, "response_s": 50 / 98, "think_s": 0.0, "unloaded_response_s": None}
"""All 50 users wait for responses."""


def why_late(rate: float = 160, calm_ms: float | None = 5.0, **signals: Any) -> str:
    """State why requests were late at a rate of which 98 requests/s were answered."""
    s = Signals(**(LATE | signals))
    measured = Measured(signals=s, judgement=judge(s), calm_ms=calm_ms)
    probe = judge_probe(
        search(), rate, ROW | {"late": 700, "throughput_rps": s.throughput}, "probe-1", None, 10, measured
    )
    assert not probe.met
    assert probe.why is not None
    assert probe.why.startswith("70 % of requests were sent late: ")
    return probe.why.partition(": ")[2]


def test_late_requests_accuse_the_server_where_the_generator_has_slack() -> None:
    assert why_late().startswith(
        "the server, or what it waits for, carries only 98.0 of the 160 requests/s asked for, so that the backlog "
        "grows by 62.0 requests per second"
    )
    assert "as far as 50 users can show" in why_late(calm_ms=None)


@pytest.mark.parametrize(
    ("signals", "why"),
    [
        ({"generator_cpu": [0.2, 0.95]}, "the load generator was at its limit (u_gen = 0.950)"),
        ({"generator_ceiling": 100.0}, "the load generator was at its limit (X/ceiling = 0.980)"),
        ({"generator_cpu": None}, "whether the load generator was at its limit is unknown"),
        ({"host_busy": 0.97}, "all CPUs of the machine were busy (u_host = 0.970)"),
        ({"generator_cpu": [0.8]}, "only 98.0 of 160 requests/s were answered (the load generator was nearly full"),
        ({"users": 500.0, "think_s": 450 / 98}, "only 98.0 of 160 requests/s were answered"),
    ],
)
def test_late_requests_accuse_nobody_else_without_figures(signals: dict[str, Any], why: str) -> None:
    found = why_late(**signals)
    assert found.startswith(why)
    assert "server" not in found


def test_late_requests_of_too_few_users_and_of_bursts_are_no_fault_of_the_server() -> None:
    assert "load.users is too small" in why_late(calm_ms=400.0)
    assert why_late(rate=100) == "at times, all 50 users waited for responses"


def test_step_names_what_bound_it() -> None:
    s = Signals(**(LATE | {"server_cpu": 0.97}))
    probe = judge_probe(
        search(), 160, ROW | {"late": 700, "throughput_rps": 98.0}, "probe-1", None, 10,
        Measured(signals=s, judgement=judge(s), calm_ms=5.0),
    )  # fmt: skip
    assert (probe.generator, probe.verdict) == (0.5, judge(s).verdict)
    written = made(search(), 10).model_dump_json()
    assert not any(key in written for key in ("verdict", "generator", "sentence")), "as in files of earlier versions"


def test_only_requests_with_an_intended_start_can_be_late() -> None:
    """Of a locustfile's tasks with ten requests each, only the first ones have an intended start."""
    few = judge_probe(search(), 10, ROW | {"late": 30}, "probe-1", Starts(100, 100), 10)
    assert (few.met, few.late, few.scheduled) == (False, 0.3, 100)
    assert few.why == "30 % of requests with an intended start were sent late"
    assert judge_probe(search(), 10, ROW | {"late": 5}, "probe-1", Starts(100, 100), 10).met
    nothing = judge_probe(search(), 10, ROW, "probe-1", Starts(0, 0), 10)
    assert (nothing.late, nothing.why) == (0.0, "0 of 10 intended starts per second had a request")


def test_rate_that_users_did_not_reach_misses_the_objective() -> None:
    """1,000 starts are wanted: 5 % may be late, and chance may take four standard deviations more."""
    of = search()

    def reached(due: int) -> Probe:
        return judge_probe(of, 100, ROW, "probe-1", Starts(1000, due), 10)

    assert reached(1000).met
    assert reached(824).met
    assert (reached(823).met, reached(823).why) == (False, "82.3 of 100 intended starts per second had a request")
    assert "at 100/s it does not: 50 of 100 intended" in conclude(of, [made(of, 50), reached(500)]).sentence
    written = reached(1000).model_dump_json()
    assert "scheduled" not in written, "as in files of earlier versions"


@pytest.mark.parametrize("text", ["p95 < 50ms", "p99.9<1s", " mean <  2m "])
def test_objectives(text: str) -> None:
    assert parse_objective(text).limit_ms in (50, 1000, 120_000)


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        objective = parse_objective(text)
        assert objective.limit_ms > 0


Load = Callable[[str], Any]


@pytest.fixture
def load(write_suite: Callable[[str], Path]) -> Load:
    return lambda text: load_suite(write_suite("experiments: {a: {load: {users: 9, spawn_rate: 9}}}\n" + text))


def test_suite_fills_a_search_in(load: Load) -> None:
    suite = load("capacity: {c: {base: a, slo: p95 < 50ms, rates: [20, 400], duration: 5s}}")
    found = suite.capacity["c"]
    assert (found.rates, found.within, found.settings.duration, found.settings.load.users) == ((20, 400), 0.05, 5, 9)
    assert (found.settings.load.arrivals.rate, found.settings.load.arrivals.kind) == (20, "poisson")
    assert make_plan(suite).expected_s > found.expected_probes * 5
    assert Search.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{slo: fast}", "capacity.c.slo: 'fast' is not allowed; allowed: a bound such as p95 < 50ms"),
        ("{slo: p95 < 50ms, rates: [5, 1]}", "capacity.c.rates: [5, 1] is not allowed; allowed: [lowest, highest]"),
        ("{slo: p95 < 50ms, base: b}", "capacity.c.base: 'b' is not an experiment; allowed: a"),
        ("{slo: p95 < 50ms, load: {users: many}}", "capacity.c.load.users: 'many' is not allowed"),
        ("{slo: p95 < 50ms, within: 5}", "capacity.c.within: 5 is not allowed; allowed: a percentage"),
        ("{rates: [1, 2]}", "capacity.c.slo: missing"),
    ],
)
def test_mistakes_are_told_in_one_line(load: Load, text: str, complaint: str) -> None:
    with pytest.raises(SuiteError) as error:
        load(f"capacity: {{c: {text}}}")
    assert [complaint in line for line in error.value.lines] == [True]


def test_name_of_an_experiment_is_taken(load: Load) -> None:
    with pytest.raises(SuiteError, match=r"capacity\.a: an experiment has the same name"):
        load("capacity: {a: {slo: p95 < 50ms}}")


def test_file_survives_reading_and_damage_is_named(tmp_path: Path) -> None:
    of = search()
    found = conclude(of, searched(of, 700))
    path = tmp_path / "search.json"
    path.write_text(found.model_dump_json(), encoding="utf-8")
    assert read_search(path) == found
    path.write_text(json.dumps({"slo": 1}), encoding="utf-8")
    with pytest.raises(ResultError, match=r"search\.json: damaged"):
        read_search(path)
