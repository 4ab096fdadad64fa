"""Charts as SVG and PNG files and tables as CSV, for papers and slides."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from loadstone.report import soundness
from loadstone.report.data import Campaign
from loadstone.report.figures import all_charts
from loadstone.report.page import VEGA_LITE_VERSION

WIDTH = 640
"""Pixels of a chart that takes its width from the page."""
PNG_SCALE = 2.0


def export(campaign: Campaign, into: Path) -> Iterator[Path]:
    """Write all files, one after the other; yield each once it is there."""
    into.mkdir(parents=True, exist_ok=True)
    with alt.data_transformers.disable_max_rows():
        for name, chart in all_charts(campaign, soundness.doubts(campaign)).items():
            specification = _sized(chart.to_dict())
            path = into / f"{re.sub(r'[^A-Za-z0-9._=@-]', '_', name)}.svg"
            path.write_text(vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE_VERSION), encoding="utf-8")
            yield path
            image = vl_convert.vegalite_to_png(specification, vl_version=VEGA_LITE_VERSION, scale=PNG_SCALE)
            path.with_suffix(".png").write_bytes(image)
            yield path.with_suffix(".png")
    for name in ("summary", "latency", "course", "processes"):
        path = into / f"{name}.csv"
        getattr(campaign, name).to_csv(path, index=False)
        yield path


def _sized(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Give a width to what takes it from the page."""
    width = WIDTH if specification.get("width") == "container" else specification.get("width", WIDTH)
    return {**specification, "width": width, "background": "white"}
