"""Hypotheses, open loads, searches and known demands on the page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadstone.plan.schedule import Run
from loadstone.report import percentiles
from loadstone.report.campaign import load_campaign
from loadstone.report.charts import comparison
from loadstone.report.embed import embedded
from loadstone.report.page import render
from loadstone.report.sections import albums, calibration, capacity, hypotheses, open_loads, published, throughput
from loadstone.results.scaling import CalibrationPoint, CalibrationReading, SweepResult
from loadstone.results.search import Probe
from loadstone.search.bisect import conclude
from loadstone.suite.capacity import Search
from loadstone.suite.settings import Settings
from tests.support.made_up import Made, Make, steady
from tests.support.page_parts import section, specifications

pytestmark = pytest.mark.slow

CLAIMS = """
baselines: false
experiments: {a: {}, b: {}}
hypotheses:
  aa-true: {claim: b answers as many., compare: {metric: throughput, of: b, to: a}, expect: within 5% of 1}
  bb-open: {claim: b takes as long to the hair., compare: {metric: mean, of: b, to: a}, expect: "< 1"}
  cc-wrong: {claim: b answers far more., gate: true, compare: {metric: throughput, of: b, to: a}, expect: "> 2"}
  dd-verdict: {claim: The server binds <a>., bottleneck: a, expect: Locust's CPU}
"""


def test_hypotheses_refuted_first(make: Make) -> None:
    campaign = make(CLAIMS, steady)
    found = hypotheses.hypothesis_rows(campaign)
    assert [(claim.name, claim.sign) for claim in found] == [
        ("cc-wrong", "✗"), ("bb-open", "?"), ("dd-verdict", "?"), ("aa-true", "✓"),
    ]  # fmt: skip
    assert found[0].effect.endswith("×")
    assert " to " in found[0].interval
    assert (found[0].gate, found[1].gate) == ("fails", "")
    assert (found[2].effect, found[2].interval) == ("–", "")
    assert hypotheses.outcome_sentence(found) == "4 hypotheses: 1 refuted, 2 inconclusive, 1 supported."
    page = section(render(campaign), "hypotheses")
    places = [page.index(text) for text in ("✗ refuted b answers far more.", "? inconclusive", "✓ supported")]
    assert places == sorted(places)
    assert "The server binds <a>." in page, "escaped"
    assert "3 hypotheses are judged together (Holm's procedure), so that at most 5 % of campaigns hold a wrong" in page
    assert "1 other tests a verdict or a published row, and is judged by itself." in page
    assert (found[0].level, found[1].level, found[2].level) == ("98.3 %", "95 %", "")
    assert f"{found[0].interval} (98.3 %)" in page
    assert "looks" not in page


def test_looks_are_counted_on_the_page(make: Make) -> None:
    suite = CLAIMS.replace("{}", "{repeats: {min: 3, max: 5}}")
    page = section(render(make(suite, steady)), "hypotheses")
    assert "a hypothesis may be judged up to 3 times, and each of these looks has its share of the 5 %." in page
    assert "judged together with 2 others, up to 3 looks" in page


def test_no_hypotheses_no_section(make: Make) -> None:
    page = render(make("baselines: false\nexperiments: {a: {repeats: 1}}", steady))
    assert section(page, "hypotheses") == section(page, "capacity") == section(page, "open-loads") == ""


OPEN = """
baselines: false
defaults: {repeats: 3}
experiments:
  closed: {}
  open: {load: {arrivals: {rate: 1000}}}
  paced: {load: {users: 50, pacing: 2s}}
"""


def late(run: Run, rng: np.random.Generator) -> Made:
    return {"throughput": 1000.0, "behind_schedule": run.experiment == "open", "requests": 20.0}


def test_open_and_paced_loads_are_timed_twice(make: Make) -> None:
    campaign = make(OPEN, late)
    rows = {row.name: row for row in open_loads.scheduled_rows(campaign)}
    assert list(rows) == ["open", "paced"]
    assert (rows["open"].wanted_rps, rows["open"].achieved_rps, rows["paced"].wanted_rps) == (1000.0, 1000.0, 25.0)
    assert rows["open"].load == "open, 1,000/s (poisson)"
    assert rows["paced"].load == "paced: 50 users, one request every 2.00 s each"
    assert (rows["open"].late, rows["open"].scheduled) == (3.0, 60.0)
    assert rows["open"].service[1] == pytest.approx(25.0), "half of the response, whose median is 50 ms"
    assert "repeat" in rows["open"].which
    table = open_loads.distributions(campaign)
    assert set(table["load"]) == {"open", "paced"}
    assert table["tail"].max() == pytest.approx(20), "one request of 20 lies above"
    page = render(campaign)
    assert "3 of 60" in section(page, "open-loads")
    assert "open-loads" in specifications(page)


def test_requests_without_an_intended_start_cannot_be_late(make: Make) -> None:
    def tasks(run: Run, rng: np.random.Generator) -> Made:
        return late(run, rng) | {"scheduled": 4.0}

    campaign = make(OPEN, tasks)
    rows = {row.name: row for row in open_loads.scheduled_rows(campaign)}
    assert (rows["open"].late, rows["open"].scheduled, rows["open"].late_share) == (3.0, 12.0, 0.25)
    assert "3 of 12" in section(render(campaign), "open-loads")


def test_missed_starts_are_named() -> None:
    def row(late: float) -> open_loads.ScheduledRow:
        return open_loads.ScheduledRow(
            name=f"l{late:g}", load="", runs="", wanted_rps=1, achieved_rps=1, late=late, scheduled=100, response=[],
            service=[], which="",
        )  # fmt: skip

    assert open_loads.late_sentences([]) == []
    assert "None was." in open_loads.late_sentences([row(0)])[0]
    assert "in 1 of 2 loads, but never more than 5 %" in open_loads.late_sentences([row(0), row(2)])[0]
    assert "l30 (30 of 100, 30.0 %)" in open_loads.late_sentences([row(0), row(30)])[1]


def probe(rate: float, value: float | None, why: str | None) -> Probe:
    return Probe(rate=rate, value_ms=value, throughput_rps=rate, service_ms=5.0, late=0.0, failures=0.0,
                 met=why is None, why=why, folder=f"probe-{rate:g}")  # fmt: skip


def search(**changes: Any) -> Search:
    return Search(**({"settings": Settings(), "slo": "p95 < 50ms", "rates": (10, 100), "within": 0.05} | changes))


SEARCH = "baselines: false\nexperiments: {a: {repeats: 1}}\ncapacity: {c: {slo: p95 < 50ms, rates: [10, 100]}}"


def searched(make: Make, tmp_path: Path, *probes: Probe) -> Any:
    """Make a campaign with a search, whose probes' requests were not kept."""
    folder = tmp_path / "results" / "searches" / "c"
    folder.mkdir(parents=True)
    (folder / "search.json").write_text(conclude(search(), probes).model_dump_json(), encoding="utf-8")
    return make(SEARCH, steady)


def test_search_with_its_probes(make: Make, tmp_path: Path) -> None:
    campaign = searched(make, tmp_path, probe(10, 5.0, None), probe(20, 90.0, "p95 was 90 ms"), probe(15, 9.0, None))
    (view,) = capacity.search_views(campaign)
    assert (view.bracket, view.metric) == ("15.0 to 20.0 requests/s", "p95")
    assert view.outcome == "meets p95 < 50ms at 15.0 requests/s but not at 20.0"
    assert [row.number for row in view.probes] == [1, 3, 2]
    page = render(campaign)
    assert "missed: p95 was 90 ms" in section(page, "capacity")
    chart = specifications(page)["capacity-c"]
    assert chart["layer"][-1]["encoding"]["x"]["scale"]["type"] == "log"
    assert "c, step 2" in section(page, "open-loads")


@pytest.mark.parametrize(
    ("probes", "bracket"),
    [
        ([probe(10, None, "100 % of requests failed")], "below 10.0 requests/s"),
        ([probe(10, 5.0, None), probe(100, 6.0, None)], "100 requests/s or more"),
    ],
)
def test_search_that_found_an_end_only(make: Make, tmp_path: Path, probes: list[Probe], bracket: str) -> None:
    campaign = searched(make, tmp_path, *probes)
    assert bracket in section(render(campaign), "capacity")


READING = CalibrationReading(value=2, slots=4, predicted=100.0, predicted_with_cpu=None, measured=97.0, low=None,
                             high=None, ratio=0.97, passed=True, host=0.2)  # fmt: skip


def known_demand(*readings: CalibrationReading) -> SweepResult:
    """Make up a sweep of known demand; each slot of it is worth 25 requests/s."""
    return SweepResult(
        vary="server.workers",
        levels=(),
        laws=(),
        reason=None,
        forecast=None,
        calibration=readings or None,
        calibration_curve=tuple(CalibrationPoint(slots=n, throughput=25.0 * n) for n in range(1, 5)),
    )


def test_known_weight() -> None:
    rows = calibration.reading_rows(known_demand(READING))
    assert calibration.calibration_sentence(rows) == "The level up to 8 slots is within 10 % of the prediction."
    curve = calibration.theory(known_demand(READING))
    assert curve["level"].tolist() == [2.0], "from the lowest level on, on the factor's axis"
    failed = calibration.reading_rows(known_demand(READING, READING.model_copy(update={"passed": False, "ratio": 0.5})))
    assert "1 of 2 levels up to 8 slots are not within" in calibration.calibration_sentence(failed)
    assert calibration.reading_rows(known_demand()) == []
    shown = calibration.reading_rows(known_demand(READING.model_copy(update={"passed": None})))
    assert "No level is judged" in calibration.calibration_sentence(shown)


def sleepers(run: Run, rng: np.random.Generator) -> Made:
    rps = run.server.threads / 0.02 * float(rng.lognormal(0, 0.01))
    return {"users": 16.0, "throughput": rps, "response_s": 16 / rps, "server_threads": run.server.threads}


def test_sweep_of_known_demand_is_set_beside_theory(make: Make) -> None:
    text = """
baselines: false
defaults: {repeats: 2}
sweeps:
  s: {vary: server.threads, values: [1, 2, 4], server: {calibration: {parallel: 20ms}},
      load: {users: 16, spawn_rate: 16, think_time: 0, mix: {calibration: 1}}}
"""
    page = render(make(text, sleepers))
    assert "All 3 levels up to 8 slots are within 10 % of the prediction." in section(page, "sweeps")
    assert "known demands (MVA)" in json.dumps(specifications(page)["sweep-s"])


def test_median_run_is_one_that_counts(make: Make) -> None:
    def behaviour(run: Run, rng: np.random.Generator) -> Made:
        rps = {1: 1000.0, 2: 800.0, 3: 900.0, 4: 100.0}[run.repeat]
        return {"throughput": rps, "response_s": 50 / rps, "steady": run.repeat != 4}

    campaign = make("baselines: false\nexperiments: {a: {repeats: 4}}", behaviour)
    assert campaign.median_runs == {"a": ("a", 3)}
    assert set(percentiles.of_median_runs(campaign)["repeat"]) == {3}
    assert campaign.used_of("a") == [("a", 1), ("a", 2), ("a", 3)]
    page = render(campaign)
    assert "3 of 4 runs" in section(page, "verdicts")
    assert "1 of 4 runs must not be used (invalid), left out of all means" in section(page, "repeats")
    assert published.used_rows(campaign, "a", "all")["throughput_rps"].mean() == 900


ALBUMS = """
baselines: false
defaults: {repeats: 2}
sweeps:
  one: {vary: server.albums, values: [10, 100, 1000], load: {users: 1, spawn_rate: 1}}
  four: {vary: server.albums, values: [10, 100, 1000], load: {users: 4, spawn_rate: 4}}
"""
TREND = """
hypotheses:
  grows:
    claim: It grows.
    trend: {metric: mean, endpoint: GET /albums, over: [one, four]}
    expect: rises
"""


def by_albums(run: Run, rng: np.random.Generator) -> Made:
    response_s = (1 + run.load.users + 0.01 * run.server.albums) / 1000
    users = float(run.load.users)
    return {"users": users, "throughput": users / response_s, "response_s": response_s}


@pytest.mark.parametrize("hypotheses", ["", TREND])
def test_lines_over_albums(make: Make, hypotheses: str) -> None:
    campaign = make(ALBUMS + hypotheses, by_albums)
    table = albums.by_albums(campaign)
    assert set(table["series"]) == {"list, 1 user", "list, 4 users"}
    lines = {line.series: line for line in albums.line_rows(campaign) if line.endpoint == "GET /albums"}
    assert lines["list, 4 users"].a_ms == pytest.approx(5.0)
    assert lines["list, 1 user"].b_us.value == pytest.approx(10.0)
    assert lines["list, 1 user"].whose == ("as in hypothesis grows" if hypotheses else "least squares")
    assert "least squares" in section(render(campaign), "albums")


def test_data_are_embedded_once_and_by_columns(make: Make) -> None:
    campaign = make("baselines: false\nexperiments: {a: {}}", steady)
    table = throughput.throughput(campaign).assign(doubt="")
    drawn = comparison.throughput(table, throughput.throughput_means(campaign).iloc[:0], ["a"])
    assert drawn is not None
    specifications_, datasets = embedded({"one": drawn, "other": drawn})
    assert specifications_["one"]["datasets"] == specifications_["other"]["datasets"]
    (columns,) = datasets.values()
    assert len(columns["goodput_rps"]) == 3
    assert columns["experiment"] == ["a", "a", "a"] or columns["experiment"]["of"] == ["a"]


def test_missing_hypotheses_are_told(make: Make, tmp_path: Path) -> None:
    plan = make("baselines: false\nexperiments: {a: {repeats: 1}}", steady).plan
    (tmp_path / "results" / "hypotheses.json").unlink()
    with pytest.raises(Exception, match=r"hypotheses\.json: cannot be read"):
        load_campaign(plan, tmp_path / "results", None)
