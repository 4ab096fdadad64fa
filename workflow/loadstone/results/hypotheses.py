"""`hypotheses.json`: what became of each hypothesis of the suite. `analyse` writes it."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, RootModel

from loadstone.results.bounded import Known
from loadstone.results.json_file import read_json
from loadstone.suite.types import Model


class Outcome(StrEnum):
    """Where the interval of the effect lies: inside what is expected, outside, or neither."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"


class JudgedHypothesis(Model):
    """One hypothesis and its outcome."""

    id: str
    """Its name in the suite."""
    claim: str
    test: str
    """Key of its test: compare, value, trend or bottleneck."""
    expect: str
    outcome: Outcome
    effect: Known
    """A ratio, the metric, or its change; None where there is none."""
    low: Known
    high: Known
    unit: str
    runs: int
    """Runs that the effect rests on."""
    gate: bool
    evidence: str
    """A sentence with the figures."""
    level: Known = 0.95
    """Confidence of the interval from `low` to `high`, by which it was judged; None for a test of the verdict."""
    family: int = Field(default=0, ge=0)
    """Number of hypotheses judged together with it, itself included: all those judged by an interval of measured runs.
    At most 5 % of campaigns judge any of them wrongly. 0 for a test of the verdict and for a published row."""
    looks: int = Field(default=1, ge=1)
    """How many times it may be judged while its campaign runs; 1 if numbers of repeats are fixed."""
    variance_shares: dict[str, float] = Field(default_factory=dict)
    """Experiment → the share of the effect's variance that its runs contribute, 1 in all. Equal shares for a trend and
    where runs are compared in pairs. Empty if there are no figures to judge by."""
    narrowing: Known = None
    """Factor below 1 by which the interval's half width would have to shrink for a decision, if the estimate stayed.
    None if the hypothesis is decided, or if the interval has no bounds."""
    next_look: tuple[str, ...] = ()
    """Experiments that need one more repeat each for the next look at it: the ones with the fewest repeats. Empty if it
    is decided, if there are no figures to judge by, or after its last look."""


class JudgedHypotheses(RootModel[tuple[JudgedHypothesis, ...]]):
    """The whole file, in the order of names."""


def read_hypotheses(path: Path) -> tuple[JudgedHypothesis, ...]:
    """Read the file. Raises `ResultError` where it is missing, `DamagedError` where it is damaged."""
    return read_json(JudgedHypotheses, path).root
