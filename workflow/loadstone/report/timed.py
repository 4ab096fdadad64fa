"""Open and paced loads: response times from the intended start beside those from sending, and requests sent late."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from loadstone.report import ladders, numbers
from loadstone.report.data import Campaign
from loadstone.report.searches import Searched
from loadstone.results.tables import LATE_MS, MAX_LATE_SHARE, PERCENTILES
from loadstone.suite.hypotheses import ALL
from loadstone.suite.settings import Load

RESPONSE, SERVICE = "response, from the intended start", "service, from sending"
"""What is timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One open or paced experiment, or one probe of a search."""

    name: str
    load: str
    runs: str
    wanted_rps: float
    achieved_rps: float | None
    late: float
    requests: float
    response: list[float | None]
    """Mean, and the percentiles of `PERCENTILES`, ms; of the median run."""
    service: list[float | None]
    which: str
    """Which run they are of, where there are several."""

    @property
    def late_share(self) -> float:
        """Share of requests that were sent late."""
        return self.late / self.requests if self.requests else 0.0


def timed(campaign: Campaign) -> list[Timed]:
    """List what has a schedule: experiments in the page's order, then the probes of the searches."""
    return [*_experiments(campaign), *_probes(campaign)]


def _scheduled(campaign: Campaign) -> list[str]:
    return [name for name in campaign.experiments if campaign.plan.experiments[name].load.scheduled]


def _experiments(campaign: Campaign) -> Iterator[Timed]:
    names, chosen = _scheduled(campaign), ladders.median_runs(campaign)
    together = campaign.summary[campaign.summary["endpoint"] == ALL]
    for name in names:
        load, runs, used = campaign.plan.experiments[name].load, campaign.runs_of(name), campaign.used_of(name)
        mine = together[(together["experiment"] == name) & together["repeat"].isin([repeat for _, repeat in used])]
        median = mine[mine["repeat"] == chosen[name][1]] if name in chosen else mine.iloc[:0]
        several = name in chosen and len(used) > 1
        yield Timed(
            name=name,
            load=described(load),
            runs=numbers.runs(len(used), len(runs)),
            wanted_rps=_wanted(load),
            achieved_rps=float(mine["throughput_rps"].mean()) if len(mine) else None,
            late=float(mine["late"].sum()),
            requests=float(mine["requests"].sum()),
            response=_row(median, "mean_ms", list(PERCENTILES)),
            service=[*_row(median, "service_ms", []), *_of_ladder(campaign, chosen.get(name), "service_ms")],
            which=f"percentiles of repeat {chosen[name][1]}, the median one" if several else "",
        )


def _row(rows: pd.DataFrame, mean: str, columns: Sequence[str]) -> list[float | None]:
    if rows.empty:
        return [None] * (1 + len(columns))
    return [None if pd.isna(value) else float(value) for value in rows.iloc[0][[mean, *columns]]]


def _of_ladder(campaign: Campaign, run: tuple[str, int] | None, column: str) -> list[float | None]:
    if run is None:
        return [None] * len(PERCENTILES)
    table = campaign.latency
    mine = table[(table["experiment"] == run[0]) & (table["repeat"] == run[1]) & (table["endpoint"] == ALL)]
    return list(ladders.percentiles(mine, column, PERCENTILES))


def _probes(campaign: Campaign) -> Iterator[Timed]:
    for name, searched in campaign.searches.items():
        for number, probe in enumerate(searched.found.probes, start=1):
            tables = searched.tables.get(probe.folder)
            row = _probe_row(tables.endpoints) if tables else None
            ladder = None if tables is None else tables.latency[tables.latency["endpoint"] == ALL]
            unknown: list[float | None] = [None] * len(PERCENTILES)
            yield Timed(
                name=_probe_name(name, number),
                load=described(searched.search.settings.load, probe.rate),
                runs="one run",
                wanted_rps=probe.rate,
                achieved_rps=probe.throughput_rps,
                late=float(row["late"]) if row is not None else 0.0,
                requests=float(row["requests"]) if row is not None else 0.0,
                response=[
                    None if row is None else float(row["mean_ms"]),
                    *(unknown if ladder is None else ladders.percentiles(ladder, "response_ms", PERCENTILES)),
                ],
                service=[
                    probe.service_ms,
                    *(unknown if ladder is None else ladders.percentiles(ladder, "service_ms", PERCENTILES)),
                ],
                which="",
            )


def _probe_row(endpoints: pd.DataFrame) -> "pd.Series[float] | None":
    rows = endpoints[endpoints["endpoint"] == ALL]
    return None if rows.empty else rows.iloc[0]


def _probe_name(search: str, number: int) -> str:
    return f"{search}, probe {number}"


def _wanted(load: Load) -> float:
    if load.arrivals is not None:
        return load.arrivals.rate
    return load.users / (load.pacing or 1.0)


def described(load: Load, rate: float | None = None) -> str:
    """Say how requests are scheduled: open, 100 requests/s (poisson); 50 users, one request each every 2 s."""
    if load.arrivals is not None:
        return f"open, {numbers.figure(rate or load.arrivals.rate)}/s ({load.arrivals.kind})"
    return f"paced: {numbers.several(load.users, 'user')}, each every {numbers.figure(load.pacing)} s"


def distributions(campaign: Campaign) -> pd.DataFrame:
    """Lay out both distributions of all that has a schedule, as tails: load, timed, probability, tail, ms."""
    ladder = ladders.of_median_runs(campaign)
    mine = ladder[(ladder["endpoint"] == ALL) & ladder["experiment"].isin(_scheduled(campaign))]
    parts = [mine.rename(columns={"experiment": "load"})]
    for name, searched in campaign.searches.items():
        for number, probe in enumerate(searched.found.probes, start=1):
            if probe.folder in searched.tables:
                parts.append(_of_probe(searched, probe.folder, _probe_name(name, number)))
    table = ladders.tails(pd.concat(parts))
    both = table.rename(columns={"response_ms": RESPONSE, "service_ms": SERVICE})
    long = both.melt(["load", "probability", "tail"], [RESPONSE, SERVICE], "timed", "ms")
    return long[long["ms"] > 0]


def _of_probe(searched: Searched, folder: str, name: str) -> pd.DataFrame:
    tables = searched.tables[folder]
    mine = tables.latency[tables.latency["endpoint"] == ALL]
    row = _probe_row(tables.endpoints)
    return mine.assign(load=name, successes=0.0 if row is None else row["requests"] - row["failures"])


def late_sentences(rows: Sequence[Timed]) -> list[str]:
    """Name what was sent late so often that its schedule wasn't kept, or say that all were."""
    late = [row for row in rows if row.late_share > MAX_LATE_SHARE]
    if not rows:
        return []
    some = sum(row.late > 0 for row in rows)
    begin = f"A start is missed where the request was sent more than {numbers.figure(LATE_MS)} ms later than intended."
    if not late:
        kept = "in none" if not some else f"in {some} of {len(rows)}, but nowhere"
        return [f"{begin} That happened {kept} to more than {numbers.limit(MAX_LATE_SHARE)} of the requests."]
    named = [
        f"{row.name} ({numbers.count(row.late)} of {numbers.count(row.requests)}, {numbers.percent(row.late_share)})"
        for row in late
    ]
    return [
        begin,
        f"More than {numbers.limit(MAX_LATE_SHARE)} were missed in {numbers.listed(named, 6)}: the schedule "
        "was not kept there, for want of users or of CPU.",
    ]
