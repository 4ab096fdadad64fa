"""The outcome of each hypothesis: refuted ones first, since they change what a reader believed."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from loadstone import text
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts
from loadstone.report.section import Section
from loadstone.results.hypotheses import JudgedHypothesis, Outcome
from loadstone.suite.hypotheses import Hypothesis

ORDER = (Outcome.REFUTED, Outcome.INCONCLUSIVE, Outcome.SUPPORTED)
SIGNS = {Outcome.REFUTED: "✗", Outcome.INCONCLUSIVE: "?", Outcome.SUPPORTED: "✓"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisRow:
    """One hypothesis and its outcome."""

    name: str
    claim: str
    outcome: str
    sign: str
    effect: str
    """With its unit; a dash for a test without one."""
    interval: str
    """Its interval; empty where there is none."""
    level: str
    """The interval's confidence; empty where there is none."""
    expected: str
    evidence: str
    gate: str
    """Whether the gate passes or fails; empty for a hypothesis that is no gate."""
    about_published: bool
    """Whether it is about experiments that repeat published rows."""
    surprise: float
    """How far the effect is from none: |ln ratio|; infinite for a test of the verdict."""


def hypothesis_rows(campaign: Campaign) -> list[HypothesisRow]:
    """List all hypotheses: refuted, then inconclusive, then supported ones, each in the suite's order."""
    suite = campaign.plan.suite
    repeating = set(suite.published.rows) if suite.published else set()
    about = {name for name, each in suite.hypotheses.items() if _experiments(each) & repeating}
    rows = [_row(each, each.id in about) for each in campaign.hypotheses]
    return sorted(rows, key=lambda row: ORDER.index(row.outcome))


def _experiments(hypothesis: Hypothesis) -> set[str]:
    """Name the experiments that a test compares, measures or judges."""
    if hypothesis.compare is not None:
        return {name for name, _ in hypothesis.compare.sides}
    return {str(hypothesis.value.of)} if hypothesis.value is not None else {str(hypothesis.bottleneck)}


def _row(hypothesis: JudgedHypothesis, about_published: bool) -> HypothesisRow:
    unit, signed = hypothesis.unit, hypothesis.test == "trend"
    has_interval = hypothesis.low is not None and hypothesis.high is not None
    low, high = (text.quantity(bound, unit, sign=signed) for bound in (hypothesis.low, hypothesis.high))
    outcome = hypothesis.outcome
    return HypothesisRow(
        name=hypothesis.id,
        claim=hypothesis.claim,
        outcome=outcome,
        sign=SIGNS[outcome],
        effect=text.quantity(hypothesis.effect, unit, sign=signed),
        interval=f"{low} to {high}" if has_interval else "",
        level=text.confidence(hypothesis.level) if has_interval and hypothesis.level is not None else "",
        expected=hypothesis.expect,
        evidence=hypothesis.evidence,
        gate=_gate(hypothesis.gate, outcome),
        about_published=about_published,
        surprise=_surprise(hypothesis),
    )


def _gate(gate: bool, outcome: Outcome) -> str:
    if not gate:
        return ""
    return {Outcome.REFUTED: "fails", Outcome.SUPPORTED: "passes"}.get(outcome, "passes, undecided")


def _surprise(hypothesis: JudgedHypothesis) -> float:
    if hypothesis.test == "bottleneck":
        return math.inf
    effect, unit = hypothesis.effect, hypothesis.unit
    if effect is None or unit not in ("ratio", "share"):
        return 0.0
    ratio = effect if unit == "ratio" else 1 + effect
    return abs(math.log(ratio)) if ratio > 0 else math.inf


def outcome_sentence(rows: Sequence[HypothesisRow]) -> str:
    """Count the outcomes."""
    if not rows:
        return ""
    counts = Counter(row.outcome for row in rows)
    parts = [f"{counts[outcome]} {outcome}" for outcome in ORDER if counts[outcome]]
    return f"{text.several(len(rows), 'hypothesis')}: {', '.join(parts)}."


def family_sentences(hypotheses: Sequence[JudgedHypothesis]) -> str:
    """State which hypotheses are judged together, and how many times they may be judged."""
    together = [each for each in hypotheses if each.family]
    alone = len(hypotheses) - len(together)
    parts = []
    if len(together) > 1:
        parts.append(
            f"{text.several(len(together), 'hypothesis')} are judged together (Holm's procedure), so that at most 5 % "
            "of campaigns hold a wrong judgement on any of them. The confidence that this takes is written next to "
            "each interval."
        )
    if together and alone:
        others, are = ("1 other tests", "is") if alone == 1 else (f"{text.count(alone)} others test", "each is")
        parts.append(f"{others} a verdict or a published row, and {are} judged by itself.")
    looks = max((each.looks for each in together), default=1)
    if looks > 1:
        parts.append(
            f"Repeats follow need: a hypothesis may be judged up to {looks} times, and each of these looks has its "
            "share of the 5 %."
        )
    return " ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesesView:
    """What the section shows."""

    rows: list[HypothesisRow]
    lead: str
    family: str
    """Which hypotheses are judged together; empty for one that is judged once."""


def section(campaign: Campaign, _: Doubts) -> Section | None:
    """The outcome of each hypothesis."""
    rows = hypothesis_rows(campaign)
    if not rows:
        return None
    view = HypothesesView(rows=rows, lead=outcome_sentence(rows), family=family_sentences(campaign.hypotheses))
    return Section(anchor="hypotheses", title="Hypotheses", navigation="Hypotheses", view=view)
