"""Open and paced loads: response times from the intended start and from sending, and requests sent late."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from loadstone import text
from loadstone.report import percentiles
from loadstone.report.campaign import Campaign
from loadstone.report.charts.distributions import RESPONSE, SERVICE, tails_of_scheduled
from loadstone.report.doubts import Doubts
from loadstone.report.searches import CompletedSearch, ProbeTables
from loadstone.report.section import Section, drawn
from loadstone.results.tables import LATE_MS, MAX_LATE_SHARE, PERCENTILES
from loadstone.suite.hypotheses import ALL
from loadstone.suite.load_settings import Load


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledRow:
    """One open or paced experiment, or one step of a capacity search."""

    name: str
    load: str
    runs: str
    wanted_rps: float
    achieved_rps: float | None
    late: float
    scheduled: float
    """Requests that had an intended start."""
    response: list[float | None]
    """Mean, and the percentiles of `PERCENTILES`, ms; of the median run."""
    service: list[float | None]
    which: str
    """Which run the percentiles come from, where there are several."""

    @property
    def late_share(self) -> float:
        """Share of the requests with an intended start that were sent late."""
        return self.late / self.scheduled if self.scheduled else 0.0


def scheduled_rows(campaign: Campaign) -> list[ScheduledRow]:
    """List all loads with a schedule: experiments in the page's order, then the steps of the searches."""
    return [*_experiments(campaign), *_probes(campaign)]


def _scheduled(campaign: Campaign) -> list[str]:
    return [name for name in campaign.experiments if campaign.plan.experiments[name].load.scheduled]


def _experiments(campaign: Campaign) -> Iterator[ScheduledRow]:
    names, chosen = _scheduled(campaign), campaign.median_runs
    together = campaign.together
    for name in names:
        load, runs, used = campaign.plan.experiments[name].load, campaign.runs_of(name), campaign.used_of(name)
        mine = together[(together["experiment"] == name) & together["repeat"].isin([repeat for _, repeat in used])]
        median = mine[mine["repeat"] == chosen[name][1]] if name in chosen else mine.iloc[:0]
        several = name in chosen and len(used) > 1
        yield ScheduledRow(
            name=name,
            load=described(load),
            runs=text.runs(len(used), len(runs)),
            wanted_rps=_wanted(load),
            achieved_rps=float(mine["throughput_rps"].mean()) if len(mine) else None,
            late=float(mine["late"].sum()),
            scheduled=sum(_with_start(campaign, key) for key in used),
            response=_row(median, "mean_ms", list(PERCENTILES)),
            service=[*_row(median, "service_ms", []), *_of_ladder(campaign, chosen.get(name), "service_ms")],
            which=f"percentiles of repeat {chosen[name][1]}, the median run" if several else "",
        )


def _with_start(campaign: Campaign, run: tuple[str, int]) -> float:
    signals = campaign.signals[run]
    return (signals.requests or 0.0) if signals.scheduled is None else signals.scheduled


def _row(rows: pd.DataFrame, mean: str, columns: Sequence[str]) -> list[float | None]:
    if rows.empty:
        return [None] * (1 + len(columns))
    return [None if pd.isna(value) else float(value) for value in rows.iloc[0][[mean, *columns]]]


def _of_ladder(campaign: Campaign, run: tuple[str, int] | None, column: str) -> list[float | None]:
    if run is None:
        return [None] * len(PERCENTILES)
    table = campaign.latency
    mine = table[(table["experiment"] == run[0]) & (table["repeat"] == run[1]) & (table["endpoint"] == ALL)]
    together = campaign.together
    rows = together[(together["experiment"] == run[0]) & (together["repeat"] == run[1])]
    return list(percentiles.percentiles(mine, column, PERCENTILES, _successes(rows)))


def _probes(campaign: Campaign) -> Iterator[ScheduledRow]:
    for name, searched in campaign.searches.items():
        for number, probe in enumerate(searched.result.probes, start=1):
            tables = searched.tables.get(probe.folder)
            row = _probe_row(tables.endpoints) if tables else None
            yield ScheduledRow(
                name=_probe_name(name, number),
                load=described(searched.search.settings.load, probe.rate),
                runs="one run",
                wanted_rps=probe.rate,
                achieved_rps=probe.throughput_rps,
                late=float(row["late"]) if row is not None else 0.0,
                scheduled=0.0
                if row is None
                else float(row["requests"] if probe.scheduled is None else probe.scheduled),
                response=[
                    None if row is None else float(row["mean_ms"]),
                    *_of_step(tables, "response_ms"),
                ],
                service=[
                    probe.service_ms,
                    *_of_step(tables, "service_ms"),
                ],
                which="",
            )


def _of_step(tables: ProbeTables | None, column: str) -> list[float | None]:
    if tables is None:
        return [None] * len(PERCENTILES)
    ladder = tables.latency[tables.latency["endpoint"] == ALL]
    rows = tables.endpoints[tables.endpoints["endpoint"] == ALL]
    return list(percentiles.percentiles(ladder, column, PERCENTILES, _successes(rows)))


def _successes(rows: pd.DataFrame) -> float:
    return float((rows["requests"] - rows["failures"]).sum())


def _probe_row(endpoints: pd.DataFrame) -> "pd.Series[float] | None":
    rows = endpoints[endpoints["endpoint"] == ALL]
    return None if rows.empty else rows.iloc[0]


def _probe_name(search: str, number: int) -> str:
    return f"{search}, step {number}"


def _wanted(load: Load) -> float:
    if load.arrivals is not None:
        return load.arrivals.rate
    return load.users / (load.pacing or 1.0)


def described(load: Load, rate: float | None = None) -> str:
    """Describe a schedule: open, 100/s (poisson); paced: 50 users, one request every 2 s each."""
    if load.arrivals is not None:
        return f"open, {text.figure(rate or load.arrivals.rate)}/s ({load.arrivals.kind})"
    return f"paced: {text.several(load.users, 'user')}, one request every {text.figure(load.pacing)} s each"


def distributions(campaign: Campaign) -> pd.DataFrame:
    """Lay out both distributions of all scheduled loads, as tails: load, timed, probability, tail, ms."""
    ladder = percentiles.of_median_runs(campaign)
    mine = ladder[(ladder["endpoint"] == ALL) & ladder["experiment"].isin(_scheduled(campaign))]
    parts = [mine.rename(columns={"experiment": "load"})]
    for name, searched in campaign.searches.items():
        for number, probe in enumerate(searched.result.probes, start=1):
            if probe.folder in searched.tables:
                parts.append(_of_probe(searched, probe.folder, _probe_name(name, number)))
    table = percentiles.tails(pd.concat(parts))
    both = table.rename(columns={"response_ms": RESPONSE, "service_ms": SERVICE})
    long = both.melt(["load", "probability", "tail"], [RESPONSE, SERVICE], "timed", "ms")
    return long[long["ms"] > 0]


def _of_probe(searched: CompletedSearch, folder: str, name: str) -> pd.DataFrame:
    tables = searched.tables[folder]
    mine = tables.latency[tables.latency["endpoint"] == ALL]
    row = _probe_row(tables.endpoints)
    return mine.assign(load=name, successes=0.0 if row is None else row["requests"] - row["failures"])


def late_sentences(rows: Sequence[ScheduledRow]) -> list[str]:
    """Name the loads whose schedule was not kept, or state that all were kept."""
    late = [row for row in rows if row.late_share > MAX_LATE_SHARE]
    if not rows:
        return []
    some = sum(row.late > 0 for row in rows)
    begin = f"A request is late if it was sent more than {text.figure(LATE_MS)} ms after its intended start."
    if not late:
        if not some:
            return [f"{begin} None was."]
        return [f"{begin} Some were, in {some} of {len(rows)} loads, but never more than {text.limit(MAX_LATE_SHARE)}."]
    named = [
        f"{row.name} ({text.count(row.late)} of {text.count(row.scheduled)}, {text.percent(row.late_share)})"
        for row in late
    ]
    return [
        begin,
        f"More than {text.limit(MAX_LATE_SHARE)} were late in {text.named(named, 6)}: there the load generator had too "
        "few users or too little CPU to keep the schedule.",
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLoadsView:
    """What the section shows."""

    rows: list[ScheduledRow]
    sentences: list[str]


def section(campaign: Campaign, _: Doubts) -> Section | None:
    """Open and paced loads: response times from the intended start next to those from sending."""
    rows = scheduled_rows(campaign)
    if not rows:
        return None
    view = OpenLoadsView(rows=rows, sentences=late_sentences(rows))
    charts = drawn({"open-loads": tails_of_scheduled(distributions(campaign))})
    return Section(anchor="open-loads", title="Open and paced loads", navigation="Open loads", view=view, charts=charts)
