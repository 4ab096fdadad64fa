"""Capacity searches: the bracket of each, and the steps that led to it."""

from dataclasses import dataclass

import pandas as pd

from loadstone import text
from loadstone.report.campaign import Campaign, CompletedSearch
from loadstone.report.charts.distributions import MET, MISSED, capacity_chart
from loadstone.report.charts.shared import Chart
from loadstone.report.doubts import Doubts
from loadstone.report.section import Section, drawn
from loadstone.results.search import Probe, SearchResult
from loadstone.suite.capacity import parse_objective


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRow:
    """One rate that was tried."""

    number: int
    """Place in the order in which rates were tried."""
    probe: Probe

    @property
    def outcome(self) -> str:
        """Whether the objective was met."""
        return MET if self.probe.met else MISSED

    @property
    def verdict(self) -> str:
        """What limited throughput at this rate, where that is known."""
        return self.probe.verdict or "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchView:
    """One search."""

    name: str
    slo: str
    metric: str
    sentence: str
    bracket: str
    outcome: str
    """The result, as the end of a sentence that begins with the search's name."""
    width: str
    judged: bool
    """Whether the steps have verdicts: those of earlier versions have none."""
    probes: list[ProbeRow]


def search_views(campaign: Campaign) -> list[SearchView]:
    """List all searches."""
    return [_view(name, searched) for name, searched in campaign.searches.items()]


def _view(name: str, searched: CompletedSearch) -> SearchView:
    result = searched.result
    rows = [ProbeRow(number=number, probe=probe) for number, probe in enumerate(result.probes, start=1)]
    width = result.missed_at / result.met_at - 1 if result.met_at and result.missed_at else None
    return SearchView(
        name=name,
        slo=result.slo,
        metric=parse_objective(result.slo).metric,
        sentence=f"{result.sentence}.",
        bracket=_bracket(result.met_at, result.missed_at),
        outcome=_outcome(result),
        width=f"{text.percent(width)} wide; {text.limit(searched.search.within)} wanted" if width else "",
        judged=any(probe.verdict for probe in result.probes),
        probes=sorted(rows, key=lambda row: row.probe.rate),
    )


def _bracket(met: float | None, missed: float | None) -> str:
    if met is None:
        return f"below {text.figure(missed)} requests/s"
    if missed is None:
        return f"{text.figure(met)} requests/s or more"
    return f"{text.figure(met)} to {text.figure(missed)} requests/s"


def _outcome(result: SearchResult) -> str:
    met, missed = text.figure(result.met_at), text.figure(result.missed_at)
    if result.met_at is None:
        return f"misses {result.slo} even at the lowest rate, {missed} requests/s"
    if result.missed_at is None:
        return f"meets {result.slo} up to the highest rate tried, {met} requests/s"
    return f"meets {result.slo} at {met} requests/s but not at {missed}"


def probe_points(searched: CompletedSearch) -> pd.DataFrame:
    """Lay out the steps of a search: probe, rate, value_ms, outcome, why; steps without a value are left out."""
    rows = [
        (number, probe.rate, probe.value_ms, MET if probe.met else MISSED, probe.why or "")
        for number, probe in enumerate(searched.result.probes, start=1)
        if probe.value_ms is not None
    ]
    return pd.DataFrame(rows, columns=["probe", "rate", "value_ms", "outcome", "why"])


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityView:
    """What the section shows."""

    searches: list[SearchView]


def section(campaign: Campaign, _: Doubts) -> Section | None:
    """Capacity searches: the highest arrival rate at which an objective holds."""
    views = search_views(campaign)
    if not views:
        return None
    charts: dict[str, Chart | None] = {}
    for name, searched in campaign.searches.items():
        objective = parse_objective(searched.result.slo)
        charts[f"capacity-{name}"] = capacity_chart(probe_points(searched), objective.metric, objective.limit_ms)
    view = CapacityView(searches=views)
    return Section(anchor="capacity", title="Capacity", navigation="Capacity", view=view, charts=drawn(charts))
