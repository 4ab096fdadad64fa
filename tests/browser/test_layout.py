"""What the page looks like is measured: nothing is cut off at any width, and the default suite prints on ten pages."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadstone.plan.baselines import is_baseline
from loadstone.plan.schedule import Run
from loadstone.report.page import render
from loadstone.results.verdicts import Place
from loadstone.suite.verdict import Verdict
from tests.browser.conftest import Open
from tests.conftest import ROOT
from tests.support.example_signals import IDLE
from tests.support.made_up import Made, make_campaign
from tests.support.restated import restate

MORE = """
  users: {vary: load.users, values: [1, 8, 32, 128], server: {store: dict}}
  sleeping-threads: {vary: server.threads, values: [1, 8], server: {calibration: {parallel: 20ms}}, fit: [amdahl]}
"""
"""Sweeps that the default suite does not have, and that the page has long rows and charts for."""
MAX_SHEETS = 10

pytestmark = pytest.mark.slow

CUT_OFF = (Path(__file__).parent / "cut_off.js").read_text(encoding="utf-8")
SCROLLING = "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth + 1)"
DRAWN = "document.documentElement.dataset.charts === 'drawn'"
ALL_DRAWN = "[...document.querySelectorAll('.chart')].every(e => e.querySelector('svg.marks'))"


def behave(run: Run, rng: np.random.Generator) -> Made:
    """Behave like users who pause, and without pauses like a server of 1 ms of CPU per request."""
    n = float(run.load.users)
    if is_baseline(run.experiment):
        return {"users": n, "throughput": n / 0.002, "response_s": 0.002}
    if run.load.mean_think_time_s:
        return IDLE | {"users": n, "throughput": n / 1.505}
    rps = min(n / 0.0021, 900.0 * (run.server.workers or 1)) * float(rng.lognormal(0, 0.01))
    return {
        "users": n, "throughput": rps, "response_s": n / rps, "unloaded_response_s": 0.002,
        "server_workers": run.server.workers, "server_cpu": 0.001 * rps, "generator_cpu": [0.6] * run.load.workers,
    }  # fmt: skip


def anywhere(run: dict[str, Any]) -> dict[str, Any]:
    """Be in every place, and some runs next to a long verdict."""
    places = {place: 2.0 + number for number, place in enumerate(Place)}
    long = {"verdict": Verdict.SERVER_OR_BEHIND} if run["experiment"].startswith("sleeping") else {}
    return {"places": places, "sentence": "All others have slack: 0.2 at most."} | long


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the default suite with more sweeps."""
    folder = tmp_path_factory.mktemp("layout")
    suite = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8")
    published = (ROOT / "config" / "published.csv").read_text(encoding="utf-8")
    suite = suite.replace("budget: 12m", "budget: 1h").replace("\nsweeps:\n", f"\nsweeps:{MORE}")
    campaign = make_campaign(folder, suite, behave, published)
    path = folder / "index.html"
    path.write_text(render(restate(campaign, folder / "results", anywhere)), encoding="utf-8")
    return path


@pytest.mark.parametrize(("drawn_at", "then"), [(360, 390), (1440, 1280)])
def test_nothing_is_cut_off(open_address: Open, page_file: Path, drawn_at: int, then: int) -> None:
    found = open_address(page_file.as_uri(), viewport={"width": drawn_at, "height": 900})
    found.wait(DRAWN)
    page = found.page
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found.wait(ALL_DRAWN)
    for width in (drawn_at, then, *(() if drawn_at < 560 else (768,))):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found.wait(DRAWN)
        assert page.evaluate(CUT_OFF) == [], width
        if width >= 1280:
            assert page.evaluate(f"{SCROLLING}.map(e => e.textContent.trim().slice(0, 90))") == [], width
    assert found.complaints == []


def test_default_suite_prints_on_ten_sheets(open_address: Open, page_file: Path) -> None:
    found = open_address(page_file.as_uri(), viewport={"width": 1440, "height": 900}, color_scheme="dark")
    found.wait(DRAWN)
    sheets = re.findall(rb"/Type\s*/Page\b", found.page.pdf(format="A4", prefer_css_page_size=True))
    assert 2 <= len(sheets) <= MAX_SHEETS
