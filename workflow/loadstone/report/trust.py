"""How far to trust a campaign, in one line: how many runs can be used and the main doubt, or that there is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from loadstone import text
from loadstone.analyse.noise import find_change
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts
from loadstone.report.sections.warnings import doubt_clauses, no_doubt_sentence
from loadstone.report.title import imported
from loadstone.theory.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """How far to trust a campaign."""

    main: str
    """How many runs can be used, and the main doubt or that there is none."""
    others: list[str]
    """The other doubts, a sentence each."""
    sound: bool
    """Whether there is no doubt."""


def trust(campaign: Campaign, doubts: Doubts) -> Trust:
    """Find the main doubt, and the others."""
    grave, light = doubt_clauses(campaign, doubts)
    clauses = [*_origin(campaign), *_failed_checks(campaign), *grave, *_of_repeats(campaign), *light]
    sentences = [text.sentence([clause]) for clause in clauses]
    if not sentences:
        return Trust(main=f"{no_doubt_sentence(campaign)}{_precision(campaign)}", others=[], sound=True)
    main = f"{_usable(campaign)} The main doubt: {clauses[0]}."
    return Trust(main=main, others=sentences[1:], sound=False)


def _usable(campaign: Campaign) -> str:
    runs = len(campaign.own_runs)
    bad = sum(key in campaign.unsound for key in campaign.own_runs)
    if not bad:
        return "The run can be used." if runs == 1 else f"All {text.count(runs)} runs can be used."
    return f"{text.count(runs - bad)} of {text.several(runs, 'run')} can be used."


def _origin(campaign: Campaign) -> Iterator[str]:
    """State that the figures were imported, and what they therefore lack."""
    records = [record.imported for record in campaign.records if record.imported is not None]
    if not records:
        return
    missing = list(dict.fromkeys(what for each in records for what in each.missing))
    yield f"{imported(campaign)}; unknown: {', '.join(missing)}"
    if unreadable := sum(each.unreadable for each in records):
        rows = sum(each.rows for each in records)
        yield f"{text.count(unreadable)} of {text.several(rows, 'row')} of the logs could not be read and are left out"


def _failed_checks(campaign: Campaign) -> Iterator[str]:
    failed = sum(any(not check.ok for check in record.checks) for record in campaign.records)
    if failed:
        yield f"checks failed in {text.count(failed)} of {text.several(len(campaign.records), 'run')}"


def _of_repeats(campaign: Campaign) -> Iterator[str]:
    """State what repeats show: a drift, disagreement, or that there are none."""
    drift, change = campaign.repeats.drift, find_change(campaign.noise)
    if drift is not None and drift.named:
        yield drift.sentence
    if change is not None:
        yield change
    known = [each for name in campaign.experiments if (each := campaign.repeats.experiments.get(name))]
    apart = sum(bool(each.disagreements) for each in known)
    if apart:
        yield (
            f"repeats differ beyond the thresholds in {text.count(apart)} of {text.several(len(known), 'experiment')}"
        )
    once = sum(each.runs == 1 for each in known)
    if once and once == len(known):
        yield "every experiment was run once, so it is not known how much the figures vary by chance"
    elif once:
        yield (
            f"{text.several(once, 'experiment')} of {text.count(len(known))} {'has' if once == 1 else 'have'} one run "
            "that counts, so it is not known how much their figures vary by chance"
        )


def _precision(campaign: Campaign) -> str:
    """State how precise requests/s are, and how often experiments were run."""
    known = [each for name in campaign.experiments if (each := campaign.repeats.experiments.get(name))]
    halves = [
        Interval(value=found.value, low=found.low, high=found.high, runs=each.runs).relative_half_width
        for each in known
        if (found := each.intervals.get("throughput_rps")) and found.value is not None and found.low is not None
    ]
    widths = [half for half in halves if half is not None]
    runs = sorted(each.runs for each in known)
    if not runs:
        return ""
    times = f"{runs[0]}" if runs[0] == runs[-1] else f"{runs[0]} to {runs[-1]}"
    sentence = f" Each experiment has {times} runs, and they agree."
    return f"{sentence} Their requests/s are known to ±{text.percent(median(widths))} or so." if widths else sentence
