"""Put the page together: charts as specifications, tables as values, one template a section, one file."""

import re
from functools import cache
from typing import Any

import altair as alt
import orjson
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from loadstone.report import (
    agreement,
    baselines,
    careful,
    figures,
    forecasts,
    numbers,
    published,
    runs,
    soundness,
    sweeps,
    tables,
    verdicts,
)
from loadstone.report.charts import Chart
from loadstone.report.data import Campaign
from loadstone.report.provenance import provenance

VEGA_LITE_VERSION = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
DIGITS = 5
"""Significant digits of embedded data: more than a chart can show, less than a float's seventeen."""


def render(campaign: Campaign) -> str:
    """Write the campaign as one HTML page that needs no network."""
    doubts = soundness.doubts(campaign)
    with alt.data_transformers.disable_max_rows():
        drawn = figures.all_charts(campaign, doubts)
        specifications = {name: _specification(chart) for name, chart in drawn.items()}
    return (
        _environment()
        .get_template("page.html")
        .render(
            totals=runs.totals(campaign),
            warnings=careful.warnings(campaign, doubts),
            charts=set(specifications),
            albums=[name for name in specifications if name.startswith("albums-")],
            growth=tables.growth(campaign),
            seed=campaign.plan.suite.seed,
            limits=campaign.plan.suite.thresholds,
            provenance=provenance(campaign),
            specifications=_json_in_script(specifications),
            bundle=_code_in_script(_vega_bundle()),
            **_sections(campaign, doubts),
        )
    )


def _sections(campaign: Campaign, doubts: figures.Doubts) -> dict[str, Any]:
    """Lay out what the sections show, one entry or more each."""
    judged = verdicts.verdict_rows(campaign, doubts)
    compared = published.published_rows(campaign, doubts)
    audited = published.audit_table(campaign)
    agreeing = agreement.agreements(campaign)
    limits = baselines.ceilings(campaign)
    listed = runs.run_rows(campaign, doubts)
    swept = sweeps.sweep_views(campaign, doubts)
    return {
        "verdicts": judged,
        "verdict_lead": verdicts.lead(judged, probes=len(judged) > len(campaign.plan.suite.experiments)),
        "signals": verdicts.columns(judged),
        "missing": verdicts.missing_sentence(campaign),
        "to_settle": verdicts.to_settle(campaign, judged),
        "published": compared,
        "findings": audited.findings if audited else [],
        "no_audit": published.doubtful_sentence(campaign.published),
        "capacity": published.capacity_sentence(compared),
        "unloaded": baselines.unloaded(campaign),
        "ceilings": limits,
        "clients": baselines.client_sentences(limits),
        "sweeps": swept,
        "forecasts": {view.name: _forecast(view.forecast) for view in swept if view.forecast},
        "repeats": agreeing,
        "repeats_say": [
            sentence
            for sentence in (
                agreement.once_sentence(agreeing),
                agreement.agreement_sentence(agreeing),
                agreement.precision_sentence(agreeing),
                agreement.width_sentence(campaign),
                agreement.drift_sentence(campaign),
            )
            if sentence
        ],
        "runs": listed,
        "warm_up": runs.longer_warm_up_sentence(listed),
    }


def _forecast(forecast: dict[str, Any]) -> dict[str, Any]:
    return {
        "rows": forecasts.forecast_rows(forecast),
        "sentences": [forecasts.forecast_sentence(forecast), forecasts.agreement_sentence(forecast)],
    }


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("loadstone.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (
        *(numbers.figure, numbers.signed, numbers.percent, numbers.limit, numbers.utilisation, numbers.ratio),
        *(
            numbers.interval,
            numbers.count,
            numbers.clock,
            numbers.plain,
            numbers.listed,
            numbers.several,
            numbers.decimal,
        ),
    )
    environment.filters |= {written.__name__: written for written in filters}
    return environment


def _specification(chart: Chart) -> dict[str, Any]:
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


@cache
def _vega_bundle() -> str:
    """Vega, Vega-Lite and vegaEmbed as one script without imports; it defines `window.vegaEmbed`."""
    bundle: str = vl_convert.javascript_bundle(vl_version=VEGA_LITE_VERSION)  # type: ignore[call-arg]  # wrong stub
    return bundle
