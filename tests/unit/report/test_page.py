"""The page: made-up campaigns, analysed for real, and what the rendered HTML says of them."""

import html
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from loadstone.analyse.stage import AnalysisFiles, analyse_campaign
from loadstone.plan.schedule import Plan, Run, make_plan
from loadstone.report.campaign import Campaign, load_campaign
from loadstone.report.page import render
from loadstone.results.run_record import Check, write_record
from loadstone.results.signals import Signals
from loadstone.results.tables import ENDPOINT_COLUMNS, HEAT_COLUMNS, LATENCY_COLUMNS, PROCESS_COLUMNS
from loadstone.results.window import Window
from loadstone.suite.load import load_suite
from loadstone.summarise.requests import LATENCY_PROBABILITIES
from loadstone.theory.scaling import amdahl
from tests.support.records import make_record
from tests.unit.analyse.test_bottleneck import EAGER, IDLE

pytestmark = pytest.mark.slow

LOAD_STARTED = 1_800_000_000.0
ENDPOINTS = ("all", "GET /albums", "GET /albums/<id>", "POST /albums")

Made = dict[str, Any]
"""What a run was like: signals that differ from EAGER's, and `window`, `check`, `heat` for what they don't hold."""
NO_HEAT = pd.DataFrame(columns=HEAT_COLUMNS)
Behaviour = Callable[[Run, np.random.Generator], Made]
Make = Callable[..., Campaign]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make up a campaign in `tmp_path`."""
    return lambda text, behaviour, published=None: make_campaign(tmp_path, text, behaviour, published)


def make_campaign(folder: Path, text: str, behaviour: Behaviour, published: str | None = None) -> Campaign:
    """Make up a campaign: every run behaves as told, all files are written, the analysis is the real one."""
    table = None
    if published is not None:
        table = folder / "published.csv"
        table.write_text(published, encoding="utf-8")
    suite = folder / "suite.yaml"
    suite.write_text(text, encoding="utf-8")
    plan = make_plan(load_suite(suite))
    results = folder / "results"
    rng = np.random.default_rng(8)
    for number, run in enumerate(plan.runs):
        write_run(results, run, number, EAGER | behaviour(run, rng))
    analyse(plan, results, table)
    return load_campaign(plan, results, table)


def write_run(results: Path, run: Run, number: int, made: Made) -> None:
    """Write all files of one run."""
    began = LOAD_STARTED + 60 * number
    window = {
        "begin": began + 10, "end": began + 20, "configured_begin": began + 10, "settled": True, "remark": None,
        "started": began, "albums_begin": 100, "albums_end": 100, "growth_effect_ms": None, "growth_effect_p": None,
    } | made.get("window", {})  # fmt: skip
    record = make_record(load_started=began, window=(window["configured_begin"], window["end"]))
    checks = [Check(name="requests", ok=made.get("check", True), figure="100 = 100")]
    signals = Signals(**{key: value for key, value in made.items() if key in Signals.model_fields})
    part = f"{run.experiment}/{run.repeat}"
    for folder in ("runs", "summaries"):
        (results / folder / part).mkdir(parents=True)
    write_record(record.model_copy(update={"run": run, "checks": checks}), results / "runs" / part / "run.json")
    summaries = results / "summaries" / part
    (summaries / "window.json").write_text(Window(**window).model_dump_json(), encoding="utf-8")
    (summaries / "signals.json").write_text(signals.model_dump_json(), encoding="utf-8")
    for name, rows in (tables(run, signals) | {"heat": made.get("heat", NO_HEAT)}).items():
        rows.to_csv(summaries / f"{name}.csv", index=False)


def tables(run: Run, s: Signals) -> dict[str, pd.DataFrame]:
    """Lay out the tables of one run as its signals would have them."""
    goodput = s.throughput * (1 - (s.failures or 0) / (s.requests or 1))
    mean = 1000 * s.response_s if goodput else math.nan
    known = {
        "requests": s.requests, "failures": s.failures, "throughput_rps": s.throughput, "goodput_rps": goodput,
        "failure_kinds": "", "mean_ms": mean,
    }  # fmt: skip
    percentiles = {name: 2 * mean for name in ENDPOINT_COLUMNS if name.endswith("_ms") and name not in known}
    row = dict.fromkeys(ENDPOINT_COLUMNS, 1.0) | percentiles | known
    used = [("server-worker", s.server_cpu), *(("load-worker", cpu) for cpu in s.generator_cpu or ())]
    processes = [
        dict.fromkeys(PROCESS_COLUMNS, 0.0)
        | {"role": role, "pid": pid, "cpu": cpu, "voluntary_per_s": 3 * s.throughput, "involuntary_per_s": s.throughput}
        for pid, (role, cpu) in enumerate(used)
    ]
    times = [(p, mean * (0.5 + p)) for p in LATENCY_PROBABILITIES] if goodput else []
    latency = [(name, p, ms, None, None, ms / (2 if s.behind_schedule else 1)) for name in ENDPOINTS for p, ms in times]
    course = [(second, round(s.throughput), 0, mean) for second in range(22)]
    return {
        "endpoints": pd.DataFrame([row | {"endpoint": name} for name in ENDPOINTS]),
        "processes": pd.DataFrame(processes, columns=list(PROCESS_COLUMNS)),
        "latency": pd.DataFrame(latency, columns=LATENCY_COLUMNS),
        "course": pd.DataFrame(course, columns=["second", "requests", "failures", "mean_ms"]),
    }


def analyse(plan: Plan, results: Path, published: Path | None = None) -> None:
    """Analyse a campaign as the stage does, into the files of its results."""
    analyse_campaign(plan, results / "summaries", published).write(
        AnalysisFiles(
            summary=results / "summary.csv",
            verdicts=results / "verdicts.json",
            scaling=results / "scaling.json",
            repeats=results / "repeats.json",
            hypotheses=results / "hypotheses.json",
        )
    )


def text_of(page: str) -> str:
    """Take what a reader sees, without tags and scripts, its blanks made single."""
    markup = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup)))


def section(page: str, name: str) -> str:
    """Take the text of one section."""
    found = re.search(rf'<section[^>]*id="{name}".*?</section>', page, flags=re.DOTALL)
    return text_of(found[0]) if found else ""


def specifications(page: str) -> dict[str, Any]:
    """Take the charts, each of which has its place."""
    found, datasets = (
        json.loads(re.search(rf'id="{name}">(.*?)</script>', page)[1])  # type: ignore[index]
        for name in ("specifications", "datasets")
    )
    assert set(found) == set(re.findall(r'(?:id="chart-|data-chart=")([^"]+)"', page))
    return {
        name: chart | {"datasets": {key: datasets[key] for key in chart["datasets"]}} for name, chart in found.items()
    }


def steady(run: Run, rng: np.random.Generator) -> Made:
    """Behave the same in every run, but for a little noise; nothing is at its limit."""
    rps = 1000 * float(rng.lognormal(0, 0.003))
    return {"throughput": rps, "response_s": 50 / rps}


def scaled(run: Run, rng: np.random.Generator) -> Made:
    """Behave like a CPU-bound server with a serial fraction of 5 % on a machine with CPUs to spare."""
    rps = float(amdahl(run.server.workers, 400.0, 0.05) * rng.lognormal(0, 0.005))
    return {
        "throughput": rps, "response_s": 50 / rps, "server_workers": run.server.workers, "server_cores": 8.0,
        "server_cpu": 0.97 * run.server.workers, "host_busy": 0.4, "generator_ceiling": None,
    }  # fmt: skip


WORKERS = """
baselines: false
defaults: {repeats: 3, server: {store: sqlite}}
sweeps: {w: {vary: server.workers, values: [1, 2, 4, 6], fit: [amdahl, usl]}}
"""


def test_fit_with_grounds(make: Make) -> None:
    page = render(make(WORKERS, scaled))
    sweeps = section(page, "sweeps")
    assert (
        "The law is about the server, which bound throughput at the levels used while everything else had slack."
        in sweeps
    )
    assert "Indicative" in sweeps
    assert re.search(r"σ = 0\.0[45]\d* \(0\.0\d+ – 0\.0\d+\) serial share", sweeps)
    assert "universal scalability law" in sweeps
    assert "No scaling law was fitted" not in sweeps
    assert {"sweep-w", "residuals-w"} <= set(specifications(page))


def test_no_fit_without_grounds(make: Make) -> None:
    page = render(make(WORKERS, lambda run, rng: scaled(run, rng) | {"host_busy": 0.97, "server_cpu": 0.5}))
    sweeps = section(page, "sweeps")
    assert "No scaling law was fitted: shared host bound every level" in sweeps
    assert "not used for the fit: bound by shared host at 0.97" in sweeps
    assert "lack of fit" not in sweeps
    assert "residuals-w" not in specifications(page)


def test_one_repeat_shows_no_interval_and_says_so(make: Make) -> None:
    campaign = make(WORKERS.replace("repeats: 3", "repeats: 1"), scaled)
    page = render(campaign)
    assert "Every experiment was run once." in section(page, "repeats")
    assert "One run does not show how much such figures vary" in section(page, "repeats")
    assert not re.search(r"<small>\(?[\d,.]+ – ", page), "an interval"
    for name in ("verdicts", "sweeps", "repeats"):
        assert "one run" in section(page, name)


def test_nothing_to_be_careful_with(make: Make) -> None:
    page = render(make("baselines: false\ndefaults: {repeats: 2}\nexperiments: {a: {}}", steady))
    assert section(page, "warnings") == ""
    assert "Repeats agree within the thresholds in the one repeated experiment" in section(page, "repeats")


def test_growing_run_is_grey_with_its_figures(make: Make) -> None:
    def growing(run: Run, rng: np.random.Generator) -> Made:
        window = {"albums_end": 130, "growth_effect_ms": 0.5, "growth_effect_p": 0.004}
        return steady(run, rng) | ({"window": window} if run.repeat == 2 else {})

    page = render(make("baselines: false\ndefaults: {repeats: 2}\nexperiments: {a: {}}", growing))
    assert "In 1 of 2 runs the store grows by more than 2 % in the window" in section(page, "warnings")
    assert "growing: albums 100 → 130 in the window, b·Δn = +0.500 ms (p = 0.004)" in section(page, "runs")
    assert page.count('<tr class="doubtful">') == 2, "in its experiment's box and in the table of runs"
    shown = json.dumps(specifications(page)["throughput"], ensure_ascii=False)
    assert "growing: albums 100 → 130" in shown, "in the tooltip"


def test_unsettled_and_contradictory_runs_are_named_and_kept(make: Make) -> None:
    def odd(run: Run, rng: np.random.Generator) -> Made:
        if run.experiment == "b":
            return {"throughput": 500.0, "requests": 10_000.0}
        window = {"begin": LOAD_STARTED + 12, "settled": False, "remark": "throughput settled in no part of the run"}
        return steady(run, rng) | {"steady": False, "window": window}

    page = render(make("baselines: false\ndefaults: {repeats: 1}\nexperiments: {a: {}, b: {}}", odd))
    careful = section(page, "warnings")
    assert "a: throughput settled in no part of the run" in careful
    assert "b: X·(R+Z)/N = 0.500 instead of 1" in careful
    verdicts = section(page, "verdicts")
    assert "2 experiments: invalid (2)." in verdicts
    assert "not to be used: throughput settled in no part of the run" in verdicts
    assert "2 runs" in section(page, "runs"), "none is dropped"


def test_every_request_failed(make: Make) -> None:
    def failing(run: Run, rng: np.random.Generator) -> Made:
        found = steady(run, rng)
        return found | {"failures": 20_000.0, "server_seconds": None} if run.experiment.startswith("f") else found

    text = "baselines: false\ndefaults: {repeats: 2}\nsweeps: {f: {vary: server.threads, values: [1, 2]}}"
    page = render(make(text, failing))
    assert "f=1, all 2 repeats: 20,000 of 20,000 requests failed" in section(page, "warnings")
    assert "not to be used: 20,000 of 20,000 requests failed" in section(page, "verdicts")
    assert "errors 2" in section(page, "verdicts")


def test_campaign_in_which_nothing_succeeded(make: Make) -> None:
    text = "baselines: false\ndefaults: {repeats: 1}\nexperiments: {f: {}}"
    nothing = render(make(text, lambda run, rng: {"failures": 20_000.0, "server_seconds": None}))
    assert "No request succeeded, so there is nothing to draw." in section(nothing, "throughput")
    assert "nothing to draw" in section(nothing, "distributions")
    assert set(specifications(nothing)) == {"experiment-rate", "experiment-response", "cpu", "verdicts"}


def test_runs_without_a_single_request(make: Make) -> None:
    """Baselines among them."""
    silent = {
        "throughput": 0.0, "response_s": 0.0, "requests": 0.0, "failures": 0.0, "server_seconds": None,
        "server_cpu": None, "generator_cpu": None, "host_busy": None,
    }  # fmt: skip
    text = "defaults: {repeats: 2}\nsweeps: {w: {vary: load.workers, values: [1, 2, 4], fit: [usl]}}"
    page = render(make(text, lambda run, rng: dict(silent)))
    assert "X·(R+Z)/N = 0 instead of 1" in section(page, "warnings")
    assert "No scaling law was fitted" in section(page, "sweeps")
    assert not re.search(r"\bnan\b", text_of(page))


def test_failed_check_comes_first(make: Make) -> None:
    text = "baselines: false\ndefaults: {repeats: 1}\nexperiments: {a: {}}"
    page = render(make(text, lambda run, rng: {"check": False}))
    assert "Checks that failed: 1 a, repeat 1: requests (100 = 100)" in section(page, "warnings")


def test_no_baselines_no_section(make: Make) -> None:
    page = render(
        make("baselines: false\nexperiments: {a: {repeats: 1}}", lambda run, rng: {"unloaded_response_s": None})
    )
    assert section(page, "baselines") == ""
    assert 'href="#baselines"' not in page
    assert "the unloaded response time R₀" in section(page, "verdicts"), "missing, and said so"


def test_baselines_have_a_section_of_their_own(make: Make) -> None:
    def with_baselines(run: Run, rng: np.random.Generator) -> Made:
        if run.experiment.startswith("unloaded@"):
            return {"users": 1.0, "throughput": 500.0, "response_s": 0.002, "generator_ceiling": None}
        if run.experiment.startswith("ceiling@"):
            at_limit = run.load.workers == 1
            return steady(run, rng) | {"generator_cpu": [0.97 if at_limit else 0.6] * run.load.workers}
        return steady(run, rng) | {"unloaded_response_s": None, "generator_ceiling": None}

    text = "experiments: {a: {repeats: 2}, b: {repeats: 2, load: {workers: 2}}, c: {repeats: 1, probe: true}}"
    page = render(make(text, with_baselines))
    baselines = section(page, "baselines")
    assert "list, 1 worker × 4 threads, 3 albums HttpUser 2.00" in baselines
    assert "yes: a Locust worker" in baselines
    assert "no: nothing was at its limit" in baselines
    assert re.search(
        r"HttpUser: 0\.9\d+ to 1\.2\d* ms of CPU and 4\.00 to 8\.00 context switches per request", baselines
    )
    verdicts = section(page, "verdicts")
    assert "elasticity" in verdicts
    assert "with twice the users: more users do not raise throughput: a capacity is reached" in verdicts
    assert "@" not in text_of(page).replace("c@twice", ""), "no baseline among the experiments, nor by its file's name"
    assert "runs 6 of 3 experiments and 1 probe, and 3 baselines" in text_of(page)


PUBLISHED = """\
row,users,duration_s,requests,rps,get_albums_avg_ms,post_albums_avg_ms,aggregated_avg_ms
"Fifty, <alone>",50,180,5223,32.7,7.12,2.37,4.45
Four workers,50,180,117,0.7,9.42,2.74,5.33
"""
REPEATING = """
baselines: false
defaults: {repeats: 2, load: {think_time: [1, 2]}}
experiments: {fifty: {}, alone: {load: {users: 1, spawn_rate: 1}}, eager: {load: {think_time: 0}}}
published: {table: published.csv, rows: {fifty: "Fifty, <alone>", alone: Four workers}}
"""


def thinking(run: Run, rng: np.random.Generator) -> Made:
    """Behave like users who wait 1.5 seconds, and like eager ones where there is no think time."""
    if run.load.mean_think_time_s == 0:
        return steady(run, rng)
    return IDLE | {"users": float(run.load.users), "throughput": run.load.users / 1.505}


def test_published_rows_are_audited_and_set_beside_the_servers_capacity(make: Make) -> None:
    page = render(make(REPEATING, thinking, PUBLISHED))
    published = section(page, "published")
    assert "think time: 33.2 possible" in published
    assert "5,223 requests in 180 s are 29 requests/s, not 32.7" in published
    assert "one user (1.05 active of 50 stated)" in published
    assert re.search(r"99\d \([\d,]+ – [\d,]+\) , 30\.\d× the published eager, bound by: undetermined", published)
    assert re.search(r"The same server reached 30\.\d to 1,4\d\d times the published rates\.", published)
    assert "«Four workers»: 50 users stated, 1.05 active: the rate is that of one user." in published
    assert "<alone>" not in page, "escaped"


def test_table_that_can_not_be_audited_is_still_compared(make: Make) -> None:
    page = render(make(REPEATING, thinking, PUBLISHED.replace("50,180,117", "0,180,117")))
    published = section(page, "published")
    assert "The table cannot be audited:" in published
    assert "0 stated" in published


def test_suite_without_its_table_has_no_published_section(make: Make, tmp_path: Path) -> None:
    plan = make(REPEATING, thinking, PUBLISHED).plan
    assert section(render(load_campaign(plan, tmp_path / "results", None)), "published") == ""


USERS = "sweeps: {u: {vary: load.users, values: [1, 20, 60, 120], repeats: %d}}"


def repairman(run: Run, rng: np.random.Generator) -> Made:
    """Behave like one CPU of 2 ms a request and a think time of 100 ms."""
    n = run.load.users
    if run.experiment.startswith(("unloaded@", "ceiling@")):
        return {"users": float(n), "throughput": n / 0.002, "response_s": 0.002}
    rps = min(n / 0.102, 500.0) * (0.9 if n == 60 else 1.0) * float(rng.lognormal(0, 0.002))
    return {
        "users": float(n), "throughput": rps, "think_s": 0.1, "response_s": n / rps - 0.1,
        "unloaded_response_s": 0.002, "server_cpu": 0.002 * rps, "server_workers": 1,
    }  # fmt: skip


@pytest.mark.parametrize("repeats", [1, 2])
def test_sweep_over_users_meets_its_prediction(make: Make, repeats: int) -> None:
    page = render(make(USERS % repeats, repairman))
    sweeps = section(page, "sweeps")
    assert "the knee lies at 51.0 users, and the server's CPUs allow at most 500 requests/s" in sweeps
    assert re.search(r"Measured throughput is 9\d\.\d % to 10\d % of the prediction\.", sweeps)
    assert ("120 one run server CPU" in sweeps) == (repeats == 1)
    shown = specifications(page)
    assert {"forecast-rps-u", "forecast-ms-u"} <= set(shown)
    assert "sweep-u" not in shown


def test_prediction_that_can_not_be_made_says_why(make: Make) -> None:
    page = render(make("baselines: false\n" + USERS % 1, repairman))
    assert "No prediction was made: the response time with one user was not measured." in section(page, "sweeps")
    assert "sweep-u" in specifications(page)


def test_names_of_stores_are_a_categorical_axis(make: Make) -> None:
    text = "baselines: false\nsweeps: {s: {vary: server.store, values: [list, dict], repeats: 2}}"
    page = render(make(text, steady))
    chart = specifications(page)["sweep-s"]
    axes = [layer["encoding"]["x"] for layer in chart["layer"]]
    assert {axis["type"] for axis in axes} == {"nominal"}
    assert axes[0]["scale"]["domain"] == ["list", "dict"]
    assert "No scaling law" not in section(page, "sweeps"), "none was asked for"


def test_page_holds_what_it_shows_and_needs_no_network(make: Make) -> None:
    page = render(make(WORKERS, scaled))
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)
    assert not re.search(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=", markup)
    assert "://" not in markup
    for number in re.findall(r"-?\d+\.\d+", json.dumps(specifications(page))):
        assert float(number) == float(f"{float(number):.5g}"), "rounded"
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(re.findall(r'id="([^"]+)"', page))
