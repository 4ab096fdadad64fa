"""The page: made-up campaigns, analysed for real, and what the rendered HTML says of them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from loadstone.plan.schedule import Run
from loadstone.report.campaign import load_campaign
from loadstone.report.page import render
from tests.support.made_up import (
    LOAD_STARTED,
    PUBLISHED,
    REPEATING,
    WORKERS,
    Made,
    Make,
    scaled,
    steady,
    thinking,
)
from tests.support.page_parts import section, specifications, text_of

pytestmark = pytest.mark.slow


def test_fit_with_grounds(make: Make) -> None:
    page = render(make(WORKERS, scaled))
    sweeps = section(page, "sweeps")
    assert (
        "The law is about the server, which limited throughput at the levels used while everything else had slack."
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
    assert "No scaling law was fitted: every level was limited by the whole machine's CPU" in sweeps
    assert "not used for the fit: limited by the whole machine's CPU at 0.97" in sweeps
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
    assert "2 experiments: invalid figures (2)." in verdicts
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
    assert "too many failures 2" in section(page, "verdicts")


def test_campaign_in_which_nothing_succeeded(make: Make) -> None:
    text = "baselines: false\ndefaults: {repeats: 1}\nexperiments: {f: {}}"
    nothing = render(make(text, lambda run, rng: {"failures": 20_000.0, "server_seconds": None}))
    assert "No request succeeded, so there is nothing to draw." in section(nothing, "throughput")
    assert "nothing to draw" in section(nothing, "distributions")
    assert set(specifications(nothing)) == {"experiment-users", "experiment-rate", "experiment-cpu"}


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
    assert "Checks that failed: 1 run a, repeat 1: requests (100 = 100)" in section(page, "warnings")


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
    assert re.search(
        r"With twice the users: (0\.99\d|1\.0\d) times the throughput: more users do not raise throughput: "
        "a capacity is reached",
        verdicts,
    )
    assert "@" not in text_of(page).replace("c@twice", ""), "no baseline among the experiments, nor by its file's name"
    assert "runs 6 of 3 experiments and 1 probe, and 3 baselines" in section(page, "provenance")


def test_published_rows_are_audited_and_set_beside_the_servers_capacity(make: Make) -> None:
    page = render(make(REPEATING, thinking, PUBLISHED))
    published = section(page, "published")
    assert "limited by users' pauses: 33.2 possible" in published
    assert "5,223 requests in 180 s are 29.0 requests/s, not 32.7" in published
    assert "one user (1.05 active of 50 stated)" in published
    assert re.search(r"99\d \([\d,]+, [\d,]+\) , 30\.\d× the published eager, limited by: no clear limit", published)
    assert re.search(r"Without pauses, as many users got 30\.\d times the published rates from the same", published)
    assert published.count("× the published") == 1, "one user is not compared with fifty"
    assert "«Four workers»: 50 users stated, and X·(R + Z) accounts for 1.05." in published
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
    assert re.search(
        r"the knee lies at 51.0 users, and the server's CPUs allow (at most|about) 500 requests/s\.", sweeps
    )
    assert re.search(r"Measured throughput is 9\d\.\d % to 10\d % of the prediction\.", sweeps)
    assert ("120 one run server's CPU" in sweeps) == (repeats == 1)
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
