"""Where a campaign's time went: how much of it lay in windows, and which repeats the looks granted."""

from dataclasses import dataclass

from loadstone import text
from loadstone.plan.probes import is_follow_up
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts
from loadstone.report.section import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRow:
    """One experiment with repeats by need, or a probe that was granted."""

    experiment: str
    repeats: int
    bounds: str
    """Repeats that were sure, and the most that were allowed."""
    granted: str
    """Questions for which looks granted repeats; a dash if they granted none."""
    rested: str
    """Why it got no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LooksView:
    """What the section shows."""

    sentences: list[str]
    rows: list[LookRow]


def effort_sentence(campaign: Campaign) -> str:
    """State how long the campaign took, and how much of that was measured."""
    effort = campaign.repeats.effort
    if effort is None:
        return ""
    share = text.percent(effort.window_s / effort.campaign_s)
    return (
        f"The campaign took about {text.clock(effort.campaign_s)} for {text.several(effort.runs, 'run')}, of which "
        f"{share} lay in windows. The rest is ramp-up, warm-up, starting and stopping, and the stages after measuring."
    )


def looks_sentence(campaign: Campaign) -> str:
    """State how many repeats the looks granted."""
    if not campaign.looks:
        return ""
    probes = sum(is_follow_up(name) for look in campaign.looks for name in look.granted)
    granted = sum(len(look.granted) for look in campaign.looks) - probes
    last = campaign.looks[-1]
    budget = f" The budget is {text.clock(last.budget_s)}." if last.budget_s else ""
    if not granted and not probes:
        return f"A look at the results granted no further repeat.{budget}"
    looks = text.several(len(campaign.looks), "look")
    parts = [text.several(granted, "further repeat")] * bool(granted) + [text.several(probes, "probe")] * bool(probes)
    return f"{looks} at the results granted {' and '.join(parts)}; the table states for which question.{budget}"


def look_rows(campaign: Campaign) -> list[LookRow]:
    """List the experiments with repeats by need, in the page's order."""
    rows = []
    for name in campaign.experiments:
        found = [look.experiments[name] for look in campaign.looks if name in look.experiments]
        if not found:
            continue
        bounds = campaign.plan.experiments[name].repeats
        repeats = campaign.plan.repeats[name]
        reasons = dict.fromkeys(each.reason for each in found if each.more)
        most = f"{bounds.max} repeats are the most allowed" if repeats == bounds.max else "the looks ended"
        rows.append(
            LookRow(
                experiment=name,
                repeats=repeats,
                bounds=f"0 or {bounds.min}" if is_follow_up(name) else f"{bounds.min} to {bounds.max}",
                granted="; ".join(reasons) or "–",
                rested="a probe has no more" if is_follow_up(name) else most if found[-1].more else found[-1].reason,
            )
        )
    return rows


def section(campaign: Campaign, _: Doubts) -> Section | None:
    """Where the time went."""
    sentences = [sentence for sentence in (effort_sentence(campaign), looks_sentence(campaign)) if sentence]
    if not sentences:
        return None
    view = LooksView(sentences=sentences, rows=look_rows(campaign))
    return Section(anchor="looks", title="Method: where did the time go?", view=view)
