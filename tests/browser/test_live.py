"""The live view in a real browser, while a run is measured."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from loadstone.plan.schedule import Run
from tests.browser.conftest import Open
from tests.workflow.test_live import TEXT, Serve, serve

__all__ = ["serve"]  # the fixture


def test_run_is_watched(
    first_run: Callable[[str], Run],
    start_measure: Callable[[Run], "subprocess.Popen[str]"],
    serve: Serve,
    open_address: Open,
    tmp_path: Path,
) -> None:
    run = first_run(TEXT)
    view = serve("--suite", str(tmp_path / "suite.yaml"))
    address = f"http://127.0.0.1:{view.port}/"
    found = open_address(address, viewport={"width": 360, "height": 900}, color_scheme="dark", bypass_csp=True)
    page = found.page
    found.wait("document.getElementById('count-left').textContent === '1'", 20)
    assert page.locator("#current").is_hidden()
    holder = "b, repeat 2, by root (process 123) in /home/other since 16:00:00"
    log = tmp_path / "logs" / "watched" / "1.log"
    log.parent.mkdir(parents=True)
    text = f"16:30:00 {run.label}: waiting for another measurement on this machine (30 s so far): {holder}\n"
    log.write_text(text, encoding="utf-8")
    found.wait(f"document.getElementById('waiting').textContent.endsWith({holder + '.'!r})", 10)
    assert page.inner_text("#waiting").startswith("Waiting since ")
    assert found.overflow() <= 0
    log.unlink()
    found.wait("document.getElementById('waiting').hidden", 10)
    measuring = start_measure(run)
    rate = "parseFloat(document.getElementById('rps').textContent)"
    found.wait(f"{rate} > 5", 60)
    assert page.inner_text("#run") == "watched, repeat 1"
    assert page.evaluate(f"{rate} < 200"), "ten users who wait 0.1 s send less than 100 requests per second"
    assert page.locator("#cpu tr").count() == 5
    assert found.overflow() <= 0
    assert found.grave_findings() == []
    page.set_viewport_size({"width": 1440, "height": 900})
    assert found.overflow() <= 0
    found.wait("document.getElementById('count-done').textContent === '1'", 60)
    found.wait("document.getElementById('current').hidden", 10)
    found.wait("document.querySelectorAll('#results tr').length === 1", 30)
    assert re.fullmatch(r"Last: watched \S+ requests/s, .+\.", page.inner_text("#latest"))
    assert page.locator("#report").is_hidden()
    assert found.overflow() <= 0
    page.set_viewport_size({"width": 360, "height": 900})
    assert found.overflow() <= 0
    assert found.grave_findings() == []
    assert measuring.wait(10) == 0
    assert found.complaints == []
    assert {url.partition("?")[0] for url in found.requested} == {address, f"{address}events"}
