"""What a closed section holds, in a few words beside its heading."""

from collections import Counter
from collections.abc import Callable

from loadstone import text
from loadstone.plan.baselines import is_baseline
from loadstone.report.campaign import Campaign
from loadstone.report.section import Section
from loadstone.report.sections.answer import counts_sentence
from loadstone.report.sections.hypotheses import hypothesis_rows
from loadstone.report.sections.warnings import WarningsView
from loadstone.report.title import imported

MAX_NAMED = 3
"""Sweeps, searches or limits that are named."""


def inside(campaign: Campaign, section: Section) -> str:
    """State what a section holds; empty where its heading says it."""
    if isinstance(section.view, WarningsView):
        return text.several(len(section.view.groups), "reason")
    write = INSIDE.get(section.anchor)
    return write(campaign) if write else ""


def _published(campaign: Campaign) -> str:
    wanted = campaign.plan.suite.published
    return text.several(len(wanted.rows), "row") if wanted else ""


def _hypotheses(campaign: Campaign) -> str:
    return counts_sentence(hypothesis_rows(campaign))


def _sweeps(campaign: Campaign) -> str:
    sweeps = campaign.plan.suite.sweeps
    return text.named([f"{name} over {sweep.vary}" for name, sweep in sweeps.items()], MAX_NAMED)


def _capacity(campaign: Campaign) -> str:
    found = campaign.searches.items()
    return text.named([f"{name}: {searched.result.slo}" for name, searched in found], MAX_NAMED)


def _verdicts(campaign: Campaign) -> str:
    counts = Counter(campaign.verdicts.experiments[name].verdict for name in campaign.experiments).most_common()
    return text.named([f"{verdict} {count}" for verdict, count in counts], MAX_NAMED)


def _experiments(campaign: Campaign) -> str:
    return f"{text.several(len(campaign.experiments), 'card')}: course, endpoints, evidence"


def _runs(campaign: Campaign) -> str:
    return text.several(len(campaign.own_runs), "run")


def _baselines(campaign: Campaign) -> str:
    return text.several(sum(map(is_baseline, campaign.plan.added)), "short run")


def _looks(campaign: Campaign) -> str:
    return text.several(len(campaign.looks), "look")


def _repeats(campaign: Campaign) -> str:
    known = [each for name in campaign.experiments if (each := campaign.repeats.experiments.get(name))]
    apart = sum(bool(each.disagreements) for each in known)
    return f"{text.count(apart)} of {text.several(len(known), 'experiment')} disagree" if apart else ""


def _provenance(campaign: Campaign) -> str:
    if imported(campaign):
        return "logs, what they do not show, thresholds"
    return "machine, versions, commands to repeat the measurement"


INSIDE: dict[str, Callable[[Campaign], str]] = {
    "published": _published,
    "hypotheses": _hypotheses,
    "sweeps": _sweeps,
    "capacity": _capacity,
    "verdicts": _verdicts,
    "experiments": _experiments,
    "runs": _runs,
    "baselines": _baselines,
    "looks": _looks,
    "repeats": _repeats,
    "provenance": _provenance,
}
"""Anchor of a section → what it holds."""
