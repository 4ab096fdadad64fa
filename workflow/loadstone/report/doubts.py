"""Which runs a reader should be careful with, and why."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from loadstone import text
from loadstone.plan.baselines import UNLOADED, ceiling_name, is_baseline, unloaded_names
from loadstone.plan.schedule import Plan
from loadstone.report.campaign import Campaign
from loadstone.report.other_load import OtherLoad, other_load
from loadstone.results.tables import RunKey
from loadstone.results.window import Window
from loadstone.suite.verdict import Verdict

UNSETTLED, DRIFTING, GROWING, FEWER = "not settled", "response drifts", "growing", "users left"
"""Kinds of doubt beside the verdicts of runs whose figures must not be used."""


GROWTH_LEVEL = 0.01
"""p-value of the slope of response times over albums, below which growth has an effect. By chance one run in a hundred
is below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One reason to be careful with a run."""

    kind: str
    text: str
    """The reason with its figures."""


Doubts = Mapping[RunKey, Sequence[Doubt]]
"""Run → the reasons to be careful with it; none for a sound run."""


def find_doubts(campaign: Campaign) -> Doubts:
    """Find the reasons to be careful with each run.

    They are errors, figures that contradict each other, others that took the CPUs, no steady state, a change of size.
    """
    judged, others = campaign.judged, other_load(campaign)
    return {key: list(_doubts(campaign, key, judged[key].verdict, others.get(key))) for key in campaign.windows}


def _doubts(campaign: Campaign, key: RunKey, verdict: str, others: OtherLoad | None) -> Iterator[Doubt]:
    window, signals = campaign.windows[key], campaign.signals[key]
    if verdict == Verdict.ERRORS:
        failed, of = signals.failures or 0.0, signals.requests or 0.0
        yield Doubt(kind=Verdict.ERRORS, text=f"{text.count(failed)} of {text.count(of)} requests failed")
    if verdict == Verdict.NEIGHBOUR:
        what = others.sentence if others else "other processes took the CPUs that it waited for"
        yield Doubt(kind=Verdict.NEIGHBOUR, text=what)
    if window.settled is False:
        kind = DRIFTING if Verdict(verdict).is_sound else UNSETTLED
        yield Doubt(kind=kind, text=window.remark or "no steady state was reached")
    elif verdict == Verdict.INVALID:
        share = text.figure(signals.consistency)
        yield Doubt(
            kind=Verdict.INVALID, text=f"X·(R+Z)/N = {share} instead of 1: users, rate and times do not fit together"
        )
    if signals.fewest_users is not None and signals.plateaus is None:
        yield Doubt(kind=FEWER, text=users_text(campaign, key))
    if window.growth > campaign.plan.suite.thresholds.notable_growth and has_effect(window):
        yield Doubt(kind=GROWING, text=growth_text(campaign, key))


def has_effect(window: Window) -> bool:
    """Whether response times changed as the store grew, or may have: an unknown effect is not ruled out."""
    p = window.growth_effect_p
    return p is None or p < GROWTH_LEVEL


def users_text(campaign: Campaign, key: RunKey) -> str:
    """State how many of a run's users ran in its window."""
    signals, wanted = campaign.signals[key], campaign.plan.experiments[key[0]].load.users
    fewest, most = signals.fewest_users or 0, signals.most_users or 0
    span = text.count(fewest) if fewest == most else f"{text.count(fewest)} to {text.count(most)}"
    return f"users running: {span} of {text.count(wanted)}"


def growth_text(campaign: Campaign, key: RunKey) -> str:
    """State how much a run's store grew, and the change in response time that went with it."""
    window = campaign.windows[key]
    before, after = window.albums or (0, 0)
    grew = f"albums {text.count(before)} → {text.count(after)} in the window"
    if window.growth_effect_ms is None:
        return grew
    effect = f"{text.signed(window.growth_effect_ms)} ms ({text.p_value(window.growth_effect_p)})"
    return f"{grew}, b·Δn = {effect}"


def reasons(found: Sequence[Doubt]) -> str:
    """Write the reasons of one run in a line."""
    return "; ".join(f"{doubt.kind}: {doubt.text}" for doubt in found)


def kinds(found: Sequence[Doubt]) -> str:
    """Name the kinds of reasons alone."""
    return ", ".join(doubt.kind for doubt in found)


def marked(table: pd.DataFrame, found: Doubts, write: Callable[[Sequence[Doubt]], str] = reasons) -> pd.DataFrame:
    """Add the column `doubt` to a table of runs: its reasons, empty for a sound run."""
    texts = {key: write(of_run) for key, of_run in found.items()}
    keys = zip(table["experiment"], table["repeat"], strict=True)
    return table.assign(doubt=[texts.get((str(name), int(repeat)), "") for name, repeat in keys])


def called(plan: Plan, name: str) -> str:
    """Name an experiment, or describe what a baseline is for."""
    if not is_baseline(name):
        return name
    users = used_by(plan, name)
    if name.startswith(UNLOADED):
        of_class = "".join(f" of {each}" for each in plan.experiments[name].load.classes or ())
        return f"unloaded response{of_class} for {text.named(users, 2)}"
    load = plan.experiments[name].load
    return f"ceiling of {load.user}, {text.several(load.workers, 'worker')}"


def used_by(plan: Plan, baseline: str) -> list[str]:
    """Name the experiments and probes that are judged against a baseline."""
    return [
        name
        for name, settings in plan.experiments.items()
        if not is_baseline(name) and baseline in (*unloaded_names(settings, plan.added), ceiling_name(settings))
    ]


def unusable(verdict: Verdict, doubts: Sequence[Doubt]) -> str | None:
    """State why an experiment's figures must not be used; None where they can be."""
    if verdict.is_sound:
        return None
    texts = dict.fromkeys(doubt.text for doubt in doubts if doubt.kind != GROWING)
    return "; ".join(texts) or verdict
