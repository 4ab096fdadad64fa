"""What the page's figures functions return, before any template sees it."""

import math

import numpy as np
import pytest

from loadstone import text
from loadstone.analyse.audit import audit
from loadstone.figures.row import LoadTestRow, ThinkTimeRange
from loadstone.plan.schedule import Run
from loadstone.report.doubts import find_doubts
from loadstone.report.means import estimated, mean
from loadstone.report.page import totals
from loadstone.report.sections import (
    baselines,
    comparison,
    published,
    repeats,
    runs,
    sweeps,
    verdicts,
    warnings,
)
from loadstone.report.timelines import timelines
from loadstone.results.bounded import Bounded
from tests.support.made_up import LOAD_STARTED, PUBLISHED, REPEATING, WORKERS, Made, Make, scaled, steady, thinking

ORDER = """
defaults: {repeats: 1}
experiments: {z: {}, b: {probe: true}, a: {}}
sweeps: {s: {vary: server.threads, values: [10, 2]}}
published: {table: published.csv, rows: {z: Four workers}}
"""


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (text.percent(0.0254), "2.54 %"), (text.limit(0.02), "2 %"), (text.percent(None), "–"),
        (text.signed(0.4), "+0.400"), (text.signed(-3.0), "-3.00"), (text.signed(None), "–"),
        (text.p_value(0.0004), "p < 0.001"), (text.p_value(0.02), "p = 0.02"),
        (text.p_value(None), "p unknown"), (text.p_value(0.85), "p = 0.85"),
        (text.utilisation(0.0001), "< 0.01"), (text.utilisation(0.042), "0.04"),
        (text.utilisation(0.898), "0.898"),
        (text.utilisation(0.0), "0"), (text.decimal(-0.0001), "0.00"), (text.decimal(0.934), "0.93"),
        (text.figure(math.inf), "∞"), (text.plain((1.0, 2.0)), "1 – 2"), (text.plain(10_000), "10,000"),
        (text.plain("list"), "list"), (text.several(1, "run"), "1 run"),
        (text.several(2000, "run"), "2,000 runs"),
        (text.named(list("abcd")), "a, b, c, d"), (text.named(list("abcdef")), "a, b, c and 3 more"),
    ],
)  # fmt: skip
def test_numbers(written: str, text: str) -> None:
    assert written == text


def test_few_runs_are_shown_themselves_and_an_interval_stays_above_zero() -> None:
    few, many, lost = mean([100.0, 10.0]), mean([100.0, 10.0, 1.0, 1.0]), mean([0.0, 4.0, 4.0, 4.0])
    assert few is not None
    assert (few.low, few.value, few.each) == (None, pytest.approx(1000**0.5), "100, 10.0")
    assert many is not None
    assert many.low is not None
    assert 0 < many.low < many.value
    assert many.each == ""
    assert lost is not None
    assert (lost.low, lost.value, lost.each) == (None, 3.0, "runs from 0 to 4.00")
    assert mean([5.0]).each == ""  # type: ignore[union-attr]
    assert estimated(Bounded(value=None, low=None, high=None)) is None
    earlier = estimated(Bounded(value=55.0, low=-516.8, high=626.8))
    assert earlier is not None
    assert (earlier.low, earlier.high) == (None, None), "as earlier versions left it in a file"
    assert mean([]) is None


def test_order_of_experiments_and_none_of_baselines(make: Make) -> None:
    campaign = make(ORDER, steady, PUBLISHED)
    assert campaign.experiments == ["z", "a", "b", "b@twice", "s=10", "s=2"]
    for table in (campaign.summary, campaign.latency, campaign.course):
        assert set(table["experiment"]) == set(campaign.experiments)
    rows = runs.run_rows(campaign, find_doubts(campaign))
    assert {row.experiment for row in rows} == set(campaign.experiments)
    assert totals(campaign).baselines == len(campaign.records) - 6


def test_means_have_intervals_from_four_repeats_on(make: Make) -> None:
    text = "baselines: false\nexperiments: {a: {repeats: 4}, b: {repeats: 3}}"
    rates = iter([90.0, 100.0, 100.0, 1000 / 9])
    campaign = make(text, lambda run, rng: {"throughput": 100.0 if run.experiment == "b" else next(rates)})
    factor = math.exp(3.18245 * math.log(10 / 9) * (2 / 3) ** 0.5 / 2)
    a, b = (row.throughput for row in comparison.compared_rows(campaign, find_doubts(campaign)))
    assert a is not None
    assert b is not None
    assert (a.value, a.low, a.high) == (
        pytest.approx(100.0), pytest.approx(100 / factor, rel=1e-4), pytest.approx(100 * factor, rel=1e-4),
    )  # fmt: skip
    assert (b.low, b.each) == (None, "100, 100, 100")


def test_capacity_is_the_most_that_the_same_server_answered(make: Make) -> None:
    text = """
baselines: false
defaults: {repeats: 2, load: {think_time: 0}}
experiments:
  row: {load: {think_time: 1}}
  more-albums: {server: {albums: 10, albums_max: 10}}
  more-users: {load: {users: 60}}
  other-store: {server: {store: dict}}
  broken: {}
published: {table: published.csv, rows: {row: Four workers}}
"""
    rates = {"row": 100.0, "more-albums": 300.0, "more-users": 400.0, "other-store": 900.0, "broken": 800.0}

    def at_rate(run: Run, rng: np.random.Generator) -> Made:
        rps = rates[run.experiment]
        failures = 5000.0 if run.experiment == "broken" else 0.0
        return {"throughput": rps, "response_s": run.load.users / rps, "failures": failures}

    campaign = make(text, at_rate, PUBLISHED)
    (row,) = published.published_rows(campaign, find_doubts(campaign))
    assert row.capacity is not None
    assert (row.capacity.experiment, row.capacity.goodput.value) == ("more-albums", 300.0)
    assert row.capacity.times == pytest.approx(300 / 0.7)
    assert not row.capacity.other_mix


def test_audit_takes_each_rows_own_think_time(make: Make) -> None:
    campaign = make(REPEATING, thinking, PUBLISHED)
    found = published.audit_table(campaign)
    assert found is not None
    assert [row.row.think for row in found.rows] == [ThinkTimeRange(low=1.0, high=2.0)] * 2
    first, second = published.published_rows(campaign, find_doubts(campaign))
    assert (first.row, first.closed_loop) == ("Fifty, <alone>", pytest.approx(50 / 1.505))
    assert second.audit == ["one user (1.05 active of 50 stated)"]
    assert second.stated_users == 50


def test_audit_in_words() -> None:
    row = LoadTestRow(label="a", users=10, rps=1.0, think=ThinkTimeRange(low=1, high=1), mean_s=9.0)
    assert published.audit_texts(audit([row]).rows[0]) == ["no clear limit: users pause for 10.0 % of their time"]
    assert published.audit_texts(audit([LoadTestRow(label="a", rps=1.0)]).rows[0]) == [
        "the row states too little to decide"
    ]


def test_open_loads_have_no_closed_loop(make: Make) -> None:
    text = REPEATING.replace("fifty: {}", "fifty: {load: {arrivals: {rate: 33}}}")
    campaign = make(text, thinking, PUBLISHED)
    first, _ = published.published_rows(campaign, find_doubts(campaign))
    assert first.closed_loop is None
    assert first.audit == [
        "the row states too little to decide",
        "5,223 requests in 180 s are 29.0 requests/s, not 32.7; at 32.7 they take 160 s",
    ]


def test_cost_of_a_request(make: Make) -> None:
    def at_limit(run: Run, rng: np.random.Generator) -> Made:
        return {"throughput": 2000.0, "response_s": 0.025, "generator_cpu": [0.97] * run.load.workers}

    campaign = make("experiments: {a: {load: {workers: 2}}}", at_limit)
    (ceiling,) = baselines.ceilings(campaign)
    assert (ceiling.client, ceiling.workers, ceiling.at_limit) == ("HttpUser", 2, True)
    assert ceiling.cpu_ms == pytest.approx(1000 * 2 * 0.97 / 2000)
    assert ceiling.switches == pytest.approx(2 * 4)
    (row,) = baselines.unloaded(campaign)
    assert (row.response_ms, row.experiments, row.problem) == (25.0, ["a"], None)


def test_doubts_of_a_run(make: Make) -> None:
    def behaviour(run: Run, rng: np.random.Generator) -> Made:
        window = {"settled": False, "remark": "it drifts", "albums_end": 101, "begin": LOAD_STARTED + 11.5}
        return {"steady": False, "window": window, "failures": 5000.0}

    campaign = make("baselines: false\nexperiments: {a: {repeats: 1}}", behaviour)
    doubts = find_doubts(campaign)
    assert [doubt.kind for doubt in doubts["a", 1]] == ["too many failures", "not settled"], (
        "one per cent of growth is none"
    )
    (row,) = runs.run_rows(campaign, doubts)
    assert (row.begin_s, row.more_warm_up_s, row.length_s) == (11.5, 1.5, 8.5)
    assert (row.settled, row.verdict, row.growth) == ("no", "too many failures", "+1.00 %")
    windows = timelines(campaign).windows
    assert windows[["begin", "end"]].to_numpy().tolist() == [[11.5, 20.0]], "as found, from the start of the load"
    assert verdicts.verdict_rows(campaign, doubts)[0].reason == "5,000 of 20,000 requests failed; it drifts"


def test_long_groups_of_warnings_are_cut(make: Make) -> None:
    names = ", ".join(f"e{n}: {{}}" for n in range(9))
    campaign = make(
        f"baselines: false\ndefaults: {{repeats: 1}}\nexperiments: {{{names}}}", lambda run, rng: {"throughput": 400.0}
    )
    (group,) = warnings.warnings(campaign, find_doubts(campaign))
    assert (len(group.items), group.more, group.link) == (6, 3, "runs")


def test_named_drift_is_warned_of(make: Make) -> None:
    def slower(run: Run, rng: np.random.Generator) -> Made:
        rps = 1000 * 0.8 ** (run.repeat - 1)
        return {"throughput": rps, "response_s": 50 / rps}

    campaign = make(
        "baselines: false\ndefaults: {repeats: 3}\nexperiments: {a: {}, b: {}, c: {}, d: {}, e: {}}", slower
    )
    groups = {group.title: group.items for group in warnings.warnings(campaign, find_doubts(campaign))}
    assert "throughput fell by" in groups["Drift over the campaign"][0]
    assert len(groups["Repeats that disagree"]) == 5


def test_precision_and_repeats_needed(make: Make) -> None:
    rows = repeats.repeats_rows(make(WORKERS.replace("repeats: 3", "repeats: 5"), scaled))
    assert [row.runs for row in rows] == ["5 runs"] * 4
    assert all(row.reached is not None and row.needed is not None and row.wanted == 0.02 for row in rows)
    assert all(((row.reached or 0) <= row.wanted) == ((row.needed or 0) <= 5) for row in rows)
    assert repeats.precision_sentence(rows).startswith("4 of 4 experiments with intervals reached the wanted precision")
    assert repeats.few_sentence(rows) == ""


def test_precision_of_few_runs_is_not_stated(make: Make) -> None:
    rows = repeats.repeats_rows(make(WORKERS, scaled))
    assert [(row.runs, row.reached) for row in rows] == [("3 runs", None)] * 4
    assert all(row.throughput is not None and row.throughput.each.count(", ") >= 2 for row in rows)
    assert repeats.precision_sentence(rows).startswith("By the spread of their repeats, half of")
    assert repeats.few_sentence(rows).startswith("All 4 experiments have 2 or 3 runs: under each mean are the runs")


def test_levels_of_a_sweep(make: Make) -> None:
    campaign = make(WORKERS, scaled)
    (view,) = [
        sweeps.sweep_view(campaign, name, found, find_doubts(campaign)) for name, found in campaign.scaling.items()
    ]
    assert [level.value for level in view.levels] == ["1", "2", "4", "6"]
    assert view.levels[0].ratio is None
    assert view.levels[3].ratio is not None
    assert 4 < (view.levels[3].ratio.low or 0) < view.levels[3].ratio.value
    law = view.laws[0]
    assert (law.name, law.peak, list(law.by_level)) == ("Amdahl's law", None, ["1", "2", "4", "6"])
    assert law.by_level["1"] == (pytest.approx(1.0), None)
    points = sweeps.run_points(campaign, campaign.scaling["w"].levels)
    assert points["level"].tolist() == [1] * 3 + [2] * 3 + [4] * 3 + [6] * 3
