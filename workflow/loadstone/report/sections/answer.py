"""The first screen: the answer in words and bars, the hypotheses that matter, the results, and how far to trust them.

Every sentence is computed, and left out where there is nothing to say.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loadstone import text
from loadstone.analyse.headline import server_cpu
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts
from loadstone.report.headline import Headline, make_headline
from loadstone.report.results_table import FIRST_ROWS, ResultRow, result_rows
from loadstone.report.section import Section
from loadstone.report.sections.hypotheses import HypothesisRow, hypothesis_rows
from loadstone.report.trust import Trust, trust
from loadstone.results.hypotheses import Outcome
from loadstone.suite.verdict import phrase_limits

MAX_HYPOTHESES = 4
"""Hypotheses that the first screen states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisLine:
    """One hypothesis in a line."""

    name: str
    outcome: str
    sign: str
    claim: str
    reason: str
    """What decided it, in a few words."""


def hypothesis_lines(campaign: Campaign, rows: Sequence[HypothesisRow]) -> list[HypothesisLine]:
    """Pick the hypotheses that matter: first those that change what a reader believed, then those about the answer."""
    chosen = sorted(rows, key=_matters)[:MAX_HYPOTHESES]
    by_experiment = {row.name: campaign.plan.suite.hypotheses[row.name].bottleneck for row in chosen}
    return [
        HypothesisLine(
            name=row.name,
            outcome=row.outcome,
            sign=row.sign,
            claim=row.claim.rstrip("."),
            reason=_reason(campaign, row, by_experiment),
        )
        for row in chosen
    ]


def _matters(row: HypothesisRow) -> tuple[object, ...]:
    """Refuted ones first, and of each outcome those about published experiments, gates, and the largest effects."""
    first = (Outcome.REFUTED, Outcome.SUPPORTED, Outcome.INCONCLUSIVE).index(Outcome(row.outcome))
    return first, not row.about_published, not row.gate, -row.surprise


def _reason(campaign: Campaign, row: HypothesisRow, judged: Mapping[str, str | None]) -> str:
    experiment = judged[row.name]
    if experiment is not None and experiment in campaign.verdicts.experiments:
        agreed, cpu = campaign.verdicts.experiments[experiment], server_cpu(campaign.outcomes, experiment)
        server = "" if cpu is None else f"; the server's CPU was {text.whole_percent(cpu)} busy"
        return f"{experiment}: {phrase_limits(agreed.verdict, agreed.parties)}{server}."
    if row.effect == "–":
        return text.sentence([row.evidence.rstrip(".")])
    figures = row.evidence.rpartition("): ")[2] if "): " in row.evidence else ""
    return f"{figures}: {row.effect}." if figures else f"{row.effect}, expected {row.expected}."


def counts_sentence(rows: Sequence[HypothesisRow]) -> str:
    """Count the outcomes: 19 supported, 3 refuted, 0 open."""
    counts = Counter(row.outcome for row in rows)
    return (
        f"{counts[Outcome.SUPPORTED]} supported, {counts[Outcome.REFUTED]} refuted, {counts[Outcome.INCONCLUSIVE]} open"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What the section shows."""

    headline: Headline
    trust: Trust
    hypotheses: list[HypothesisLine]
    counts: str
    """How many hypotheses have which outcome; empty without any."""
    rows: list[ResultRow]
    first: int
    """Rows that are shown at first."""
    most_rps: float
    """The longest bar of the table."""
    notes: list[str]
    """What to know of the table, in sentences."""


def section(campaign: Campaign, doubts: Doubts) -> Section:
    """The first screen."""
    rows, hypotheses = result_rows(campaign, doubts), hypothesis_rows(campaign)
    view = AnswerView(
        headline=make_headline(campaign),
        trust=trust(campaign, doubts),
        hypotheses=hypothesis_lines(campaign, hypotheses),
        counts=counts_sentence(hypotheses) if hypotheses else "",
        rows=rows,
        first=FIRST_ROWS,
        most_rps=max((row.rps or 0.0 for row in rows), default=0.0),
        notes=list(_notes(rows)),
    )
    return Section(anchor="answer", title=view.headline.text, navigation="", view=view)


def _notes(rows: Sequence[ResultRow]) -> Iterator[str]:
    """Explain the columns of the table."""
    yield "Figures are means over the runs that count; of p50 and p95, over the percentiles of each run."
    if any(row.p95_ms is None for row in rows):
        yield "A dash is a percentile that so few requests do not show."
