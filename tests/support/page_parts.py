"""Parts of a rendered page: the text that a reader sees, and its charts."""

import html
import json
import re
from html.parser import HTMLParser
from typing import Any


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


class _Open(HTMLParser):
    """Keeps the text that is seen before anything is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        """Elements that hide text and are not closed yet: scripts, styles, and closed details."""
        self.kept: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "title") or (tag == "details" and "open" not in dict(attrs)):
            self.inside.append(tag)
        if tag == "summary" and self.inside == ["details"]:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if self.inside in ([], ["details", "summary"]):
            self.kept.append(data)


def open_text(page: str) -> str:
    """Take what a reader sees who opens nothing, its blanks made single."""
    parser = _Open()
    parser.feed(page)
    return re.sub(r"\s+", " ", " ".join(parser.kept))
