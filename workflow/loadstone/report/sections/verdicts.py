"""What limited throughput: each experiment's verdict with the figures it rests on."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from loadstone import text
from loadstone.analyse.shares import why_above_one
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts, unusable
from loadstone.report.section import Section, drawn
from loadstone.report.sections.places import PlacesView, places_chart, places_view
from loadstone.report.sections.signals import meanings, signal_rows
from loadstone.results.verdicts import Elasticity, ExperimentVerdict, PlateauVerdict, RunVerdict
from loadstone.suite.thresholds import Thresholds
from loadstone.suite.verdict import Verdict
from loadstone.theory.intervals import Interval

CONSISTENCY = "X·(R+Z)/N"
ALWAYS = ("u_think", "u_server", "u_slot", "u_gen", "u_host")
"""Signals that the table has a column for."""
COLUMNS = {
    "u_think": ("u", "think"), "u_server": ("u", "server"), "u_slot": ("u", "slot"), "u_gen": ("u", "gen"),
    "u_host": ("u", "host"), "X/ceiling": ("X/ceiling", ""), "u_link": ("u", "link"),
    "overlapping": ("parallel", ""), "unattributed": ("unknown users", ""),
}  # fmt: skip
"""Signals that can have a column, in this order: symbol and subscript. All others are in each experiment's part."""

MISSING = {
    "unloaded_response_s": "the unloaded response time R₀",
    "think_s": "the users' think time",
    "generator_ceiling": "the generator's ceiling",
    "requests": "the number of requests",
    "failures": "how many requests failed",
    "steady": "whether it settled (too few requests, or users that changed)",
    "server_workers": "the server's worker processes",
    "server_threads": "the server's slots (its worker class has no fixed number)",
    "server_cores": "the CPUs that the server may use",
    "server_seconds": "the time inside the server",
    "server_cpu": "the server's CPU",
    "generator_cpu": "the generator's CPU",
    "host_busy": "how busy the machine was",
    "host_steal": "CPU time taken by the hypervisor",
    "bytes_per_s": "bytes sent",
    "link_bytes_per_s": "the network link's speed",
    "busiest_process": "the CPU of each of the server's processes",
    "generator_waited": "how long the generator waited for a CPU",
    "thread_states": "what the server's threads waited for",
    "not_accepted": "connections that wait to be accepted",
    "unread": "requests that lie unread in sockets",
    "downstream_waiting": "connections on which the server waits for other services",
    "iowait": "how long disks were awaited",
    "listen_overflows": "overflows of the accept queue",
    "other_cpus": "the CPUs that other processes used",
    "gap_share": "gaps between completions",
    "evenness": "how evenly requests were completed",
    "users_served": "how many users were served",
}
"""Signals that can be missing → their names in sentences."""

MAX_NAMED = 6
"""Experiments that are named per measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalMean:
    """One figure of an experiment, as the mean of its runs."""

    value: float
    full: bool
    """Whether it has reached its limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """What limited one experiment."""

    experiment: str
    verdict: str
    parties: Sequence[str]
    """The several limits, where it has them."""
    runs: str
    """How many runs there were, and how many of them count."""
    reason: str | None
    """Why its figures must not be used; None where they can be."""
    response_ms: float | None
    unloaded_ms: float | None
    signals: dict[str, SignalMean]
    elasticity: Interval | None
    """The result of the probe with twice the users."""
    sentence: str
    """What its runs state of it, with figures; empty where they disagree, and for results of earlier versions."""
    each: list[str]
    """Where its runs disagree: what those with each verdict state."""
    remarks: list[str]
    """What a reader should know in addition, as clauses."""

    @property
    def stated(self) -> str:
        """The sentence and the remarks, or the remarks alone, as clauses."""
        if not self.sentence:
            return "; ".join(self.remarks)
        return f"{self.sentence} {text.sentence(self.remarks)}".rstrip()


def verdict_rows(campaign: Campaign, doubts: Doubts) -> list[VerdictRow]:
    """List the verdicts of all experiments, in the page's order."""
    common = set(common_missing(campaign))
    return [_row(campaign, name, doubts, common) for name in campaign.experiments]


def _row(campaign: Campaign, name: str, doubts: Doubts, common: set[str]) -> VerdictRow:
    agreed, sentence = campaign.verdicts.experiments[name], campaign.verdicts.sentence_of(name)
    keys, used = campaign.runs_of(name), campaign.used_of(name)
    judged = [campaign.judged[key] for key in used]
    responses = [signals.response_s for key in used if (signals := campaign.signals[key]).response_s > 0]
    return VerdictRow(
        experiment=name,
        verdict=agreed.verdict,
        parties=agreed.parties if agreed.verdict == Verdict.MIXED else [],
        runs=text.runs(len(used), len(keys)),
        reason=unusable(agreed.verdict, [doubt for key in keys for doubt in doubts[key]]),
        response_ms=1000 * fmean(responses) if responses else None,
        unloaded_ms=_milliseconds(campaign.signals[keys[0]].unloaded_response_s),
        signals=_signals(judged),
        elasticity=_elasticity(agreed.elasticity, len(keys)),
        sentence=text.sentence([sentence.rstrip(".")] if sentence else []),
        each=[] if sentence else list(_each([campaign.judged[key] for key in keys])),
        remarks=list(_remarks(agreed, judged, common)),
    )


def _elasticity(found: Elasticity | None, runs: int) -> Interval | None:
    return Interval(value=found.value, low=found.low, high=found.high, runs=runs) if found else None


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds


def _signals(judged: Sequence[RunVerdict]) -> dict[str, SignalMean]:
    values: dict[str, list[float]] = {}
    limits: dict[str, float] = {}
    for run in judged:
        for evidence in run.evidence:
            values.setdefault(evidence.signal, []).append(evidence.value)
            limits[evidence.signal] = evidence.limit
    return {
        name: SignalMean(value=fmean(found), full=name != CONSISTENCY and fmean(found) >= limits[name])
        for name, found in values.items()
    }


def _each(judged: Sequence[RunVerdict]) -> Iterator[str]:
    """Quote one run of each verdict; nothing where the runs state nothing."""
    quoted: dict[Verdict, RunVerdict] = {}
    for run in judged:
        if run.sentence:
            quoted.setdefault(run.verdict, run)
    for run in quoted.values():
        yield f"Repeat {run.repeat}: {text.sentence([run.sentence.rstrip('.')])}"


def _remarks(agreed: ExperimentVerdict, judged: Sequence[RunVerdict], common: set[str]) -> Iterator[str]:
    """List what a reader should know in addition to the figures."""
    if len(agreed.runs) > 1:
        yield "its runs: " + ", ".join(f"{count} {name}" for name, count in agreed.runs.items())
    if agreed.remark:
        yield agreed.remark
    silent = [run for run in judged if not run.sentence]  # of earlier versions: the sentence has both of these
    of_runs = {run.remark for run in silent if run.remark and run.verdict.is_sound}
    following = Counter(run.runner_up.partition(" = ")[0] for run in silent if run.runner_up)
    missing = [name for name in dict.fromkeys(n for run in judged for n in run.missing) if name not in common]
    yield from sorted(of_runs)
    yield from (probe.reading for probe in agreed.probes)
    if agreed.elasticity and not agreed.probes:  # as in results of earlier versions
        yield f"with twice the users: {agreed.elasticity.reading}"
    if following:  # "party (signal = value)" of one run; the page shows the mean, as in the table
        named = following.most_common(1)[0][0]
        mean = _signals(judged)[named.partition(" (")[2]].value
        yield f"next closest to its limit: {named} = {text.utilisation(mean)})"
    if missing:
        yield "not known: " + ", ".join(MISSING.get(name, name) for name in missing)


def columns(rows: Sequence[VerdictRow]) -> dict[str, tuple[str, str]]:
    """Pick the signals that decide: those of all experiments, and others where one has reached its limit."""
    full = {name for row in rows for name, mean in row.signals.items() if mean.full}
    known = {name for row in rows for name in row.signals}
    return {name: heading for name, heading in COLUMNS.items() if name in full or (name in ALWAYS and name in known)}


def above_one(rows: Sequence[VerdictRow], shown: Collection[str]) -> list[str]:
    """Explain the shares above 1 of the signals that have a column, in a sentence per signal."""
    known = {name: [row.signals[name].value for row in rows if name in row.signals] for name in shown}
    highest = {name: max(values) for name, values in known.items() if values}
    explained = {name: why_above_one(name, value) for name, value in highest.items()}
    return [f"{name} reaches {text.utilisation(highest[name])}: {why}." for name, why in explained.items() if why]


def common_missing(campaign: Campaign) -> list[str]:
    """Name the signals that no run has."""
    runs = [set(campaign.judged[key].missing) for name in campaign.experiments for key in campaign.runs_of(name)]
    return sorted(set.intersection(*runs)) if runs else []


def missing_sentence(campaign: Campaign) -> str:
    """Name the signals that no run has, in a sentence."""
    names = [MISSING.get(name, name) for name in common_missing(campaign)]
    return f"Not measured in any run, and so not part of any verdict: {', '.join(names)}." if names else ""


def lead(rows: Sequence[VerdictRow], *, probes: bool) -> str:
    """Count the verdicts."""
    found = Counter(row.verdict for row in rows).most_common()
    named = ", ".join(f"{verdict} ({count})" for verdict, count in found)
    return (
        f"{len(rows)} experiments and probes: {named}."
        if probes
        else f"{text.several(len(rows), 'experiment')}: {named}."
    )


def to_settle(campaign: Campaign, rows: Sequence[VerdictRow]) -> list[tuple[str, str]]:
    """Pair each measurement that would settle verdicts with the experiments that still need it."""
    wanted: dict[str, list[str]] = {}
    for row in rows:
        judged = [campaign.judged[key] for key in campaign.runs_of(row.experiment)]
        probe = next((run.probe for run in judged if run.verdict == row.verdict), judged[0].probe)
        if row.elasticity is None and row.experiment in campaign.plan.suite.experiments:
            wanted.setdefault(probe, []).append(row.experiment)
    largest = max(wanted, key=lambda probe: len(wanted[probe]), default=None)
    groups = [(probe, text.named(names, MAX_NAMED)) for probe, names in wanted.items() if probe != largest]
    if largest is None:
        return groups
    names = wanted[largest]
    others = "all others" if len(names) > MAX_NAMED else text.named(names, MAX_NAMED)
    return [*groups, (largest, others if groups else "every experiment")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateauRow:
    """A time with a constant number of users in one run."""

    run: str
    plateau: PlateauVerdict


def plateau_rows(campaign: Campaign) -> list[PlateauRow]:
    """List the plateaus of all runs whose number of users follows a shape, in the page's order."""
    return [
        PlateauRow(run=f"{name}, {repeat}", plateau=plateau)
        for name in campaign.experiments
        for _, repeat in campaign.runs_of(name)
        for plateau in campaign.judged[name, repeat].plateaus
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictsView:
    """What the section shows."""

    rows: list[VerdictRow]
    plateaus: list[PlateauRow]
    lead: str
    signals: dict[str, tuple[str, str]]
    """Signals with a column → symbol and subscript."""
    above_one: list[str]
    """What explains the shares above 1, in sentences."""
    missing: str
    places: PlacesView | None
    """Where requests were; None where no samples show it."""
    meanings: dict[str, str]
    """Signals that the experiments' parts list → what they mean."""
    to_settle: list[tuple[str, str]]
    limits: Thresholds
    anchors: dict[str, str]
    """Experiment → anchor of its own part of the page."""


def section(campaign: Campaign, doubts: Doubts) -> Section:
    """What limited each experiment's throughput, with the figures behind the verdict."""
    rows = verdict_rows(campaign, doubts)
    view = VerdictsView(
        rows=rows,
        plateaus=plateau_rows(campaign),
        lead=lead(rows, probes=len(rows) > len(campaign.plan.suite.experiments)),
        signals=columns(rows),
        above_one=above_one(rows, columns(rows)),
        missing=missing_sentence(campaign),
        places=places_view(campaign),
        meanings=meanings({row.name for name in campaign.experiments for row in signal_rows(campaign, name)}),
        to_settle=to_settle(campaign, rows),
        limits=campaign.plan.suite.thresholds,
        anchors=campaign.anchors,
    )
    shown = drawn({"places": places_chart(campaign)})
    return Section(anchor="verdicts", title="What limited throughput", navigation="Verdicts", view=view, charts=shown)
