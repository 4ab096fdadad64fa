"""One card an experiment: its verdict with the evidence, its percentiles, its windows, CPU by role, errors by kind."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from loadstone.plan.baselines import is_baseline
from loadstone.report import numbers
from loadstone.report.charts import colour_of
from loadstone.report.data import Campaign
from loadstone.report.estimates import Estimate, mean
from loadstone.report.foreign import Foreign, foreign
from loadstone.report.ladders import median_runs
from loadstone.report.runs import RunRow
from loadstone.report.verdicts import VerdictRow
from loadstone.results.run_record import RunRecord
from loadstone.results.tables import RunKey
from loadstone.suite.differences import common_settings, differences
from loadstone.suite.hypotheses import ALL

Row = Mapping[Any, Any]
SECONDS = ("duration", "warm_up")
"""Settings that are times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One figure that the verdict rests on."""

    signal: str
    value: str
    limit: str
    meaning: str
    full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """The window of one run, and what lies outside."""

    run: RunRow
    before_s: float
    after_s: float
    outside: float
    """Requests recorded outside of the window."""
    foreign: Foreign | None
    """What else was running on the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """CPUs that the processes of a role used, as the mean of runs."""

    name: str
    processes: float
    cpu: float
    busiest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All about one experiment."""

    anchor: str
    colour: str
    """The experiment's, as in every chart."""
    long: bool
    """Whether its runs are long enough for a heat map."""
    verdict: VerdictRow
    differs: str
    throughput: Estimate | None
    response: Estimate | None
    evidence: list[Evidence]
    endpoints: list[Row]
    """Rows of the summary: those of the median run."""
    which: str
    windows: list[Excluded]
    roles: list[Role]
    errors: list[tuple[str, str, float]]
    """Endpoint, kind, number."""


def anchors(campaign: Campaign) -> dict[str, str]:
    """Give each experiment's card a name that an address can hold."""
    return {name: f"experiment-{number}" for number, name in enumerate(campaign.experiments, start=1)}


def cards(campaign: Campaign, judged: Sequence[VerdictRow], listed: Sequence[RunRow]) -> list[Card]:
    """Make a card for each experiment, in the page's order."""
    place, ground, chosen = anchors(campaign), common_settings(campaign.plan.suite), median_runs(campaign)
    of_runs: dict[str, list[RunRow]] = {}
    for row in sorted(listed, key=lambda row: row.repeat):
        of_runs.setdefault(row.experiment, []).append(row)
    rows: dict[RunKey, list[Row]] = {}
    for each in campaign.summary.to_dict("records"):
        rows.setdefault((str(each["experiment"]), int(each["repeat"])), []).append(each)
    for of_run in rows.values():
        of_run.sort(key=lambda row: row["endpoint"] != ALL)
    roles = _roles(campaign)
    long = set(campaign.heat["experiment"])
    outside, others = {(r.run.experiment, r.run.repeat): r for r in campaign.records}, foreign(campaign)
    found = []
    for verdict in judged:
        name = verdict.experiment
        runs, used = campaign.runs_of(name), campaign.used_of(name)
        median = chosen.get(name, runs[0])
        together = [rows[key][0] for key in used]
        found.append(
            Card(
                anchor=place[name],
                colour=colour_of(campaign.experiments.index(name)),
                long=name in long,
                verdict=verdict,
                differs=_differs(differences(campaign.plan.experiments[name], ground)),
                throughput=mean([row["goodput_rps"] for row in together]),
                response=mean([row["mean_ms"] for row in together if not pd.isna(row["mean_ms"])]),
                evidence=list(_evidence(campaign, used)),
                endpoints=rows[median],
                which=f"Of repeat {median[1]}, the median one by mean response time." if len(runs) > 1 else "",
                windows=[_window(campaign, outside, others, run) for run in of_runs[name]],
                roles=roles.get(name, []),
                errors=list(_errors(row for key in runs for row in rows[key][1:])),
            )
        )
    return found


def _differs(found: Mapping[str, object]) -> str:
    return ", ".join(f"{key}: {_plain(value)}{' s' * (key in SECONDS)}" for key, value in found.items())


def _plain(value: object) -> str:
    if value is None:
        return "none"
    if hasattr(value, "model_dump"):
        return ", ".join(f"{key} {numbers.plain(inner)}" for key, inner in value.model_dump().items() if inner)
    return numbers.plain(value)


def _evidence(campaign: Campaign, used: Sequence[RunKey]) -> Iterator[Evidence]:
    values: dict[str, list[float]] = {}
    about: dict[str, Mapping[str, Any]] = {}
    for key in used:
        for each in campaign.judged[key]["evidence"]:
            values.setdefault(each["signal"], []).append(each["value"])
            about[each["signal"]] = each
    for signal, each in about.items():
        value = sum(values[signal]) / len(values[signal])
        yield Evidence(
            signal=signal,
            value=numbers.utilisation(value),
            limit=numbers.utilisation(each["limit"]),
            meaning=each["meaning"],
            full=signal.startswith(("u_", "X/ceiling")) and value >= each["limit"],
        )


def _window(
    campaign: Campaign, records: Mapping[RunKey, RunRecord], others: Mapping[RunKey, Foreign], row: RunRow
) -> Excluded:
    key = row.experiment, row.repeat
    record, window = records[key], campaign.windows[key]
    return Excluded(
        run=row,
        before_s=row.begin_s,
        after_s=max(0.0, record.phases.load_stopped - window.end),
        foreign=others.get(key),
        outside=max(0.0, record.counts.recorded - float(row.figures["requests"])),
    )


def _roles(campaign: Campaign) -> dict[str, list[Role]]:
    """Add up each role's processes in each run that counts, then take the mean of the runs."""
    table = campaign.processes
    own = ~table["experiment"].map(is_baseline).astype(bool) & (table["role"] != "host")
    keys = [key for name in campaign.experiments for key in campaign.used_of(name)]
    known = table[own].dropna(subset="cpu")
    known = known[pd.MultiIndex.from_frame(known[["experiment", "repeat"]]).isin(keys)]
    of_runs = known.groupby(["experiment", "role", "repeat"])["cpu"].agg(["size", "sum", "max"])
    found: dict[str, list[Role]] = {}
    means = of_runs.groupby(level=["experiment", "role"]).mean().reset_index()
    for name, role, processes, cpu, busiest in means.itertuples(index=False):
        found.setdefault(str(name), []).append(
            Role(name=str(role), processes=float(processes), cpu=float(cpu), busiest=float(busiest))
        )
    return found


def _errors(rows: Iterator[Row]) -> Iterator[tuple[str, str, float]]:
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if isinstance(row["failure_kinds"], str) and row["failure_kinds"]:
            for kind, count in json.loads(row["failure_kinds"]).items():
                counts[str(row["endpoint"]), str(kind)] += count
    for (endpoint, kind), count in counts.most_common():
        yield endpoint, kind, count
