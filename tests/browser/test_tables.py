"""Tables that sort, filter and fold, by mouse and by keyboard, as the page's own script and styles do it."""

import pytest
from jinja2 import Environment, PackageLoader

from tests.browser.conftest import Open, Opened

PAGE = """<!doctype html><html lang="en"><head><title>t</title><meta charset="utf-8"><style>{css}</style></head><body>
<div class="wide"><table data-sortable data-filter="Filter" data-first="3" data-rows="runs">
<thead><tr><th rowspan="2" id="name">name</th><th colspan="2">times</th><th rowspan="2" data-unsorted>remark</th></tr>
<tr><th id="p50">p50</th><th id="p95" aria-sort="ascending">p95</th></tr></thead>
<tbody>{rows}</tbody></table></div><script>{script}</script></body></html>"""
ROWS = [("run-10", 3.0, 1.0), ("run-9", 1000.0, 2.0), ("Zeta", None, 3.0), ("alpha", 3.0, 4.0), ("run-2", 20.0, 5.0)]
SHOWN = "[...document.querySelectorAll('tbody tr:not([hidden], .because) th')].map(e => e.textContent)"
SORTED = "[...document.querySelectorAll('[aria-sort]')].map(e => [e.id, e.getAttribute('aria-sort')])"


@pytest.fixture
def table(open_address: Open) -> Opened:
    """Open a table of five rows, one of which has a row below that belongs to it."""
    templates = Environment(loader=PackageLoader("loadstone.report"), autoescape=True)
    cells = '{% from "table.html" import number %}{{ number(a, a) }}{{ number(b, b) }}'
    rows = [
        f'<tr><th scope="row">{name}</th>{templates.from_string(cells).render(a=a, b=b)}<td>–</td></tr>'
        for name, a, b in ROWS
    ]
    rows.insert(2, '<tr class="because"><td colspan="4">because of run nine</td></tr>')
    css, script = (templates.get_template(f"tables.{kind}").render() for kind in ("css", "js"))
    found = open_address("about:blank", viewport={"width": 800, "height": 600})
    found.page.set_content(PAGE.format(css=css, script=script, rows="".join(rows)))
    return found


def test_headers_sort_by_mouse_and_keyboard(table: Opened) -> None:
    page = table.page
    page.click("button.fold")
    assert page.evaluate(SORTED) == [["p95", "ascending"]], "as it is written"
    page.click("#p50 button")
    assert page.evaluate(SHOWN) == ["run-9", "run-2", "run-10", "alpha", "Zeta"], "largest first, the unknown last"
    page.keyboard.press("Enter")
    assert page.evaluate(SHOWN) == ["run-10", "alpha", "run-2", "run-9", "Zeta"], "equal ones keep their order"
    assert page.evaluate(SORTED) == [["p50", "ascending"]]
    page.focus("#name button")
    page.keyboard.press("Space")
    assert page.evaluate(SHOWN) == ["alpha", "run-2", "run-9", "run-10", "Zeta"]
    after_nine = (
        "[...document.querySelectorAll('tr')].find(e => e.textContent.startsWith('run-9')).nextSibling.className"
    )
    assert page.evaluate(after_nine) == "because"
    assert page.evaluate("document.querySelectorAll('thead button').length") == 3
    assert table.complaints == []


def test_rows_fold_and_are_filtered(table: Opened) -> None:
    page = table.page
    assert page.evaluate(SHOWN) == ["run-10", "run-9", "Zeta"]
    button = page.get_by_role("button", name="Show all 5 runs")
    assert button.get_attribute("aria-expanded") == "false"
    page.get_by_label("Filter").fill("20 RUN-2")
    assert page.evaluate(SHOWN) == ["run-2"], "of all rows, also of those that are folded"
    assert page.get_by_role("status").inner_text() == "1 of 5 runs"
    page.get_by_label("Filter").fill("nine")
    assert page.evaluate(SHOWN) == ["run-9"], "by the row below it"
    page.get_by_label("Filter").fill("")
    button.click()
    assert len(page.evaluate(SHOWN)) == 5
    assert page.get_by_role("button", name="Show the first 3").get_attribute("aria-expanded") == "true"
    assert table.grave_findings() == []
