"""Judging several hypotheses together, and at several looks, so that wrong judgements stay rare.

A look is a judgement on the runs so far, after which more runs may follow. Each look, and each hypothesis, is one more
chance of an error. Two corrections keep the probability of any error below a given level:

- Looks: each of K looks is made at the level α/K (Bonferroni). This holds whatever the looks have in common and
  whatever test is used, as long as each look alone keeps its level. Pocock's boundary (1977) is narrower, but it rests
  on normal statistics: with looks from three runs on, Student's t exceeds it too often.
- Hypotheses: Holm's procedure (1979). What can be decided at α/m is decided first; the m - s hypotheses that are left
  after s decisions are then judged at α/(m - s). With looks it works on the levels of all looks together (Ye, Li, Liu
  & Yao 2013; Maurer & Bretz 2013).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

DecidedAt = Callable[[float], bool]
"""From a level, over all looks together, to whether a hypothesis is decided at it.

What is decided at one level is decided at all larger ones."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where Holm's procedure ended for one hypothesis."""

    level: float
    """Probability of an error at which the hypothesis was judged, over all looks together."""
    decided: bool


def level_of_look(level: float, looks: int) -> float:
    """Return the two-sided level of each look, such that all looks together err with a probability of `level` at most.

    Raises ValueError without a look.
    """
    if looks < 1:
        raise ValueError("there has to be a look")
    return level / looks


def step_down(hypotheses: Sequence[DecidedAt], level: float) -> tuple[Step, ...]:
    """Judge hypotheses together by Holm's procedure: any of them is decided wrongly with a probability of `level`.

    A hypothesis that can't be judged is one that no level decides: it counts as one of them all the same. A decided
    one has the level of the step in which it was decided, one that is left open the level of the last step.
    """
    steps: dict[int, Step] = {}
    while len(steps) < len(hypotheses):
        at = level / (len(hypotheses) - len(steps))
        left = [number for number in range(len(hypotheses)) if number not in steps]
        decided = [number for number in left if hypotheses[number](at)]
        steps |= {number: Step(at, decided=True) for number in decided}
        if not decided:
            steps |= {number: Step(at, decided=False) for number in left}
    return tuple(steps[number] for number in range(len(hypotheses)))
