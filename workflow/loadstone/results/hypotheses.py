"""`hypotheses.json`: what became of each hypothesis of the suite. `analyse` writes it."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, RootModel

from loadstone.results.bounded import Known
from loadstone.results.json_file import read_json
from loadstone.suite.types import Model


class Outcome(StrEnum):
    """Where the 95 % interval of the effect lies: inside what is expected, outside, or neither."""

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
    variance_shares: dict[str, float] = Field(default={})
    narrowing: float | None = None


class JudgedHypotheses(RootModel[tuple[JudgedHypothesis, ...]]):
    """The whole file, in the order of names."""


def read_hypotheses(path: Path) -> tuple[JudgedHypothesis, ...]:
    """Read the file. Raises `ResultError` where it is missing, `DamagedError` where it is damaged."""
    return read_json(JudgedHypotheses, path).root
