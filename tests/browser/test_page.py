"""The page in a real browser: it draws everything, asks nobody, fits every width, and shows hostile text as text."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from loadstone.plan import Run
from loadstone.report.page import render
from tests.unit.test_report_page import Made, Make, make, scaled  # noqa: F401 - make is a fixture

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")

HOSTILE = "</style><script>window.hacked = 1</script> \\\"quoted\\\" 'single' 🎷 \u202eright to left\u202c &amp;"
SUITE = """
baselines: false
defaults: {repeats: 3, server: {store: sqlite}}
experiments: {plain: {}, other: {load: {users: 20}}}
sweeps: {w: {vary: server.workers, values: [1, 2, 4, 6], fit: [amdahl, usl]}}
hypotheses:
  hostile:
    claim: "%s"
    compare: {metric: throughput, of: plain, to: other}
    expect: "> 1.05"
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


Open = Callable[..., Page]


@pytest.fixture
def page_file(make: Make, tmp_path: Path) -> Path:  # noqa: F811
    path = tmp_path / "index.html"
    path.write_text(render(make(SUITE % HOSTILE, behaviour)), encoding="utf-8")
    return path


def behaviour(run: Run, rng: np.random.Generator) -> Made:
    return scaled(run, rng) | ({"users": 20.0, "response_s": 20 / 400} if run.experiment == "other" else {})


@pytest.fixture
def open_page(browser: Browser, page_file: Path) -> Iterator[Open]:
    """Open the page and wait until all charts are drawn; whatever it complains of or asks for is kept."""
    contexts = []

    def opened(**options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []  # type: ignore[attr-defined]
        page.requested = []  # type: ignore[attr-defined]
        page.on("console", lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None)  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        page.on("request", lambda request: page.requested.append(request.url))  # type: ignore[attr-defined]
        page.goto(page_file.as_uri())
        page.wait_for_function(DRAWN, timeout=30_000)
        return page

    yield opened
    for context in contexts:
        context.close()


CHARTS = "[...document.querySelectorAll('.chart')].filter(c => c.offsetParent !== null)"
DRAWN = f"{CHARTS}.length > 0 && {CHARTS}.every(c => c.querySelector('canvas, svg'))"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_every_chart_is_drawn_and_nobody_is_asked(open_page: Open, page_file: Path) -> None:
    page = open_page(viewport={"width": 1200, "height": 900})
    assert page.complaints == []  # type: ignore[attr-defined]
    asked = [url for url in page.requested if not url.startswith(("data:", "blob:"))]  # type: ignore[attr-defined]
    assert asked == [page_file.as_uri()]
    assert page.evaluate(f"{CHARTS}.length") >= 5
    marks = page.evaluate(
        f"{CHARTS}.map(c => {{ const k = c.querySelector('canvas'); if (!k) return 1;"
        " const d = k.getContext('2d').getImageData(0, 0, k.width, k.height).data; return d.some(v => v) ? 1 : 0; })"
    )
    assert all(marks), "a canvas that is all blank"


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_needs_scrolling_sideways(open_page: Open, width: int, scheme: str) -> None:
    page = open_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert page.evaluate(OVERFLOW) <= 0
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(part) for part in ground.strip("rgba()").split(",")[:3]) / 3
    assert (lightness > 200) == (scheme == "light")


def test_hostile_text_is_text(open_page: Open) -> None:
    page = open_page()
    assert page.evaluate("window.hacked") is None
    text = page.inner_text("#hypotheses")
    assert "</style><script>window.hacked = 1</script>" in text
    assert "🎷" in text
    assert "\u202eright to left" in text
    assert page.evaluate("document.querySelectorAll('script').length") == page.evaluate(
        "document.querySelectorAll('body > script').length"
    )


def test_keyboard_reaches_every_control(open_page: Open) -> None:
    page = open_page()
    controls = "[...document.querySelectorAll('a[href], button, input, select, summary')]"
    wanted = page.evaluate(f"{controls}.filter(e => e.offsetParent !== null && !e.closest('.vega-embed')).length")
    reached = set()
    for _ in range(3 * wanted):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(f"{controls}.indexOf(document.activeElement)"))
    assert len(reached - {-1}) >= wanted


def test_it_prints_with_its_charts(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    open_page().pdf(path=str(path))
    assert path.read_bytes().startswith(b"%PDF")
    assert path.stat().st_size > 50_000
