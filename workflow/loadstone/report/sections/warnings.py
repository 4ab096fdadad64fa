"""The warning at the top of the page: what to be careful with, grouped by reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadstone import text
from loadstone.plan.baselines import is_baseline
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import GROWING, UNSETTLED, Doubts, called
from loadstone.report.other_load import NOTABLE, foreign
from loadstone.report.section import Section
from loadstone.suite.verdict import Verdict

MAX_ITEMS = 6
"""Items of a group that are spelt out."""

TITLES = {
    Verdict.ERRORS: "Too many requests failed: not a measurement of speed",
    Verdict.INVALID: "Figures that contradict each other: not to be used",
    UNSETTLED: "No steady state was reached: not to be used",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningGroup:
    """One reason, with what it concerns."""

    title: str
    items: list[str]
    more: int
    """Items that are not spelt out."""
    link: str
    """Where on the page to read on."""


def warnings(campaign: Campaign, doubts: Doubts) -> list[WarningGroup]:
    """Group what to be careful with by its reason, the gravest first."""
    groups = [
        _group("Checks that failed", _failed_checks(campaign), "runs"),
        *(_group(title, _of_kind(campaign, doubts, kind), "runs") for kind, title in TITLES.items()),
        _group("Repeats that disagree", _disagreements(campaign), "repeats"),
        _group("Drift over the campaign", _drift(campaign), "repeats"),
        _foreign(campaign),
        _growing(campaign, doubts),
    ]
    return [group for group in groups if group]


def _group(title: str, items: Iterator[str], link: str) -> WarningGroup | None:
    found = list(items)
    return WarningGroup(title=title, items=found[:MAX_ITEMS], more=len(found[MAX_ITEMS:]), link=link) if found else None


def _failed_checks(campaign: Campaign) -> Iterator[str]:
    for record in campaign.records:
        failed = [f"{check.name} ({check.figure})" for check in record.checks if not check.ok]
        if failed:
            name = called(campaign.plan, record.run.experiment)
            yield f"{name}, repeat {record.run.repeat}: {', '.join(failed)}"


def _of_kind(campaign: Campaign, doubts: Doubts, kind: str) -> Iterator[str]:
    for name in [*campaign.experiments, *filter(is_baseline, campaign.plan.added)]:
        runs = campaign.runs_of(name)
        texts = {key[1]: doubt.text for key in runs for doubt in doubts[key] if doubt.kind == kind}
        if not texts:
            continue
        which = "" if len(runs) == 1 else f", {_repeats(list(texts), len(runs))}"
        yield f"{called(campaign.plan, name)}{which}: {' / '.join(dict.fromkeys(texts.values()))}"


def _repeats(which: Sequence[int], of: int) -> str:
    """Say which repeats: repeat 1 of 3, repeats 1, 2 of 3, all 3 repeats."""
    if len(which) == of:
        return f"all {of} repeats"
    return f"repeat{'s' * (len(which) != 1)} {', '.join(map(str, which))} of {of}"


def _disagreements(campaign: Campaign) -> Iterator[str]:
    for name in [*campaign.experiments, *filter(is_baseline, campaign.plan.added)]:
        found = campaign.repeats.experiments[name].disagreements if name in campaign.repeats.experiments else ()
        if found:
            yield f"{called(campaign.plan, name)}: {'; '.join(found)}"


def _drift(campaign: Campaign) -> Iterator[str]:
    drift = campaign.repeats.drift
    if drift is not None and drift.named:
        yield drift.sentence


def _foreign(campaign: Campaign) -> WarningGroup | None:
    found = foreign(campaign)
    disturbed = [key for key, each in found.items() if each.notable]
    if not disturbed:
        return None
    runs = f"{text.count(len(disturbed))} of {text.several(len(found), 'run')}, baselines included,"
    title = f"In {runs} something else kept more than {text.limit(NOTABLE)} of the CPUs busy: see each experiment"
    return WarningGroup(title=title, items=[], more=0, link="experiments")


def _growing(campaign: Campaign, doubts: Doubts) -> WarningGroup | None:
    runs = [key for key in doubts if not is_baseline(key[0])]
    growing = [key for key in runs if any(doubt.kind == GROWING for doubt in doubts[key])]
    if not growing:
        return None
    limit = text.limit(campaign.plan.suite.thresholds.notable_growth)
    verb = "grows" if len(growing) == 1 else "grow"
    title = f"In {len(growing)} of {text.several(len(runs), 'run')} the store {verb} by more than {limit} in the window"
    return WarningGroup(title=title.replace("store grow by", "stores grow by"), items=[], more=0, link="runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningsView:
    """What the section shows."""

    groups: list[WarningGroup]


def section(campaign: Campaign, doubts: Doubts) -> Section | None:
    """The runs to be careful with, by reason."""
    groups = warnings(campaign, doubts)
    return (
        Section(anchor="warnings", title="Runs to be careful with", view=WarningsView(groups=groups))
        if groups
        else None
    )
