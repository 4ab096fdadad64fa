"""The page in a real browser: it draws everything, asks nobody, fits every width, and shows hostile text as text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from loadstone.plan.schedule import Run
from loadstone.report.page import render
from loadstone.results.verdicts import Place
from loadstone.suite.verdict import Verdict
from tests.browser.conftest import Open, Opened
from tests.support.made_up import PUBLISHED, Made, make_campaign, scaled
from tests.support.restated import restate

HOSTILE = "</style><script>window.hacked = 1</script> \\\"quoted\\\" 'single' 🎷 \u202eright to left\u202c &amp;"
SUITE = """
baselines: false
defaults: {repeats: 3, server: {store: sqlite}, load: {think_time: [1, 2]}}
experiments: {plain: {}, other: {load: {users: 20}}}
sweeps: {w: {vary: server.workers, values: [1, 2, 4], fit: [amdahl, usl]}}
hypotheses:
  hostile:
    claim: "%s"
    compare: {metric: throughput, of: plain, to: other}
    expect: "> 1.05"
published: {table: published.csv, rows: {plain: "Fifty, <alone>"}}
"""
CHARTS = "[...document.querySelectorAll('.chart')].filter(c => !c.closest('details:not([open])'))"
DRAWN = (
    "document.documentElement.dataset.charts === 'drawn' && "
    f"{CHARTS}.length > 0 && {CHARTS}.every(c => c.querySelector('canvas, svg'))"
)
OPEN_SECTIONS = "document.querySelectorAll('details.fold').forEach(d => { d.open = true; })"
EXPERIMENT = '[id="experiment=plain"]'

OpenReport = Callable[..., Opened]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a made-up campaign, with a long run."""
    folder = tmp_path_factory.mktemp("page")
    path = folder / "index.html"
    campaign = make_campaign(folder, SUITE % HOSTILE, behaviour, PUBLISHED)
    path.write_text(render(restate(campaign, folder / "results", anywhere)), encoding="utf-8")
    return path


def anywhere(run: dict[str, Any]) -> dict[str, Any]:
    """Be in every place, or nowhere that is known, with a verdict whose name is long."""
    places = {} if run["experiment"] == "w=4" else {place: 2.0 + number for number, place in enumerate(Place)}
    return {"verdict": Verdict.SERVER_OR_BEHIND, "sentence": "All others have slack: 0.2 at most.", "places": places}


def behaviour(run: Run, rng: np.random.Generator) -> Made:
    cells = pd.DataFrame({"second": [0, 1], "until": [1, 2], "low_ms": 1.0, "high_ms": 1.3, "requests": [10, 20]})
    unfair = {"users_served": 1, "fairness": 0.05}
    of_plain = {"heat": cells} | unfair if run.experiment == "plain" else {}
    return scaled(run, rng) | ({"users": 20.0, "response_s": 20 / 400} if run.experiment == "other" else {}) | of_plain


@pytest.fixture
def open_page(open_address: Open, page_file: Path) -> OpenReport:
    """Open the page and all of its sections, and wait until all charts are drawn."""

    def opened(**options: Any) -> Opened:
        found = open_address(page_file.as_uri(), **options)
        found.page.evaluate(OPEN_SECTIONS)
        found.wait(DRAWN)
        return found

    return opened


def test_every_chart_is_drawn_and_nobody_is_asked(open_page: OpenReport, page_file: Path) -> None:
    found = open_page(viewport={"width": 1200, "height": 900})
    assert found.page.evaluate(f"{CHARTS}.length") >= 7
    marks = found.page.evaluate(f"{CHARTS}.map(c => c.querySelectorAll('svg.marks path, svg.marks text').length)")
    assert min(marks) > 10, "axes and marks"
    assert found.complaints == []
    assert found.requested == [page_file.as_uri()]


def test_experiment_draws_its_charts_when_it_is_opened(open_page: OpenReport) -> None:
    found = open_page()
    inside = f"[...document.querySelectorAll('{EXPERIMENT} .chart')]"
    assert found.page.evaluate(f"{inside}.map(c => c.dataset.chart)") == [
        "experiment-rate", "experiment-response", "experiment-distribution", "experiment-heat",
    ]  # fmt: skip
    assert found.page.evaluate(f"{inside}.every(c => !c.querySelector('svg'))")
    found.page.click(f"{EXPERIMENT} summary")
    found.wait(f"{inside}.every(c => c.querySelector('svg.marks'))")
    assert found.page.evaluate(f"{inside}[0].querySelectorAll('svg .mark-line path').length") == 3, "a line a repeat"
    assert found.page.evaluate(f"{inside}[3].querySelectorAll('svg .mark-rect path').length") == 2
    assert found.complaints == []


def test_picker_changes_the_overlay(open_page: OpenReport) -> None:
    found = open_page()
    page = found.page
    lines = "document.querySelectorAll('#chart-percentiles svg .mark-line path').length"
    before = page.evaluate(lines)
    page.click("#picks input:not(:checked)")
    found.wait(f"{lines} === {before + 1}", 10)
    page.click("#picks input:checked >> nth=0")
    found.wait(f"{lines} === {before}", 10)


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_every_width_in_both_themes(open_page: OpenReport, width: int, scheme: str) -> None:
    found = open_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert found.overflow() <= 0
    ground = found.page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(part) for part in ground.strip("rgba()").split(",")[:3]) / 3
    assert (lightness > 200) == (scheme == "light")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_everything_opened_fits_and_can_be_used_by_everyone(open_page: OpenReport, width: int, scheme: str) -> None:
    found = open_page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    found.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found.wait(DRAWN)
    assert found.overflow() <= 0
    assert found.grave_findings() == []


def test_hostile_text_is_text(open_page: OpenReport) -> None:
    page = open_page().page
    assert page.evaluate("window.hacked") is None
    text = page.inner_text("#hypotheses")
    assert "</style><script>window.hacked = 1</script>" in text
    assert "🎷" in text
    assert "\u202eright to left" in text
    assert page.evaluate("document.querySelectorAll('script').length") == page.evaluate(
        "document.querySelectorAll('body > script').length"
    )


def test_policy_lets_no_text_become_code(open_page: OpenReport) -> None:
    page = open_page().page
    refused = "(() => { try { return eval('1'); } catch (error) { return error.name; } })()"
    # evaluated by a timer of the page's own: what the browser's debugger evaluates is above the policy
    page.evaluate(f"new Promise(done => setTimeout(() => {{ window.tried = {refused}; done(); }}, 0))")
    assert page.evaluate("window.tried") == "EvalError"
    page.evaluate(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.injected = 1';"
        " document.body.append(s); })()"
    )
    assert page.evaluate("window.injected") is None


@pytest.mark.parametrize(("kind", "beginning"), [("SVG", b"<svg"), ("PNG", b"\x89PNG")])
def test_chart_can_be_saved(open_page: OpenReport, kind: str, beginning: bytes) -> None:
    found = open_page()
    found.page.click("#chart-throughput summary")
    with found.page.expect_download(timeout=20_000) as saved:
        found.page.click(f"#chart-throughput .vega-actions a:has-text('{kind}')")
    assert saved.value.suggested_filename == f"loadstone-throughput.{kind.lower()}"
    assert saved.value.path().read_bytes().startswith(beginning)
    assert found.complaints == []


def test_keyboard_reaches_every_control(open_page: OpenReport) -> None:
    page = open_page().page
    controls = "[...document.querySelectorAll('a[href], button, input, select, summary')]"
    hidden = ".vega-embed, details:not([open]) > :not(summary)"
    visible = f"{controls}.filter(e => e.offsetParent !== null && !e.closest('{hidden}'))"
    wanted = page.evaluate(f"{visible}.length")
    reached = set()
    for _ in range(3 * wanted):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(f"{controls}.indexOf(document.activeElement)"))
    assert len(reached - {-1}) >= wanted


def test_it_prints_with_its_charts_on_white(open_page: OpenReport, tmp_path: Path) -> None:
    """Also when the reader's screen is dark."""
    path = tmp_path / "page.pdf"
    page = open_page(color_scheme="dark").page
    page.pdf(path=str(path))
    assert path.read_bytes().startswith(b"%PDF")
    assert path.stat().st_size > 50_000
    page.emulate_media(media="print")
    style = "getComputedStyle(document.querySelector('{}')).{}"
    assert page.evaluate(style.format("body", "backgroundColor")) == "rgb(255, 255, 255)"
    assert page.evaluate(style.format("#chart-throughput .role-axis-label text", "fill")) == "rgb(51, 51, 51)"
    assert page.locator("nav").is_hidden()
