"""Each experiment by itself: verdict and evidence, percentiles, windows, CPU by role, errors by kind."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from loadstone import text
from loadstone.analyse.experiment_rows import ExperimentRow, experiment_rows
from loadstone.plan.baselines import is_baseline
from loadstone.report.campaign import Campaign
from loadstone.report.charts import experiments as charts
from loadstone.report.charts import timelines as over_time
from loadstone.report.charts.shared import colour_of
from loadstone.report.doubts import Doubts, kinds
from loadstone.report.other_load import OtherLoad, other_load
from loadstone.report.percentiles import drawable_percentiles
from loadstone.report.section import Section, drawn
from loadstone.report.sections.fairness import FairnessView, fairness_view
from loadstone.report.sections.places import places_of, places_sentence
from loadstone.report.sections.runs import RunRow, longer_warm_up_sentence, run_rows
from loadstone.report.sections.signals import EvidenceRow, SignalRow, evidence_rows, signal_rows
from loadstone.report.sections.verdicts import VerdictRow, verdict_rows
from loadstone.report.timelines import timelines
from loadstone.results.run_record import RunRecord
from loadstone.results.tables import OTHER, RunKey
from loadstone.suite.describe import describe_requests, describe_value
from loadstone.suite.differences import common_settings, differences
from loadstone.suite.hypotheses import ALL
from loadstone.suite.load_settings import Load

Row = Mapping[Any, Any]
MAX_ENDPOINTS = 12
"""Endpoints of an experiment that are listed at once; the others are folded."""
SECONDS = ("duration", "warm_up")
"""Settings that are times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
    """The window of one run, and what it leaves out."""

    run: RunRow
    before_s: float
    after_s: float
    outside: float
    """Number of requests recorded outside the window."""
    other_load: OtherLoad | None
    """Other load on the machine; None where not all processes were sampled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCpu:
    """CPUs used by the processes of one role, as the mean over runs."""

    name: str
    processes: float
    cpu: float
    busiest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRun:
    """A run that can be drawn over time."""

    repeat: int
    median: bool
    """Whether it is the experiment's median run."""
    doubt: str
    """Kinds of reasons to be careful with it; empty for a sound run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentView:
    """All about one experiment."""

    anchor: str
    colour: str
    """The experiment's colour, the same in every chart."""
    long: bool
    """Whether its runs are long enough for a heat map."""
    verdict: VerdictRow
    load: str
    """Whose requests it sends: the locustfile with its classes, or the requests that the suite declares; empty for the
    album API's users."""
    differs: str
    figures: ExperimentRow
    """Its row of the results table."""
    places: str
    """Where its requests were, in a sentence; empty where it is unknown."""
    fairness: FairnessView | None
    """How its users were served; None where it was alike, or is unknown."""
    evidence: list[EvidenceRow]
    signals: list[SignalRow]
    """All that was measured."""
    endpoints: list[Row]
    """The rows of the run that stands for it, all endpoints together first."""
    folded: list[Row]
    """The rest of them."""
    which: str
    """Which run that is, in a sentence; empty if there is only one."""
    drawn: list[DrawnRun]
    """The runs that can be drawn over time, the one that stands for the experiment first."""
    windows: list[WindowRow]
    roles: list[RoleCpu]
    errors: list[tuple[str, str, float]]
    """Endpoint, kind, number."""


def experiment_views(
    campaign: Campaign,
    judged: Sequence[VerdictRow],
    listed: Sequence[RunRow],
    doubts: Doubts,
    drawable: Mapping[str, Sequence[int]],
) -> list[ExperimentView]:
    """Lay out each experiment, in the page's order; `drawable` are the repeats that can be drawn over time."""
    ground = common_settings(campaign.plan.suite)
    of_runs: dict[str, list[RunRow]] = {}
    for row in sorted(listed, key=lambda row: row.repeat):
        of_runs.setdefault(row.experiment, []).append(row)
    rows: dict[RunKey, list[Row]] = {}
    for each in campaign.summary.to_dict("records"):
        rows.setdefault((str(each["experiment"]), int(each["repeat"])), []).append(each)
    for of_run in rows.values():
        if len(of_run) > 1 + MAX_ENDPOINTS:
            of_run.sort(key=lambda row: -float(row["requests"]))
        of_run.sort(key=_place)
    roles = _roles(campaign)
    long = set(campaign.heat["experiment"])
    figures = {row.name: row for row in experiment_rows(campaign.outcomes)}
    outside, others = {(r.run.experiment, r.run.repeat): r for r in campaign.records}, other_load(campaign)
    found = []
    for verdict in judged:
        name = verdict.experiment
        runs, used = campaign.runs_of(name), campaign.used_of(name)
        median = campaign.standing_run(name)
        found.append(
            ExperimentView(
                anchor=campaign.anchors[name],
                colour=colour_of(campaign.experiments.index(name)),
                long=name in long,
                verdict=verdict,
                load=_own_load(campaign.plan.experiments[name].load),
                differs=_differs(differences(campaign.plan.experiments[name], ground)),
                figures=figures[name],
                places=places_sentence(places_of(campaign, name)),
                fairness=fairness_view(campaign, name),
                evidence=list(evidence_rows(campaign, used)),
                signals=signal_rows(campaign, name),
                endpoints=rows[median][: 1 + MAX_ENDPOINTS],
                folded=rows[median][1 + MAX_ENDPOINTS :],
                which=_which(campaign, median) if len(runs) > 1 else "",
                drawn=_drawn_runs(campaign, median, drawable.get(name, ()), doubts),
                windows=[_window(campaign, outside, others, run) for run in of_runs[name]],
                roles=roles.get(name, []),
                errors=list(_errors(row for key in runs for row in rows[key][1:])),
            )
        )
    return found


def _drawn_runs(campaign: Campaign, first: RunKey, repeats: Sequence[int], doubts: Doubts) -> list[DrawnRun]:
    name, standing = first
    return [
        DrawnRun(
            repeat=repeat,
            median=campaign.median_runs.get(name) == (name, repeat),
            doubt=kinds(doubts[name, repeat]),
        )
        for repeat in sorted(repeats, key=lambda repeat: (repeat != standing, repeat))
    ]


def _which(campaign: Campaign, run: RunKey) -> str:
    name, repeat = run
    return f"From repeat {repeat}{', the median run by mean response time' * (name in campaign.median_runs)}."


def _differs(found: Mapping[str, object]) -> str:
    return ", ".join(f"{key}: {_plain(value)}{' s' * (key in SECONDS)}" for key, value in found.items())


def _place(row: Row) -> tuple[object, ...]:
    """Put all endpoints together first, and the sum of those without rows of their own last."""
    return row["endpoint"] != ALL, row["endpoint"] == OTHER


def _own_load(load: Load) -> str:
    return "" if load.mix is not None else describe_requests(load)


def _plain(value: object) -> str:
    if value is None:
        return "none"
    if (described := describe_value(value)) is not None:
        return described
    if hasattr(value, "model_dump"):
        return ", ".join(f"{key} {text.plain(inner)}" for key, inner in value.model_dump().items() if inner)
    return text.plain(value)


def _window(
    campaign: Campaign, records: Mapping[RunKey, RunRecord], others: Mapping[RunKey, OtherLoad], row: RunRow
) -> WindowRow:
    key = row.experiment, row.repeat
    record, window = records[key], campaign.windows[key]
    return WindowRow(
        run=row,
        before_s=row.begin_s,
        after_s=max(0.0, record.phases.load_stopped - window.end),
        other_load=others.get(key),
        outside=max(0.0, record.counts.recorded - float(row.figures["requests"])),
    )


def _roles(campaign: Campaign) -> dict[str, list[RoleCpu]]:
    """Add up each role's processes in each run that counts, then take the mean over runs."""
    table = campaign.processes
    own = ~table["experiment"].map(is_baseline).astype(bool) & (table["role"] != "host")
    keys = [key for name in campaign.experiments for key in campaign.used_of(name)]
    known = table[own].dropna(subset="cpu")
    known = known[pd.MultiIndex.from_frame(known[["experiment", "repeat"]]).isin(keys)]
    of_runs = known.groupby(["experiment", "role", "repeat"])["cpu"].agg(["size", "sum", "max"])
    found: dict[str, list[RoleCpu]] = {}
    means = of_runs.groupby(level=["experiment", "role"]).mean().reset_index()
    for name, role, processes, cpu, busiest in means.itertuples(index=False):
        found.setdefault(str(name), []).append(
            RoleCpu(name=str(role), processes=float(processes), cpu=float(cpu), busiest=float(busiest))
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


def heat(campaign: Campaign) -> pd.DataFrame:
    """Lay out the heat map of each long experiment's median run: experiment, second, until, low_ms, high_ms, rate."""
    chosen = pd.MultiIndex.from_tuples([*campaign.median_runs.values(), ("", 0)])
    table = campaign.heat
    mine = table[pd.MultiIndex.from_frame(table[["experiment", "repeat"]]).isin(chosen)]
    rate = mine["requests"] / (mine["until"] - mine["second"])
    return mine.assign(rate=rate).drop(columns=["repeat", "requests"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentsView:
    """What the section shows."""

    experiments: list[ExperimentView]
    warm_up: str
    """How often the warm-up took longer than configured, in a sentence."""
    by_second: list[str]
    """Experiments whose runs are of an earlier version, which left less of them."""
    merged: bool
    """Whether neighbouring bins are merged, because there are so many runs."""


def section(campaign: Campaign, doubts: Doubts) -> Section:
    """Each experiment by itself; its charts are drawn when it is opened."""
    rows, found = run_rows(campaign, doubts), timelines(campaign)
    view = ExperimentsView(
        experiments=experiment_views(campaign, verdict_rows(campaign, doubts), rows, doubts, found.runs),
        warm_up=longer_warm_up_sentence(rows),
        by_second=found.by_second,
        merged=found.merged,
    )
    shown = {
        "experiment-users": over_time.users(found),
        "experiment-rate": over_time.rate(found),
        "experiment-response": over_time.response(found),
        "experiment-cpu": over_time.cpu(found),
        "experiment-distribution": charts.distribution(drawable_percentiles(campaign, doubts)),
        "experiment-heat": charts.heat(heat(campaign)),
    }
    return Section(anchor="experiments", title="Experiments", navigation="Experiments", view=view, charts=drawn(shown))
