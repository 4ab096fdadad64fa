"""Whether repeats agree, how precise their means are, and how many repeats the wanted precision needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from loadstone import text
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts
from loadstone.report.means import Mean, estimated
from loadstone.report.section import Section
from loadstone.report.sections.warnings import means_of
from loadstone.results.bounded import Bounded
from loadstone.results.repeats import ExperimentRepeats
from loadstone.theory.intervals import MIN_FOR_INTERVAL, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatsRow:
    """What the repeats of one experiment show together."""

    experiment: str
    runs: str
    """How many runs there were, and how many of them count."""
    counted: int
    """Number of runs that count."""
    throughput: Mean | None
    response: Mean | None
    reached: float | None
    """Half the width of the wider of the two intervals over its value; None where runs are too few for intervals."""
    wanted: float
    needed: int | None
    disagreements: tuple[str, ...]


def repeats_rows(campaign: Campaign) -> list[RepeatsRow]:
    """List all experiments, in the page's order."""
    known = campaign.repeats.experiments
    return [_row(name, known[name], len(campaign.runs_of(name))) for name in campaign.experiments if name in known]


def _row(name: str, repeats: ExperimentRepeats, runs: int) -> RepeatsRow:
    both = [_half_width(repeats.intervals.get(metric), repeats.runs) for metric in ("throughput_rps", "mean_ms")]
    known = [half for half in both if half is not None]
    return RepeatsRow(
        experiment=name,
        runs=text.runs(repeats.runs, runs),
        counted=repeats.runs,
        throughput=estimated(repeats.intervals.get("throughput_rps"), repeats.values.get("throughput_rps", ())),
        response=estimated(repeats.intervals.get("mean_ms"), repeats.values.get("mean_ms", ())),
        reached=max(known) if len(known) == len(both) else None,
        wanted=repeats.precision,
        needed=repeats.needed,
        disagreements=repeats.disagreements,
    )


def _half_width(interval: Bounded | None, runs: int) -> float | None:
    if interval is None or interval.value is None:
        return None
    with_runs = Interval(value=interval.value, low=interval.low, high=interval.high, runs=runs)
    return with_runs.relative_half_width


def once_sentence(rows: Sequence[RepeatsRow]) -> str:
    """State where there are no intervals, and why."""
    once = [row.experiment for row in rows if row.counted == 1]
    if not once:
        return ""
    begin = (
        "Every experiment was run once"
        if len(once) == len(rows)
        else f"These experiments have one run that counts: {text.named(once, 4)}"
    )
    return (
        f"{begin}. One run does not show how much such figures vary, so they have no interval. Measure "
        f"{MIN_FOR_INTERVAL} repeats or more to get one."
    )


def left_out_sentence(campaign: Campaign) -> str:
    """State how many runs the means on the page leave out, and why."""
    bad = [key for key in campaign.own_runs if key in campaign.unsound]
    if not bad:
        return ""
    kinds = text.named(sorted({str(campaign.judged[key].verdict) for key in bad}))
    return (
        f"{text.count(len(bad))} of {text.several(len(campaign.own_runs), 'run')} must not be used ({kinds}), "
        f"{means_of(campaign, bad)}."
    )


def agreement_sentence(rows: Sequence[RepeatsRow]) -> str:
    """State in how many experiments repeats agree."""
    repeated = [row for row in rows if row.counted > 1]
    if not repeated:
        return ""
    apart = [row for row in repeated if row.disagreements]
    of = "repeated experiment" if len(repeated) == 1 else "repeated experiments"
    if not apart:
        every = f"all {text.count(len(repeated))}" if len(repeated) > 1 else "the one"
        return f"Repeats agree within the thresholds in {every} {of}."
    return f"Repeats disagree in {len(apart)} of {text.count(len(repeated))} {of}; the table shows how."


def precision_sentence(rows: Sequence[RepeatsRow]) -> str:
    """State how many experiments reached the wanted precision, and how many repeats it needs."""
    judged = [row.reached <= row.wanted for row in rows if row.reached is not None]
    needed = [row.needed for row in rows if row.needed is not None]
    sentences = []
    if judged:
        sentences.append(
            f"{sum(judged)} of {text.several(len(judged), 'experiment')} with intervals reached the wanted precision "
            "(±2 % unless the suite asks for another): half the 95 % interval of throughput, and of mean response "
            "time, over the mean."
        )
    if len(needed) > 1:
        sentences.append(
            "By the spread of their repeats, half of the repeated experiments need "
            f"{text.count(median(needed))} repeats or more for the wanted precision."
        )
    return " ".join(sentences)


def few_sentence(rows: Sequence[RepeatsRow]) -> str:
    """State that runs are shown in place of an interval where there are few of them, and why."""
    few = [row for row in rows if 1 < row.counted < MIN_FOR_INTERVAL]
    if not few:
        return ""
    who = f"All {len(few)} experiments" if len(few) == len(rows) > 1 else text.several(len(few), "experiment")
    return (
        f"{who} {'has' if len(few) == 1 else 'have'} 2 or 3 runs: under each mean are the runs themselves. "
        "An interval of 2 runs reaches 12.7 standard errors to either side, and one of 3 runs 4.3, because so few runs "
        "show little about their own scatter."
    )


def drift_sentence(campaign: Campaign) -> str:
    """State whether the campaign drifted."""
    drift = campaign.repeats.drift
    if drift is None:
        return "There are too few runs of the same experiment to detect a drift over the campaign."
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
        few_sentence(rows),
        drift_sentence(campaign),
    )
    view = RepeatsView(rows=rows, sentences=[sentence for sentence in sentences if sentence])
    return Section(anchor="repeats", title="Method: do repeats agree?", view=view)
