"""The warnings near the top of the page: runs to be careful with, grouped by reason."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from loadstone import text
from loadstone.analyse.noise import find_change
from loadstone.plan.baselines import is_baseline
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import DRIFTING, FEWER, GROWING, UNSETTLED, Doubts, called
from loadstone.report.other_load import other_load, other_load_sentence
from loadstone.report.section import Section
from loadstone.report.sections.fairness import fairness_view, uneven_sentence
from loadstone.results.signals import NOTABLE_OTHER_LOAD
from loadstone.results.tables import RunKey
from loadstone.suite.verdict import OPEN_VERDICTS, Verdict

MAX_ITEMS = 6
"""Items of a group that are listed."""

TITLES = {
    Verdict.ERRORS: "Too many requests failed: these runs do not measure speed",
    Verdict.INVALID: "Figures that contradict each other: do not use these runs",
    Verdict.NEIGHBOUR: "Other processes took the CPUs that these runs waited for: do not use them",
    UNSETTLED: "No steady state: do not use these runs",
    DRIFTING: "Throughput settled, response times did not: use only the rates of these runs",
    FEWER: "Users that left, or never ran: N is the mean number that ran",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningGroup:
    """One reason, with what it concerns."""

    title: str
    count: str = ""
    """What it concerns, such as 2 runs; empty where the title states it."""
    items: list[str]
    more: int
    """Number of items that are not listed."""
    link: str
    """Anchor of the section with the details."""


def warnings(campaign: Campaign, doubts: Doubts) -> list[WarningGroup]:
    """Group the warnings by reason, the gravest first."""
    groups = [
        _group("Checks that failed", _failed_checks(campaign), "runs", counted="run"),
        *(_of_kind(campaign, doubts, kind) for kind in TITLES),
        _group("Users that were not served alike", _uneven(campaign), "experiments", counted="experiment"),
        _group("Repeats that disagree", _disagreements(campaign), "repeats", counted="experiment"),
        _group("Drift over the campaign", _drift(campaign), "repeats"),
        _group("The machine changed between parts of the campaign", _changed_machine(campaign), "noise"),
        _foreign(campaign),
        _growing(campaign, doubts),
    ]
    return [group for group in groups if group]


def _group(title: str, items: Iterator[str], link: str, *, counted: str = "") -> WarningGroup | None:
    """List items under a title, and count them where each is one of something."""
    listed = list(items)
    if not listed:
        return None
    count = text.several(len(listed), counted) if counted else ""
    return WarningGroup(title=title, count=count, items=listed[:MAX_ITEMS], more=len(listed[MAX_ITEMS:]), link=link)


def _failed_checks(campaign: Campaign) -> Iterator[str]:
    for record in campaign.records:
        failed = [f"{check.name} ({check.figure})" for check in record.checks if not check.ok]
        if failed:
            name = called(campaign.plan, record.run.experiment)
            yield f"{name}, repeat {record.run.repeat}: {', '.join(failed)}"


def _of_kind(campaign: Campaign, doubts: Doubts, kind: str) -> WarningGroup | None:
    """Group the runs with one kind of doubt: an item per experiment, and a count of runs as in the answer."""
    group = _group(TITLES[kind], _items_of_kind(campaign, doubts, kind), "runs")
    concerned = [is_baseline(key[0]) for key, of_run in doubts.items() if any(doubt.kind == kind for doubt in of_run)]
    counts = {"run": concerned.count(False), "baseline": concerned.count(True)}
    counted = ", ".join(text.several(number, thing) for thing, number in counts.items() if number)
    return replace(group, count=counted) if group else None


def _items_of_kind(campaign: Campaign, doubts: Doubts, kind: str) -> Iterator[str]:
    for name in [*campaign.experiments, *filter(is_baseline, campaign.plan.added)]:
        runs = campaign.runs_of(name)
        texts = {key[1]: doubt.text for key in runs for doubt in doubts[key] if doubt.kind == kind}
        if not texts:
            continue
        which = "" if len(runs) == 1 else f", {_repeats(list(texts), len(runs))}"
        yield f"{called(campaign.plan, name)}{which}: {' / '.join(dict.fromkeys(texts.values()))}"


def _repeats(which: Sequence[int], of: int) -> str:
    """Name some repeats: repeat 1 of 3, repeats 1, 2 of 3, all 3 repeats."""
    if len(which) == of:
        return f"all {of} repeats"
    return f"repeat{'s' * (len(which) != 1)} {', '.join(map(str, which))} of {of}"


def _uneven(campaign: Campaign) -> Iterator[str]:
    for name in campaign.experiments:
        view = fairness_view(campaign, name)
        if view is not None:
            yield f"{name}: {view.sentence.partition(': ')[2].removesuffix('.')}"


def _disagreements(campaign: Campaign) -> Iterator[str]:
    for name in [*campaign.experiments, *filter(is_baseline, campaign.plan.added)]:
        disagreements = campaign.repeats.experiments[name].disagreements if name in campaign.repeats.experiments else ()
        if disagreements:
            yield f"{called(campaign.plan, name)}: {'; '.join(disagreements)}"


def _drift(campaign: Campaign) -> Iterator[str]:
    drift = campaign.repeats.drift
    if drift is not None and drift.named:
        yield drift.sentence


def _changed_machine(campaign: Campaign) -> Iterator[str]:
    change = find_change(campaign.noise)
    if change is not None:
        yield change


def _foreign(campaign: Campaign) -> WarningGroup | None:
    by_run = other_load(campaign)
    disturbed = [key for key, each in by_run.items() if each.notable]
    if not disturbed:
        return None
    runs = f"{text.count(len(disturbed))} of {text.several(len(by_run), 'run')}, baselines included,"
    share = text.limit(NOTABLE_OTHER_LOAD)
    used = f"used more than {share} of the CPUs"
    if any(by_run[key].took for key in disturbed):
        used += ", or those that the run waited for"
    title = f"In {runs} other processes {used}: see each experiment"
    return WarningGroup(title=title, items=[], more=0, link="experiments")


def _growing(campaign: Campaign, doubts: Doubts) -> WarningGroup | None:
    runs = campaign.own_runs
    growing = [key for key in runs if any(doubt.kind == GROWING for doubt in doubts[key])]
    if not growing:
        return None
    limit = text.limit(campaign.plan.suite.thresholds.notable_growth)
    verb = "grows" if len(growing) == 1 else "grow"
    title = f"In {len(growing)} of {text.several(len(runs), 'run')} the store {verb} by more than {limit} in the window"
    title += ", and response times change with it, or may do so"
    return WarningGroup(title=title.replace("store grow by", "stores grow by"), items=[], more=0, link="runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningsView:
    """What the section shows."""

    groups: list[WarningGroup]


def section(campaign: Campaign, doubts: Doubts) -> Section | None:
    """Runs to be careful with, by reason."""
    groups = warnings(campaign, doubts)
    return (
        Section(anchor="warnings", title="Runs to be careful with", view=WarningsView(groups=groups))
        if groups
        else None
    )


def doubt_sentence(campaign: Campaign, doubts: Doubts) -> str:
    """State which figures not to rely on, and which mean something else than they seem to."""
    runs = campaign.own_runs
    parts = [
        other_load_sentence(campaign),
        *_bad_runs(campaign, doubts, runs),
        *_missing_users(doubts, runs),
        uneven_sentence(campaign, runs),
        *_of_experiments(campaign),
    ]
    parts = [part for part in parts if part]
    if not parts:
        whom = "the run" if len(runs) == 1 else f"any of the {text.several(len(runs), 'run')}"
        return f"There is no reason to doubt {whom}."
    return text.sentence(parts)


def _bad_runs(campaign: Campaign, doubts: Doubts, runs: Sequence[RunKey]) -> Iterator[str]:
    bad = [key for key in runs if key in campaign.unsound]
    if not bad:
        return
    verdicts = Counter(campaign.judged[key].verdict for key in bad)
    invalid = [key for key in bad if campaign.judged[key].verdict == Verdict.INVALID]
    unsettled = sum(any(doubt.kind == UNSETTLED for doubt in doubts[key]) for key in invalid)
    kinds = {
        "never settled": unsettled,
        "failed too often": verdicts[Verdict.ERRORS],
        "with contradictory figures": len(invalid) - unsettled,
        "next to a busy neighbour": verdicts[Verdict.NEIGHBOUR],
    }
    named = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count > 0)
    lost = [name for name in campaign.experiments if not campaign.verdicts.experiments[name].verdict.is_sound]
    yield f"{text.count(len(bad))} of {text.several(len(runs), 'run')} ({named}), {means_of(campaign, bad)}"
    if lost:
        verb = "has" if len(lost) == 1 else "have"
        yield f"{text.several(len(lost), 'experiment')} {verb} no usable run ({text.named(lost)})"


def means_of(campaign: Campaign, bad: Sequence[RunKey]) -> str:
    """State whether means take in runs that are not to be used: they do where an experiment has no others."""
    kept = sum(key in campaign.verdicts.counting for key in bad)
    if not kept:
        return "left out of all means"
    which = "" if kept == len(bad) else f"{text.count(kept)} of them "
    whose = "its experiment has" if kept == 1 else "their experiments have"
    return f"{which}in means only because {whose} no other runs{'' if kept == len(bad) else ', the rest in none'}"


def _missing_users(doubts: Doubts, runs: Sequence[RunKey]) -> Iterator[str]:
    fewer = [key for key in runs if any(doubt.kind == FEWER for doubt in doubts[key])]
    if fewer:
        yield f"in {text.count(len(fewer))} of {text.several(len(runs), 'run')} users left, or never ran"


def _of_experiments(campaign: Campaign) -> Iterator[str]:
    bound: dict[str, list[str]] = {}
    for name in campaign.experiments:
        bound.setdefault(campaign.verdicts.experiments[name].verdict, []).append(name)
    if names := bound.get(Verdict.GENERATOR):
        yield f"the rates of {_named(names)} show what the load generator could send, not what the server could answer"
    if names := bound.get(Verdict.SHARED_HOST):
        yield f"in {_named(names)} all CPUs of the machine were busy, so server and load generator slowed each other"
    if names := [name for verdict in OPEN_VERDICTS for name in bound.get(verdict, [])]:
        yield f"what limited {_named(names)} is undecided"


def _named(names: Sequence[str]) -> str:
    return text.named(names, 2) if len(names) <= 3 else f"{text.count(len(names))} experiments"
