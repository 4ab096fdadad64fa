"""Put the page together: charts as specifications, tables as values, one template, one file."""

import json
import re
from collections.abc import Iterable
from typing import Any

import altair as alt
import orjson
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from loadstone.analyse.requests import ALL
from loadstone.record import RunRecord
from loadstone.report import charts, numbers, tables
from loadstone.report.data import Campaign

VEGA_LITE_VERSION = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
DIGITS = 5
"""Significant digits of embedded data: more than a chart can show, less than a float's seventeen."""


def render(campaign: Campaign) -> str:
    """Write the campaign as one HTML page that needs no network."""
    environment = Environment(
        loader=PackageLoader("loadstone.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "figure": numbers.figure, "ratio": numbers.ratio, "interval": numbers.interval, "clock": numbers.clock
    }  # fmt: skip
    with alt.data_transformers.disable_max_rows():
        specifications = {name: _specification(chart) for name, chart in _charts(campaign).items()}
    return environment.get_template("page.html").render(
        campaign=campaign,
        published=tables.published_rows(campaign),
        sweeps=campaign.scaling,
        bounds={name: tables.bounds_of_levels(campaign, name) for name in campaign.scaling},
        albums_endpoints=[name for name in specifications if name.startswith("albums-")],
        totals=_totals(campaign),
        odd_runs=[record for record in campaign.records if not all(check.ok for check in record.checks)],
        runs=_runs(campaign),
        first=min(campaign.records, key=lambda record: record.phases.server_started),
        growth=tables.growth(campaign),
        verdicts=tables.verdict_rows(campaign),
        signals=tables.SIGNALS,
        missing=sorted({name for run in campaign.verdicts["runs"] for name in run["missing"]}),
        commits=_distinct(record.source.commit or "no git" for record in campaign.records),
        locks=_distinct(record.source.lock_sha256 or "none" for record in campaign.records),
        versions=_distinct(_versions(record) for record in campaign.records),
        machines=_distinct(_machine(record) for record in campaign.records),
        suite=json.dumps(campaign.plan.suite.model_dump(mode="json"), indent=1, ensure_ascii=False),
        specifications=_json_in_script(specifications),
        bundle=_code_in_script(_vega_bundle()),
    )


def _charts(campaign: Campaign) -> dict[str, charts.Chart]:
    order = campaign.experiments
    first = tables.busiest(campaign)
    summary = campaign.summary
    together = summary[summary["endpoint"] == ALL][["experiment", "repeat", "goodput_rps"]]
    get_post = summary[summary["endpoint"].isin([tables.GET, tables.POST])]
    latency = campaign.latency[campaign.latency["endpoint"] != ALL]
    albums = tables.by_albums(campaign)
    found: dict[str, charts.Chart] = {
        "throughput": charts.throughput(together[together["goodput_rps"] > 0], order),
        "response-times": charts.response_times(tables.response_statistics(campaign), order),
        "latency": charts.latency_distribution(latency, order, first),
        "get-post": charts.get_against_post(get_post[["experiment", "repeat", "endpoint", "mean_ms"]].dropna(), order),
        "course": charts.course(*tables.course(campaign), order, first),
        "cpu": charts.cpu(tables.cpu_by_process(campaign), order),
    }
    for number, endpoint in enumerate(tables.ENDPOINTS):
        mine = albums[albums["endpoint"] == endpoint].drop(columns="endpoint")
        if not mine.empty:
            found[f"albums-{number}"] = charts.response_by_albums(mine, endpoint)
    for name, sweep in campaign.scaling.items():
        points = tables.scaling_points(sweep)
        if sweep["parameters"]:
            curve = tables.scaling_curve(sweep["parameters"], points["level"].tolist())
            found[f"sweep-{name}"] = charts.speedup(points, curve, sweep["vary"])
        else:
            found[f"sweep-{name}"] = charts.sweep_points(points, sweep["vary"])
    return found


def _specification(chart: charts.Chart) -> dict[str, Any]:
    specification: dict[str, Any] = _rounded(chart.to_dict())
    return specification


def _rounded(value: Any) -> Any:
    """Cut floats to `DIGITS` significant digits, wherever they stand."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return value


def _json_in_script(value: object) -> Markup:
    """Serialise for a script element: with no `<`, nothing in it can end the element or begin a comment."""
    return Markup(orjson.dumps(value).decode().replace("<", "\\u003c"))  # noqa: S704 - escaped for this place


def _code_in_script(code: str) -> Markup:
    """Make code safe for a script element: only there, inside its strings, can it name the closing tag."""
    return Markup(re.sub("</(script)", r"<\\/\1", code, flags=re.IGNORECASE))  # noqa: S704 - escaped for this place


def _vega_bundle() -> str:
    """Vega, Vega-Lite and vegaEmbed as one script without imports; it defines `window.vegaEmbed`."""
    bundle: str = vl_convert.javascript_bundle(vl_version=VEGA_LITE_VERSION)  # type: ignore[call-arg]  # wrong stub
    return bundle


def _distinct(texts: Iterable[str]) -> list[str]:
    return sorted(set(texts))


def _versions(record: RunRecord) -> str:
    return ", ".join(f"{name} {version}" for name, version in record.source.versions.items())


def _machine(record: RunRecord) -> str:
    machine = record.machine
    quota = f", limited to {numbers.figure(machine.cpu_quota)}" if machine.cpu_quota else ""
    memory = numbers.figure(machine.memory_bytes / 2**30)
    return f"{machine.cpu_model}, {machine.cores} CPUs{quota}, {memory} GiB, {machine.system}"


def _totals(campaign: Campaign) -> dict[str, float]:
    together = campaign.summary[campaign.summary["endpoint"] == ALL]
    return {
        "requests": float(together["requests"].sum()),
        "failures": float(together["failures"].sum()),
        "recorded": float(sum(record.counts.recorded for record in campaign.records)),
        "seconds": sum(r.phases.server_stopped - r.phases.server_started for r in campaign.records),
    }


def _runs(campaign: Campaign) -> list[dict[str, Any]]:
    """List the runs in the order in which they were measured."""
    table = campaign.summary[campaign.summary["endpoint"] == ALL].set_index(["experiment", "repeat"])
    rows = []
    for record in sorted(campaign.records, key=lambda record: record.phases.server_started):
        figures = table.loc[(record.run.experiment, record.run.repeat)]
        rows.append({"record": record, "figures": figures})
    return rows
