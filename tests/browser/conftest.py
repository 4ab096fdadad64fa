"""A real browser, and pages opened in it with all that they complain of and ask for."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import wait_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
GRAVE = ("serious", "critical")
"""Impacts of accessibility findings that fail a test."""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Opened:
    """A page, and what it did."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings on the console, and exceptions."""
    requested: list[str] = field(default_factory=list)
    """Addresses asked for, without those of data in the page itself."""

    def grave_findings(self) -> list[str]:
        """Let axe-core look at the page as it is now; name what it finds serious or worse."""
        # axe is run from outside the page's policy, as an extension of the browser would be
        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] in GRAVE]

    def wait(self, condition: str, deadline_s: float = 30) -> None:
        """Wait until an expression is true; Playwright's own way of waiting needs a page that lets text become code."""
        wait_for(lambda: self.page.evaluate(condition), deadline_s, condition)

    def overflow(self) -> int:
        """How many pixels have to be scrolled sideways for."""
        return int(self.page.evaluate(OVERFLOW))


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium; skip where there is none, unless this is CI, where a skipped test would be a test not run."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine, and CI must not skip: apt-get install chromium")
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def open_address(browser: Browser) -> Iterator[Open]:
    """Open an address in a window of its own, with Playwright's options for it."""
    contexts = []

    def opened(address: str, **options: Any) -> Opened:
        context = browser.new_context(**options)
        contexts.append(context)
        found = Opened(context.new_page())
        page = found.page
        page.on("console", lambda m: found.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on(
            "request",
            lambda r: None if r.url.startswith(("data:", "blob:")) else found.requested.append(r.url),
        )
        page.goto(address)
        return found

    yield opened
    for context in contexts:
        context.close()
