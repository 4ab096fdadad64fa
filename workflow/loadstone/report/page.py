"""Put the page together: charts as specifications, tables as values, one template a section, one file."""

import hashlib
from base64 import b64encode
from functools import cache

import altair as alt
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from loadstone.report import careful, figures, numbers, runs, soundness
from loadstone.report.data import Campaign
from loadstone.report.embedding import code_in_script, embedded, json_in_script
from loadstone.report.provenance import provenance
from loadstone.report.sections import sections

VEGA_LITE_VERSION = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
FILTERS = (
    *(numbers.figure, numbers.signed, numbers.percent, numbers.limit, numbers.utilisation, numbers.ratio),
    *(numbers.interval, numbers.count, numbers.clock, numbers.plain, numbers.listed, numbers.several),
    numbers.decimal,
)


def render(campaign: Campaign) -> str:
    """Write the campaign as one HTML page that needs no network."""
    doubts = soundness.doubts(campaign)
    specifications, datasets = embedded(figures.all_charts(campaign, doubts))
    environment = _environment()
    bundle, script = code_in_script(_vega_bundle()), code_in_script(environment.get_template("page.js").render())
    return environment.get_template("page.html").render(
        totals=runs.totals(campaign),
        warnings=careful.warnings(campaign, doubts),
        charts=set(specifications),
        albums=[name for name in specifications if name.startswith("albums-")],
        seed=campaign.plan.suite.seed,
        limits=campaign.plan.suite.thresholds,
        provenance=provenance(campaign),
        specifications=json_in_script(specifications),
        datasets=json_in_script(datasets),
        bundle=bundle,
        script=script,
        policy=_policy(bundle, script),
        **sections(campaign, doubts),
    )


def _policy(*scripts: str) -> str:
    """Allow the page's own scripts, by their digests, its styles and its charts' pictures, and nothing else."""
    digests = (b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: blob:; style-src 'unsafe-inline'; "
        f"script-src {allowed}"
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("loadstone.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {written.__name__: written for written in FILTERS}
    return environment


@cache
def _vega_bundle() -> str:
    """Vega, Vega-Lite and vegaEmbed as one script without imports; it defines `window.vegaEmbed`."""
    bundle: str = vl_convert.javascript_bundle(vl_version=VEGA_LITE_VERSION)  # type: ignore[call-arg]  # wrong stub
    return bundle
