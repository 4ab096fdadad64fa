"""Pictures of a page, wide and narrow, light and dark: `python -m tests.browser.screenshots PAGE INTO`.

`--top` takes what is seen without scrolling instead of the whole page.
"""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM

WIDTHS = {"wide": (1440, 1100), "narrow": (360, 780)}
DRAWN = "html[data-charts=drawn]"


def take(page_file: Path, into: Path, *, top: bool) -> None:
    """Take all pictures."""
    into.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            for name, (width, height) in WIDTHS.items():
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.goto(page_file.absolute().as_uri())
                page.wait_for_selector(DRAWN, timeout=120_000)
                picture = into / f"{page_file.stem}-{scheme}-{name}.png"
                page.screenshot(path=picture, full_page=not top)
                print(picture)
                page.close()
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("into", type=Path)
    parser.add_argument("--top", action="store_true")
    given = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("no Chromium on this machine: apt-get install chromium")
    if not given.page.is_file():
        sys.exit(f"{given.page}: no such page: run `make report` first")
    take(given.page, given.into, top=given.top)
