"""Judge the hypotheses of a campaign together, so that at most 5 % of campaigns judge any of them wrongly.

The family are all hypotheses that intervals of measured runs decide, also the ones that turn out not to be judgeable.
A look at a hypothesis happens when all of its experiments have the repeats of one more block.

Intervals are two-sided. A hypothesis with one bound can be judged wrongly on one side only, so its own probability of
an error is half of what it may be; the other half is a reserve.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from loadstone.analyse.collect_evidence import HypothesisData, collect_evidence, experiments_of
from loadstone.analyse.conclusion import Conclusion
from loadstone.analyse.evidence import Evidence
from loadstone.analyse.metrics import NotJudgeable
from loadstone.results.hypotheses import Outcome
from loadstone.suite.hypotheses import Hypothesis
from loadstone.theory.intervals import CONFIDENCE
from loadstone.theory.sequential import level_of_look, step_down


@dataclass(frozen=True, slots=True)
class Member:
    """One hypothesis of the family."""

    evidence: Evidence | NotJudgeable
    """Or why there is none."""
    first: int
    """Blocks at its first look."""
    last: int
    """Blocks at its last look."""
    behind: tuple[str, ...] = ()
    """Experiments whose next repeat makes the next look; none after the last look."""

    @property
    def looks(self) -> int:
        """How many times it may be judged."""
        return self.last - self.first + 1

    def decided_at(self, level: float) -> bool:
        """Whether it is decided if all its looks together may err with this probability."""
        if isinstance(self.evidence, NotJudgeable):
            return False
        return self.evidence.outcome(1 - level_of_look(level, self.first, self.last)) != Outcome.INCONCLUSIVE

    def conclude(self, level: float, family: int) -> Conclusion:
        """Judge it at this level, over all its looks."""
        confidence = 1 - level_of_look(level, self.first, self.last)
        if isinstance(self.evidence, NotJudgeable):
            conclusion = Conclusion(outcome=Outcome.INCONCLUSIVE, evidence=str(self.evidence), level=confidence)
        else:
            conclusion = self.evidence.conclude(confidence, _note(family, self.looks))
            if conclusion.outcome == Outcome.INCONCLUSIVE:
                conclusion = replace(conclusion, next_look=self.behind)
        return replace(conclusion, family=family, looks=self.looks)


def _note(family: int, looks: int) -> str:
    together = f", judged together with {family - 1} other{'s' * (family > 2)}" if family > 1 else ""
    return together + (f", up to {looks} looks" if looks > 1 else "")


def judge_family(hypotheses: Mapping[str, Hypothesis], data: HypothesisData) -> Iterator[tuple[str, Conclusion]]:
    """Judge the hypotheses that intervals of measured runs decide, together."""
    members = {name: _member(each, data) for name, each in hypotheses.items() if is_measured(each)}
    steps = step_down([member.decided_at for member in members.values()], 1 - CONFIDENCE)
    for (name, member), step in zip(members.items(), steps, strict=True):
        yield name, member.conclude(step.level, len(members))


def is_measured(hypothesis: Hypothesis) -> bool:
    """Whether an interval of measured runs decides: not a verdict, and not a published row."""
    return hypothesis.bottleneck is None and (hypothesis.value is None or hypothesis.value.published is None)


def _member(hypothesis: Hypothesis, data: HypothesisData) -> Member:
    experiments = experiments_of(hypothesis, data)
    try:
        evidence: Evidence | NotJudgeable = collect_evidence(hypothesis, data)
    except NotJudgeable as error:
        evidence = error
    first, last = looks_of(experiments, data)
    blocks = {name: data.metrics.blocks([name]) for name in experiments}
    fewest = min(blocks.values())
    behind = [name for name, own in blocks.items() if own == fewest] if fewest < last else []
    return Member(evidence, first, last, tuple(behind))


def looks_of(experiments: Sequence[str], data: HypothesisData) -> tuple[int, int]:
    """Return the fewest and the most blocks that all experiments can be in: there is a look at each number."""
    repeats = [data.metrics.measured.plan.experiments[name].repeats for name in experiments]
    return min(each.min for each in repeats), min(each.max for each in repeats)
