"""Whether repeats agree, how precise they are together, and how many more the wanted precision takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from loadstone import text
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts
from loadstone.report.estimates import Estimate, estimated
from loadstone.report.section import Section
from loadstone.results.bounded import Bounded
from loadstone.results.repeats import ExperimentRepeats
from loadstone.theory.intervals import Interval

REACH = {2: "12.7", 3: "4.3"}
"""Runs → how many standard errors a 95 % interval by Student's t reaches to either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatsRow:
    """What the repeats of one experiment say together."""

    experiment: str
    runs: str
    """How many there were, and how many of them the figures are of."""
    counted: int
    """Those that they are of."""
    throughput: Estimate | None
    response: Estimate | None
    reached: float | None
    """The wider of their two intervals: half its width over the value, as the analysis has it (nothing cut off)."""
    wanted: float
    needed: int | None
    disagreements: tuple[str, ...]


def repeats_rows(campaign: Campaign) -> list[RepeatsRow]:
    """List all experiments, in the page's order."""
    known = campaign.repeats.experiments
    return [_row(name, known[name], len(campaign.runs_of(name))) for name in campaign.experiments if name in known]


def _row(name: str, found: ExperimentRepeats, runs: int) -> RepeatsRow:
    both = [_half_width(found.intervals.get(metric), found.runs) for metric in ("throughput_rps", "mean_ms")]
    known = [half for half in both if half is not None]
    return RepeatsRow(
        experiment=name,
        runs=text.runs(found.runs, runs),
        counted=found.runs,
        throughput=estimated(found.intervals.get("throughput_rps")),
        response=estimated(found.intervals.get("mean_ms")),
        reached=max(known) if len(known) == len(both) else None,
        wanted=found.precision,
        needed=found.needed,
        disagreements=found.disagreements,
    )


def _half_width(interval: Bounded | None, runs: int) -> float | None:
    if interval is None or interval.value is None:
        return None
    found = Interval(value=interval.value, low=interval.low, high=interval.high, runs=runs)
    return found.relative_half_width


def once_sentence(rows: Sequence[RepeatsRow]) -> str:
    """Say in words where there are no intervals, and why."""
    once = [row.experiment for row in rows if row.counted == 1]
    if not once:
        return ""
    begin = (
        "Every experiment was run once"
        if len(once) == len(rows)
        else f"Run once, or once that counts: {text.named(once, 4)}"
    )
    return (
        f"{begin}. How much such figures would differ the next time is not known, so no interval is shown for them "
        "anywhere; more repeats would tell."
    )


def left_out_sentence(campaign: Campaign) -> str:
    """Say how many runs the means on the page leave out, and why."""
    runs = [key for name in campaign.experiments for key in campaign.runs_of(name)]
    used = sum(len(campaign.used_of(name)) for name in campaign.experiments)
    if used == len(runs):
        return ""
    return (
        f"Means leave out {text.count(len(runs) - used)} of {text.several(len(runs), 'run')}, which were judged "
        "invalid or full of errors; where no run of an experiment is sound, all of them are taken, and it is marked."
    )


def agreement_sentence(rows: Sequence[RepeatsRow]) -> str:
    """Say how many experiments' repeats agree."""
    repeated = [row for row in rows if row.counted > 1]
    if not repeated:
        return ""
    apart = [row for row in repeated if row.disagreements]
    of = f"{text.several(len(repeated), 'experiment')} with repeats"
    if not apart:
        return f"{of}: in none do they disagree beyond the thresholds."
    return f"{of}: in {len(apart)} they disagree; the table names what sets them apart."


def precision_sentence(rows: Sequence[RepeatsRow]) -> str:
    """Say where the wanted precision was reached."""
    repeated = [row for row in rows if row.counted > 1]
    if not repeated:
        return ""
    precise = [row for row in repeated if row.reached is not None and row.reached <= row.wanted]
    needed = [row.needed for row in repeated if row.needed is not None]
    more = ""
    if len(needed) > 1:
        more = f" Going by their spread, half of them need {text.count(median(needed))} repeats or more."
    return (
        "The wanted precision (half the 95 % interval of throughput, and of mean response, over the mean) was reached "
        f"by {len(precise)} of {text.several(len(repeated), 'experiment')} with repeats.{more}"
    )


def width_sentence(campaign: Campaign) -> str:
    """Say how wide an interval of few runs is by itself."""
    fewest = min((e.runs for e in campaign.repeats.experiments.values() if e.runs > 1), default=0)
    errors = REACH.get(fewest)
    if errors is None:
        return ""
    return (
        f"Of {fewest} runs, a 95 % interval reaches {errors} standard errors to either side: it is wide "
        "because so few runs know little about their own scatter. What it has below 0 is cut off."
    )


def drift_sentence(campaign: Campaign) -> str:
    """Say whether the campaign drifted."""
    drift = campaign.repeats.drift
    if drift is None:
        return "Too few runs of the same experiment to tell whether the machine drifted over the campaign."
    sentence: str = drift.sentence
    return sentence[:1].upper() + sentence[1:] + "."


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatsView:
    """What the section shows."""

    rows: list[RepeatsRow]
    sentences: list[str]


def section(campaign: Campaign, _: Doubts) -> Section:
    """Whether repeats agree, and how precise their means are."""
    rows = repeats_rows(campaign)
    sentences = (
        once_sentence(rows),
        left_out_sentence(campaign),
        agreement_sentence(rows),
        precision_sentence(rows),
        width_sentence(campaign),
        drift_sentence(campaign),
    )
    view = RepeatsView(rows=rows, sentences=[sentence for sentence in sentences if sentence])
    return Section(anchor="repeats", title="Method: do repeats agree?", view=view)
