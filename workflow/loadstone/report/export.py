"""Charts as SVG and PNG files and tables as CSV, for papers and slides."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from loadstone.report.campaign import Campaign
from loadstone.report.page import VEGA_LITE_VERSION, all_charts, build_sections

WIDTH = 640
"""Width in pixels of a chart that takes its width from the page."""
PNG_SCALE = 2.0


def export(campaign: Campaign, into: Path) -> Iterator[Path]:
    """Write all files, one after the other; yield each once it is complete.

    A chart of single experiments is written once for each experiment, as `<chart>-of-<experiment>`.
    """
    into.mkdir(parents=True, exist_ok=True)
    with alt.data_transformers.disable_max_rows():
        for name, chart in all_charts(build_sections(campaign)).items():
            specification = _sized(chart.to_dict())
            if not name.startswith("experiment-"):
                yield from _pictures(specification, into / _file_name(name))
                continue
            for experiment in campaign.experiments:
                own = _of(specification, *campaign.standing_run(experiment))
                if any(own["datasets"].values()):
                    yield from _pictures(own, into / _file_name(f"{name}-of-{experiment}"))
    for name in ("summary", "latency", "course", "heat", "timeline", "processes"):
        path = into / f"{name}.csv"
        getattr(campaign, name).to_csv(path, index=False)
        yield path


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._=@-]", "_", name)


def _pictures(specification: dict[str, Any], path: Path) -> Iterator[Path]:
    """Write `path`.svg and `path`.png."""
    svg, png = path.with_name(f"{path.name}.svg"), path.with_name(f"{path.name}.png")
    svg.write_text(vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE_VERSION), encoding="utf-8")
    yield svg
    png.write_bytes(vl_convert.vegalite_to_png(specification, vl_version=VEGA_LITE_VERSION, scale=PNG_SCALE))
    yield png


def _of(specification: Mapping[str, Any], experiment: str, repeat: int) -> dict[str, Any]:
    """Limit a chart to one experiment, as the page does, and to the run that stands for it where it shows runs."""
    datasets = {
        name: [row for row in rows if row["experiment"] == experiment and row.get("repeat", repeat) == repeat]
        for name, rows in specification["datasets"].items()
    }
    endpoints = list(dict.fromkeys(row["endpoint"] for rows in datasets.values() for row in rows if "endpoint" in row))
    values = {"of": experiment, "endpoints": endpoints}
    parameters = [each | {"value": values[each["name"]]} for each in specification["params"]]
    return {**specification, "datasets": datasets, "params": parameters, "title": experiment}


def _sized(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Give a fixed width to a chart that takes its width from the page."""
    width = WIDTH if specification.get("width") == "container" else specification.get("width", WIDTH)
    return {**specification, "width": width, "background": "white"}
