"""The first screen in a real browser: four questions, answered before anything is scrolled or opened."""

from pathlib import Path

import pytest

from loadstone.report.page import render
from tests.browser.conftest import Open
from tests.support.default_shaped import make_default

MAX_SCREENS = 8
"""Height of the page as it opens, in screens of 1440×900."""
ANSWERS = {
    "what was tested": "h1",
    "when, and on what": ".facts",
    "what limited it": "#answer h2",
    "how fast it was": ".said p:last-child",
    "whether to believe it": ".trust p",
}
"""Question → what answers it."""
DRAWN = "document.documentElement.dataset.charts === 'drawn'"
IN_VIEW = """id => {
  const element = document.getElementById(id), box = element.getBoundingClientRect();
  return !element.closest('details:not([open])') && box.height > 40 && box.top >= 0 && box.top < 300;
}"""


@pytest.fixture(scope="module")
def default_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a made-up campaign of the default suite."""
    folder = tmp_path_factory.mktemp("first")
    path = folder / "index.html"
    path.write_text(render(make_default(folder)), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "height", "scheme"), [(1440, 900, "light"), (390, 844, "dark")])
def test_four_questions_are_answered_on_the_first_screen(
    open_address: Open, default_page: Path, width: int, height: int, scheme: str
) -> None:
    found = open_address(
        default_page.as_uri(), viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=True
    )
    found.wait(DRAWN)
    for question, selector in ANSWERS.items():
        box = found.page.locator(selector).first.bounding_box()
        assert box is not None, question
        assert box["y"] + box["height"] <= height, question
    if width == 1440:
        bottoms = found.page.evaluate(
            "[...document.querySelectorAll('#results tbody tr:not([hidden])')]"
            ".map(row => row.getBoundingClientRect().bottom)"
        )
        assert sum(bottom <= height for bottom in bottoms) >= 3, "the results begin on the first screen"
        assert found.page.evaluate("document.documentElement.scrollHeight") <= MAX_SCREENS * height
    assert found.overflow() <= 0
    assert found.grave_findings() == []
    assert found.complaints == []
    assert found.requested == [default_page.as_uri()]


def test_links_and_keys_open_what_they_lead_to(open_address: Open, default_page: Path) -> None:
    anchor = "experiment=fifty-users"
    found = open_address(f"{default_page.as_uri()}#{anchor}", viewport={"width": 1440, "height": 900})
    page = found.page
    found.wait(f"document.getElementById('{anchor}').open && {DRAWN}")
    assert page.evaluate(IN_VIEW, anchor)
    assert page.evaluate(f"document.getElementById('{anchor}').querySelectorAll('svg').length") > 0, "drawn when opened"
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = false; })")
    page.click("#results a >> nth=0")
    found.wait("document.querySelector('#experiments > details').open")
    page.focus("#answer .judged li a >> nth=0")
    page.keyboard.press("Enter")
    found.wait("document.querySelector('#hypotheses > details').open")
    page.focus("#repeats summary >> nth=0")
    page.keyboard.press("Enter")
    found.wait("document.querySelector('#repeats > details').open")
    assert found.complaints == []


def test_buttons_give_the_results_away(open_address: Open, default_page: Path) -> None:
    found = open_address(default_page.as_uri(), viewport={"width": 1440, "height": 900})
    page = found.page
    found.wait(DRAWN)
    with page.expect_download(timeout=20_000) as saved:
        page.click("[data-action=data]")
    assert saved.value.suggested_filename == "loadstone-results.csv"
    head, *lines = saved.value.path().read_text(encoding="utf-8").splitlines()
    assert head == "experiment,requests_per_s,p50_ms,p95_ms,failed_share,limited_by"
    assert len(lines) == page.locator("#results tbody tr").count() > 6, "those that are not shown as well"
    assert lines[0].startswith("one-user,0.66")
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async t => { window.copied = t; } } })"
    )
    page.click("[data-action=copy]")
    found.wait("window.copied !== undefined")
    copied = page.evaluate("window.copied")
    assert copied.startswith("# Album API · default suite\n")
    assert "| experiment | requests/s | p50, ms | p95, ms | failed | limited by |" in copied
    assert "How far to trust this:" in copied
    page.evaluate("window.print = () => { window.printed = true; }")
    page.click("[data-action=print]")
    assert page.evaluate("window.printed")
    page.click("[data-action=open]")
    found.wait(f"[...document.querySelectorAll('details.fold')].every(d => d.open) && {DRAWN}", 60)
    page.click("[data-action=open]")
    assert page.locator("details.fold[open]").count() == 0
    assert found.complaints == []


def test_table_opens_filters_and_sorts_by_keyboard(open_address: Open, default_page: Path) -> None:
    page = open_address(default_page.as_uri(), viewport={"width": 1440, "height": 900}).page
    rows = "#results tbody tr:not([hidden])"
    assert page.locator(rows).count() == 6
    assert page.locator(".results input").is_hidden()
    page.click(".results button.fold")
    assert page.locator(rows).count() > 6
    page.fill(".results input", "gunicorn")
    assert page.locator(rows).count() == 3
    page.focus("#results th button >> nth=1")
    page.keyboard.press("Enter")
    assert page.get_attribute("#results th >> nth=1", "aria-sort") == "descending"


def test_without_scripts_everything_can_be_read(open_address: Open, default_page: Path) -> None:
    page = open_address(default_page.as_uri(), java_script_enabled=False).page
    assert page.locator("#results tbody tr >> visible=true").count() > 6
    assert page.locator(".actions").is_hidden()
    page.click("#hypotheses summary >> nth=0")
    assert page.locator("#hypotheses table").is_visible()
