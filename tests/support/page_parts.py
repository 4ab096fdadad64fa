"""Parts of a rendered page: the text that a reader sees, and its charts."""

import html
import json
import re
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
