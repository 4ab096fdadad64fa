"""Put the page together: a list of sections, each with its view, its template and its charts, in one file."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import altair as alt
import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from loadstone import text
from loadstone.analyse.experiment_rows import share_failed
from loadstone.plan.baselines import is_baseline
from loadstone.report.campaign import Campaign
from loadstone.report.charts.shared import Chart
from loadstone.report.doubts import Doubts, find_doubts
from loadstone.report.embed import code_in_script, embedded, json_in_script
from loadstone.report.inside import inside
from loadstone.report.section import Section
from loadstone.report.sections import (
    albums,
    answer,
    baselines,
    capacity,
    comparison,
    distributions,
    endpoints,
    experiments,
    hypotheses,
    looks,
    noise,
    open_loads,
    provenance,
    published,
    repeats,
    runs,
    sweeps,
    throughput,
    verdicts,
    warnings,
)
from loadstone.report.title import is_shared, title
from loadstone.report.verdict_kinds import kind
from loadstone.theory.intervals import MIN_FOR_INTERVAL

VEGA_LITE_VERSION = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
FILTERS = (
    *(text.figure, text.signed, text.percent, text.limit, text.utilisation, text.ratio),
    *(text.interval, text.count, text.clock, text.plain, text.named, text.several, text.decimal, text.shortened),
    kind,
    share_failed,
)

SCRIPTS = ("tables.js", "first.js", "page.js", "print.js")
"""The page's own scripts, in the order in which they run."""
EARLY = "document.documentElement.classList.add('js');"
"""Runs before the page is shown: what needs scripts is hidden without them."""

Build = Callable[[Campaign, Doubts], Section | None]
SECTIONS: tuple[Build, ...] = (
    answer.section,
    warnings.section,
    endpoints.section,
    published.section,
    hypotheses.section,
    sweeps.section,
    albums.section,
    capacity.section,
    open_loads.section,
    verdicts.section,
    experiments.section,
    throughput.section,
    comparison.section,
    distributions.section,
    provenance.section,
    noise.section,
    baselines.section,
    repeats.section,
    looks.section,
    runs.section,
)
"""The page, from the answer to the method."""


def render(campaign: Campaign) -> str:
    """Write the campaign as one HTML page that needs no network."""
    sections = build_sections(campaign)
    specifications, datasets = embedded(all_charts(sections))
    environment = _environment()
    own = "".join(environment.get_template(name).render() for name in SCRIPTS)
    bundle, script = code_in_script(_vega_bundle()), code_in_script(own)
    early = code_in_script(EARLY)
    return environment.get_template("page.html").render(
        sections=sections,
        head=title(campaign),
        inside={section.anchor: inside(campaign, section) for section in sections},
        totals=totals(campaign),
        charts=set(specifications),
        specifications=json_in_script(specifications),
        datasets=json_in_script(datasets),
        bundle=bundle,
        script=script,
        early=early,
        policy=_policy(early, bundle, script),
    )


def build_sections(campaign: Campaign) -> list[Section]:
    """Build the sections that the campaign has data for, in the page's order."""
    doubts = find_doubts(campaign)
    built = (section(campaign, doubts) for section in SECTIONS)
    return [section for section in built if section is not None]


def all_charts(sections: Sequence[Section]) -> dict[str, Chart]:
    """Gather the charts of all sections: name → chart."""
    return {name: chart for section in sections for name, chart in section.charts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The campaign in a few numbers."""

    runs: int
    experiments: int
    probes: int
    baselines: int
    requests: float
    """In the windows of the experiments."""
    failures: float
    recorded: float
    """Of all runs, inside and outside the window."""
    seconds: float
    """From the start of each server to its stop."""
    machines: list[str]
    shared: bool
    """Whether server and load generator certainly ran on one machine."""


def totals(campaign: Campaign) -> Totals:
    """Add the campaign up."""
    own = [record for record in campaign.records if not is_baseline(record.run.experiment)]
    return Totals(
        runs=len(own),
        experiments=len(campaign.plan.suite.experiments),
        probes=sum(not is_baseline(name) for name in campaign.plan.added),
        baselines=len(campaign.records) - len(own),
        requests=float(campaign.together["requests"].sum()),
        failures=float(campaign.together["failures"].sum()),
        recorded=float(sum(record.counts.recorded for record in campaign.records)),
        seconds=sum(r.phases.server_stopped - r.phases.server_started for r in campaign.records),
        machines=provenance.machines(campaign),
        shared=is_shared(campaign),
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
    environment.globals["min_for_interval"] = MIN_FOR_INTERVAL
    environment.filters |= {written.__name__: written for written in FILTERS}
    return environment


@cache
def _vega_bundle() -> str:
    """Vega, Vega-Lite and vegaEmbed as one script without imports; it defines `window.vegaEmbed`."""
    bundle: str = vl_convert.javascript_bundle(vl_version=VEGA_LITE_VERSION)  # type: ignore[call-arg]  # wrong stub
    return bundle
