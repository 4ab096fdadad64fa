"""The page's own statements against its data: whatever it states in one place, no other place contradicts."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from loadstone.cli.conclude import show_conclusion
from loadstone.plan.schedule import Run
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import find_doubts
from loadstone.report.page import render
from loadstone.report.sections import albums, published, sweeps
from loadstone.text import figure, ratio
from tests.support.made_up import PUBLISHED, WORKERS, Made, make_campaign, scaled, steady, thinking
from tests.support.page_parts import section, specifications, text_of

PERCENTILES = {"p50": 2, "p90": 10, "p95": 20, "p99": 100, "p99.9": 1000}
"""Percentile → the number of requests from which at least one lies above it."""


def columns_of(page: str) -> list[tuple[list[str], list[list[str]]]]:
    """Take the tables of percentiles: the heads of each, and its rows of cells."""
    found = []
    for table in re.findall(r"<table.*?</table>", page, flags=re.DOTALL):
        if "<th>p99.9</th>" in table:
            rows = re.findall(r"<tr>(.*?)</tr>", table, flags=re.DOTALL)
            cells = [[text_of(each).strip() for each in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]
            found.append((cells[0], cells[1:]))
    return found


def test_percentiles_of_few_requests_are_not_printed(tmp_path: Path) -> None:
    names = {"a": 15, "b": 165, "c": 999, "d": 1000}

    def few(run: Run, rng: np.random.Generator) -> Made:
        return steady(run, rng) | {"requests": float(names[run.experiment])}

    text = "baselines: false\ndefaults: {repeats: 2}\nexperiments: {a: {}, b: {}, c: {}, d: {}}\nhypotheses:\n"
    for name in names:
        test = f'value: {{of: {name}, metric: p99.9}}, expect: "< 1s"'
        text += f"  tail-{name}: {{claim: The tail is short, {test}}}\n"
    campaign = make_campaign(tmp_path, text, few)
    shown = dict(zip(names, columns_of(render(campaign)), strict=True))
    judged = {each.id: each for each in campaign.hypotheses}
    for name, requests in names.items():
        heads, rows = shown[name]
        assert rows
        for row in rows:
            stated = dict(zip(heads, row, strict=True))
            assert stated["max"] != "–"
            for percentile, enough in PERCENTILES.items():
                assert (stated[percentile] == "–") == (requests < enough), (name, stated)
        assert ("too few requests for p99.9" in judged[f"tail-{name}"].evidence) == (requests < 1000)
        assert (campaign.interval_of(name, "p99_9_ms") is None) == (requests < 1000)


def test_shares_above_one_are_explained_wherever_they_are_printed(tmp_path: Path) -> None:
    def beyond(run: Run, rng: np.random.Generator) -> Made:
        if run.experiment.startswith("ceiling@"):
            return {"throughput": 800.0, "response_s": 50 / 800, "generator_cpu": [0.97]}
        return steady(run, rng) | {"generator_cpu": [0.97], "server_cpu": 1.1}

    text = "defaults: {repeats: 2, probe: false}\nexperiments: {one: {}}\nhypotheses:\n"
    text += "  cpu: {claim: The CPU is full, bottleneck: one, expect: server's CPU}\n"
    campaign = make_campaign(tmp_path, text, beyond)
    page = render(campaign)
    verdicts, experiments, baselines = (section(page, name) for name in ("verdicts", "experiments", "baselines"))
    assert re.search(r"X/ceiling reaches 1\.2\d: the generator sent more", verdicts)
    assert "u_server reaches 1.10: the samples of CPU time are off by as much" in verdicts
    assert experiments.count("; above 1: ") == sum(value >= 1.005 for value in shares_of(campaign)) >= 2
    assert re.search(r"800 .* but an experiment sent (9\d\d|1,0\d\d): the ceiling is higher", baselines)
    assert "u_server = 1.10 (above 1: the samples" in campaign.hypotheses[0].evidence


def shares_of(campaign: Campaign) -> list[float]:
    """Average each share of the first experiment over its runs."""
    runs = [run for run in campaign.verdicts.runs if run.experiment == campaign.experiments[0]]
    names = [each.signal for each in runs[0].evidence if each.signal.startswith(("u_", "X/ceiling"))]
    return [float(np.mean([e.value for run in runs for e in run.evidence if e.signal == name])) for name in names]


def test_busy_machine_is_not_called_idle(tmp_path: Path) -> None:
    def crowded(run: Run, rng: np.random.Generator) -> Made:
        return steady(run, rng) | {"generator_cpu": [0.5], "host_busy": 1.0}

    campaign = make_campaign(tmp_path, "defaults: {repeats: 2, probe: false}\nexperiments: {one: {}}\n", crowded)
    shown = section(render(campaign), "baselines")
    assert "100 %" in shown
    assert "nothing was at its limit" not in shown
    assert "no: the machine's CPUs were all busy before a Locust worker was" in shown


ONCE_OR_TWICE = """
defaults: {repeats: 2, probe: false}
experiments: {a: {repeats: 3}, b: {}, growing: {}}
sweeps: {stored: {vary: server.albums, values: [10, 1000]}}
"""


def test_runs_that_must_not_be_used_are_counted_alike_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of a counts not, both of b count for want of others, one only drifts, and a baseline fails."""

    def mixed(run: Run, rng: np.random.Generator) -> Made:
        bad = run.experiment == "b" or (run.experiment, run.repeat) == ("a", 1) or run.experiment.startswith("ceiling@")
        made = steady(run, rng) | ({"failures": 9000.0} if bad else {})
        if (run.experiment, run.repeat) == ("a", 2):
            return made | {"window": {"settled": False, "rate_settled": True, "remark": "mean response drifts"}}
        if run.experiment == "growing":
            effect = {"growth_effect_ms": -3.0, "growth_effect_p": 0.001}
            return made | {"window": {"albums_begin": 100, "albums_end": 130} | effect}
        return made

    campaign = make_campaign(tmp_path, ONCE_OR_TWICE, mixed)
    page = render(campaign)
    unsound = [key for key in campaign.own_runs if not campaign.judged[key].verdict.is_sound]
    assert len(unsound) == 3
    counted = f"{len(unsound)} of {len(campaign.own_runs)} runs"
    means = "2 of them in means only because their experiments have no other runs, the rest in none"
    answered, agreement, warned = (section(page, name) for name in ("answer", "repeats", "warnings"))
    assert f"{counted} (3 failed too often), {means}" in answered
    assert f"{counted} must not be used (too many failures), {means}" in agreement
    assert "these runs do not measure speed: 3 runs, 1 baseline a, repeat 1 of 3" in warned
    assert "use only the rates of these runs: 1 run a, repeat 2 of 3: mean response drifts" in warned
    assert "No steady state" not in warned, "its rate counts"
    show_conclusion(tmp_path / "results", tmp_path / "index.html")
    assert f"Measured but not to be used ({counted}, 1 of " in capsys.readouterr().out
    assert "In 2 of 11 runs the stores grow by more than 2 %" in warned
    assert "Inside the windows of these runs, the store did not grow." in section(page, "albums")


BOUNDED = """
defaults: {repeats: 2, probe: false}
sweeps: {users: {vary: load.users, values: [1, 20, 60, 120]}}
"""


def test_no_bound_is_stated_below_what_was_measured(tmp_path: Path) -> None:
    """The CPU per request is lower in the fastest level, so that the mean over levels allows fewer requests."""

    def cheaper(run: Run, rng: np.random.Generator) -> Made:
        if run.experiment.startswith(("unloaded@", "ceiling@")):
            return {"users": float(run.load.users), "throughput": run.load.users / 0.002, "response_s": 0.002}
        n = run.load.users
        rps, demand = min(n / 0.102, 500.0) * (1.2 if n == 120 else 1.0), 0.0015 if n == 120 else 0.002
        return {
            "users": float(n), "throughput": rps, "think_s": 0.1, "response_s": n / rps - 0.1,
            "unloaded_response_s": 0.002, "server_cpu": demand * rps, "server_workers": 1,
        }  # fmt: skip

    campaign = make_campaign(tmp_path, BOUNDED, cheaper)
    forecast = campaign.scaling["users"].forecast
    assert forecast is not None
    assert forecast.capacity_rps < 590, "600 are measured"
    page = render(campaign)
    shown = section(page, "sweeps")
    highest = max(signals.throughput for key, signals in campaign.signals.items() if key[0].startswith("users="))
    for bound in re.findall(r"at most ([\d,.]+) requests/s", shown):
        assert float(bound.replace(",", "")) >= highest
    assert "That is no bound, because 600 requests/s were measured" in shown
    assert "No bounds are drawn" in shown
    charts = json.dumps(specifications(page)["forecast-rps-users"])
    assert "predicted (MVA)" in charts
    assert "asymptotic bounds" not in charts


def test_greatest_speed_up_of_a_law_is_not_below_a_measured_one(tmp_path: Path) -> None:
    campaign = make_campaign(tmp_path, WORKERS, scaled)
    sweep = campaign.scaling["w"]
    assert sweep.laws
    for most, contradicted in ((100.0, False), (1.5, True)):
        laws = tuple(law.model_copy(update={"max_speedup": most, "peak": 2.0}) for law in sweep.laws)
        changed = replace(campaign, scaling={"w": sweep.model_copy(update={"laws": laws})})
        view = sweeps.sweep_view(changed, "w", changed.scaling["w"], find_doubts(changed))
        for law in view.laws:
            assert ("was measured" in law.most) == contradicted
            assert (law.peak is None) == contradicted


def test_growth_without_an_effect_is_no_reason_for_caution(tmp_path: Path) -> None:
    effects = {"none": (0.4, 0.14), "certain": (0.4, 0.002), "unknown": (None, None), "small": (0.4, 0.002)}

    def growing(run: Run, rng: np.random.Generator) -> Made:
        ms, p = effects[run.experiment]
        window = {"albums_end": 101 if run.experiment == "small" else 130, "growth_effect_ms": ms, "growth_effect_p": p}
        return steady(run, rng) | {"window": window}

    names = ", ".join(f"{name}: {{}}" for name in effects)
    text = f"baselines: false\ndefaults: {{repeats: 1}}\nexperiments: {{{names}}}\n"
    campaign = make_campaign(tmp_path, text, growing)
    doubtful = {name for (name, _), found in find_doubts(campaign).items() if found}
    assert doubtful == {"certain", "unknown"}
    page = render(campaign)
    rows = re.findall(r'<tr( class="doubtful")?><th scope="row">(\w+), 1</th>', page)
    assert {name for grey, name in rows if grey} == doubtful
    assert f"In {len(doubtful)} of 4 runs the stores grow by more than 2 %" in section(page, "warnings")
    assert "b·Δn +0.400 ms (p = 0.14)" in section(page, "runs"), "the growth is shown all the same"


WITH_AND_WITHOUT_PAUSES = """
baselines: false
defaults: {repeats: 2, load: {think_time: [1, 2]}}
experiments:
  fifty: {}
  alone: {load: {users: 1, spawn_rate: 1}}
  eager: {load: {think_time: 0}}
  crowd: {load: {think_time: 0, users: 128}}
published: {table: published.csv, rows: {fifty: "Fifty, <alone>", alone: Four workers}}
"""


def test_published_rates_are_compared_with_as_many_users_without_pauses(tmp_path: Path) -> None:
    def behave(run: Run, rng: np.random.Generator) -> Made:
        if run.experiment != "crowd":
            return thinking(run, rng)
        return {"users": 128.0, "throughput": 3400.0, "response_s": 128 / 3400}

    campaign = make_campaign(tmp_path, WITH_AND_WITHOUT_PAUSES, behave, PUBLISHED)
    rows = {row.experiment: row for row in published.published_rows(campaign, find_doubts(campaign))}
    fifty = rows["fifty"].capacity
    assert fifty is not None
    assert fifty.experiment == "eager", "not the crowd"
    assert rows["alone"].capacity is None
    page = text_of(render(campaign))
    goodput = campaign.interval_of("eager", "goodput_rps")
    assert goodput is not None
    assert goodput.value is not None
    times = ratio(goodput.value / rows["fifty"].throughput.published)
    assert (
        f"As many users without pauses got {figure(goodput.value)} requests/s from the same server, {times} the" in page
    )
    assert set(re.findall(r"([\d.,]+×) the (?:published|[\d.]+ published)", page)) == {times}


BENT = """
baselines: false
defaults: {repeats: 3}
sweeps: {stored: {vary: server.albums, values: [10, 100, 1000, 10000]}}
hypotheses:
  grows: {claim: It grows., trend: {metric: mean, endpoint: GET /albums, over: [stored]}, expect: rises}
"""


@pytest.mark.parametrize("bent", [True, False])
def test_line_that_misses_its_points_supports_nothing_and_is_not_drawn(tmp_path: Path, bent: bool) -> None:
    """A parabola lies far above its straight line at few albums, where the line is not even positive."""

    def grow(run: Run, rng: np.random.Generator) -> Made:
        n = run.server.albums
        ms = (1 + (n / 1000) ** 2 if bent else 1 + n / 100) * float(rng.lognormal(0, 0.01))
        return {"throughput": 50 / ms * 1000, "response_s": ms / 1000}

    campaign = make_campaign(tmp_path, BENT, grow)
    [line] = [each for each in albums.line_rows(campaign) if each.endpoint == "GET /albums"]
    [judged] = campaign.hypotheses
    assert judged.low is not None
    assert judged.low > 0, "the slope is certain"
    points = albums.line_points([line], albums.by_albums(campaign))
    assert points.empty == bool(line.miss) == bent
    assert (judged.outcome == "supported") == (not bent)
    assert ("the line supports nothing: at " in judged.evidence) == bent
    assert ("fits no straight line: at" in section(render(campaign), "albums")) == bent


def test_users_without_pauses_are_nowhere_said_to_think(tmp_path: Path) -> None:
    def few(run: Run, rng: np.random.Generator) -> Made:
        n = run.load.users
        rps = n / 0.0021 * float(rng.lognormal(0, 0.003))
        return {"users": float(n), "throughput": rps, "response_s": n / rps, "unloaded_response_s": 0.0021}

    text = "experiments: {few: {repeats: 4, probe: true, load: {users: 2, spawn_rate: 2, think_time: 0}}}\n"
    campaign = make_campaign(tmp_path, text, few)
    assert campaign.verdicts.experiments["few"].verdict == "too few users"
    page = render(campaign)
    shown = section(page, "answer") + section(page, "warnings") + section(page, "experiments")
    assert "throughput grows with the number of users: limited by too few users" in shown
    assert "think time" not in shown
    assert "users' pauses" not in shown
