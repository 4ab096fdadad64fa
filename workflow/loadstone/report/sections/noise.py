"""How noisy the machine was before the campaign, and which differences its repeats can show."""

from collections.abc import Iterator
from dataclasses import dataclass

from loadstone import text
from loadstone.analyse.noise import expect_by_check, expect_by_repeats, find_change, find_remedies, write_figures
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts
from loadstone.report.section import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What the section shows."""

    sentences: list[str]
    remedies: list[str]
    """What disturbed at the last check, and what to do about it."""
    figures: list[tuple[str, str]]
    """Figures of the last check: name and value; none without a check."""
    missing: list[str]
    """What the last check could not read."""


def noise(campaign: Campaign) -> Noise:
    """State what the campaign's checks show."""
    last = campaign.noise[-1] if campaign.noise else None
    return Noise(
        sentences=list(_sentences(campaign)),
        remedies=[] if last is None else list(find_remedies(last)),
        figures=[] if last is None else list(write_figures(last)),
        missing=[] if last is None else list(last.missing),
    )


def _sentences(campaign: Campaign) -> Iterator[str]:
    expected = expect_by_repeats(campaign.repeats, "this campaign")
    if expected is None and campaign.noise:
        expected = expect_by_check(campaign.noise[-1])
    if expected is not None:
        yield f"{expected.sentence} This is {expected.grounds}."
    change = find_change(campaign.noise)
    if change is not None:
        yield text.sentence([change])
    if len(campaign.noise) > 1:
        yield (
            f"The campaign was measured in {text.several(len(campaign.noise), 'part')}, with a check before each. "
            "The figures below are of the last one."
        )
    if campaign.noise_problem:
        yield f"The checks of the machine cannot be used: {campaign.noise_problem}."
    elif not campaign.noise:
        yield "No check of the machine before these runs is stored: the next campaign makes one."


def section(campaign: Campaign, _: Doubts) -> Section:
    """The machine's noise."""
    return Section(anchor="noise", title="How noisy the machine was", view=noise(campaign))
