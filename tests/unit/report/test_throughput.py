"""Throughput against response time and users: each statement and each line is what the runs show."""

import re
from pathlib import Path

import numpy as np
import pytest

from loadstone.plan.baselines import is_baseline
from loadstone.plan.schedule import Run
from loadstone.report.campaign import Campaign
from loadstone.report.charts.shared import EXPERIMENTS, PALETTE
from loadstone.report.doubts import find_doubts
from loadstone.report.section import Section
from loadstone.report.sections import comparison, throughput
from loadstone.report.sections.forecast import NOISE
from loadstone.report.verdict_kinds import COLOURS, Kind
from loadstone.suite.verdict import SET_BY_LOAD
from tests.conftest import ROOT
from tests.support.made_up import Made, Make, steady

USERS = """
defaults: {repeats: 2, probe: false}
sweeps: {u: {vary: load.users, values: [1, 20, 60, 120], load: {think_time: 0.1}}}
"""
GROUNDS = ("#FFFFFF", "#1C2227")
"""Of a section, in the light and in the dark scheme."""
MIN_CONTRAST = 3
"""Of what is drawn: WCAG 2.2, 1.4.11."""


def repairman(run: Run, rng: np.random.Generator) -> Made:
    """Behave like one CPU of 2 ms a request and users who pause for 100 ms."""
    n = run.load.users
    if is_baseline(run.experiment):
        return {"users": float(n), "throughput": n / 0.002, "response_s": 0.002}
    rps = min(n / 0.102, 480.0)
    return {
        "users": float(n), "throughput": rps, "think_s": 0.1, "response_s": n / rps - 0.1,
        "unloaded_response_s": 0.002, "server_cpu": 0.002 * rps, "server_workers": 1,
    }  # fmt: skip


def built(campaign: Campaign) -> Section:
    return throughput.section(campaign, find_doubts(campaign))


def test_runs_that_do_not_count_are_no_points(make: Make) -> None:
    def partly(run: Run, rng: np.random.Generator) -> Made:
        found = steady(run, rng) | ({"failures": 9000.0} if (run.experiment, run.repeat) == ("a", 2) else {})
        return found | ({"requests": 15.0} if run.experiment == "few" else {})

    campaign = make("baselines: false\ndefaults: {repeats: 2}\nexperiments: {a: {}, b: {}, few: {}}", partly)
    points = throughput.run_points(campaign)
    shown = list(zip(points["experiment"], points["repeat"], strict=True))
    assert shown == [("a", 1), ("b", 1), ("b", 2), ("few", 1), ("few", 2)]
    assert points["p95_ms"].isna().tolist() == [False, False, False, True, True], "of 15 requests it is the maximum"


def test_sentences_above_the_chart_are_its_points(make: Make) -> None:
    points = throughput.run_points(make(USERS, repairman)).dropna()
    fastest, spans = throughput.response_sentences(points)
    assert fastest == (
        "The run with the most successful requests per second, 480, is of u=60: 95 % of its requests were answered "
        "within 50.0 ms (p95)."
    )
    by_load = points["verdict"].isin([str(verdict) for verdict in SET_BY_LOAD])
    assert by_load.sum() == 4, "of one user and of twenty"
    found = re.fullmatch(
        r"Where the load set the rate \(4 runs\), p95 is ([\d.]+) ms; "
        r"in the other 4 runs, ([\d.]+) to ([\d.]+) ms\.",
        spans,
    )
    assert found is not None
    slow = points[~by_load]["p95_ms"]
    assert [float(each) for each in found.groups()] == pytest.approx(
        [points[by_load]["p95_ms"].iloc[0], slow.min(), slow.max()], rel=5e-3
    )
    assert throughput.response_sentences(points[:0]) == []
    assert "the load set the rate in all of them" in throughput.response_sentences(points[by_load])[1]


def test_users_are_drawn_below_what_bounds_them(make: Make) -> None:
    campaign = make(USERS, repairman)
    (view,) = built(campaign).view.users  # type: ignore[attr-defined]
    said = " ".join(view.sentences)
    assert "by number of users: 9.80 with 1, 196 with 20, 480 with 60, 480 with 120." in said
    assert "With 1 and 20 users, throughput is 90 % or more of what they can send; with 60 and 120 it is less." in said
    assert "The server's CPUs allow at most 500 requests/s." in said
    sweep = campaign.scaling["u"]
    pauses = throughput.users_bound(campaign, sweep)
    assert pauses["u=120"] == pytest.approx(120 / 0.102)
    points = throughput.run_points(campaign)
    bounds = throughput.bounds_of(sweep, pauses, points)
    assert set(bounds["bound"]) == {throughput.PAUSES, throughput.CAPACITY}
    for bound, of_bound in bounds.groupby("bound"):
        most = of_bound.set_index("users")["rps"]
        for level in sweep.levels:
            if level.value in most.index:
                assert max(level.goodput_rps) <= (1 + NOISE) * most[level.value], bound


def test_bound_below_a_run_is_not_drawn(make: Make) -> None:
    campaign = make(USERS, repairman)
    sweep = campaign.scaling["u"]
    wrong = dict.fromkeys(throughput.users_bound(campaign, sweep), 100.0)
    bounds = throughput.bounds_of(sweep, wrong, throughput.run_points(campaign))
    assert throughput.PAUSES not in set(bounds["bound"])
    said = throughput.users_sentences(sweep, wrong, bounds)
    assert "No line shows the most that the users can send: it is not known, or a run is above it." in said


def test_rows_compare_means_of_runs_and_cpus_of_both_sides(make: Make) -> None:
    text = "baselines: false\ndefaults: {repeats: 2}\nexperiments: {a: {load: {workers: 2}}, b: {}}"

    def used(run: Run, rng: np.random.Generator) -> Made:
        cpus = {"server_cpu": 0.5 * run.repeat, "generator_cpu": [0.25, 0.5][: run.load.workers]}
        return steady(run, rng) | cpus | ({"failures": 20_000.0} if run.experiment == "b" else {})

    campaign = make(text, used)
    a, b = comparison.compared_rows(campaign, find_doubts(campaign))
    assert a.server is not None
    assert a.locust is not None
    assert (a.server.together, a.locust.together, a.locust.busiest) == (0.75, 0.75, 0.5)
    assert a.response is not None
    assert a.get_ms == pytest.approx(a.response.value)
    assert b.verdict.reason is not None
    rate = {"rps": pytest.approx(996, rel=0.01)}
    assert b.figures | {"server": None, "locust": None} == dict.fromkeys(b.figures) | rate, "failed ones count"
    view = comparison.section(campaign, find_doubts(campaign)).view
    assert view.albums  # type: ignore[attr-defined]
    assert view.most["rps"] == a.figures["rps"]  # type: ignore[attr-defined]


def luminance(colour: str) -> float:
    """Return a colour's relative luminance (WCAG 2.2)."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("colour", sorted({*EXPERIMENTS, *PALETTE, *COLOURS.values()}))
def test_colours_stand_out_from_both_grounds(colour: str) -> None:
    for ground in GROUNDS:
        low, high = sorted((luminance(colour), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= MIN_CONTRAST, ground


def test_no_experiment_has_the_colour_of_a_limit() -> None:
    def parts(colour: str) -> "np.ndarray[tuple[int], np.dtype[np.int_]]":
        return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])

    for experiment in EXPERIMENTS:
        assert min(np.abs(parts(experiment) - parts(limit)).max() for limit in COLOURS.values()) > 30, experiment


def test_styles_of_the_page_have_the_colours_of_the_charts() -> None:
    css = Path(ROOT, "workflow/loadstone/report/templates/page.css").read_text(encoding="utf-8")
    for kind, colour in COLOURS.items():
        if kind is not Kind.UNUSABLE:
            assert f"--{kind}: {colour.lower()};" in css
