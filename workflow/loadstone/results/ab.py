"""`ab.json`: two commits compared. `loadstone ab` writes it."""

from enum import StrEnum
from pathlib import Path
from typing import Literal

from loadstone.results.bounded import Bounded, Known
from loadstone.results.json_file import read_json
from loadstone.suite.types import FolderName, Model
from loadstone.suite.verdict import Verdict

SideName = Literal["A", "B"]


class AbFinding(StrEnum):
    """What the second commit amounts to, next to the first. The gravest comes first."""

    FAILS_MORE = "fails more"
    SLOWER = "slower"
    CANNOT_TELL = "can't tell"
    FASTER = "faster"
    NO_CHANGE = "no change"


class AbSide(Model):
    """One of the two commits."""

    name: str
    """As given on the command line: a branch, a tag or a hash."""
    commit: str
    """The full hash."""

    @property
    def label(self) -> str:
        """The name and the beginning of the hash."""
        return self.name if self.commit.startswith(self.name) else f"{self.name} ({self.commit[:7]})"


class AbRun(Model):
    """One run."""

    side: SideName
    pair: int
    """Both runs of a pair have the same number, follow each other, and have the same seed."""
    verdict: Verdict | None
    """What limited its throughput; None if the run broke."""
    left_out: str | None
    """Why it does not count; None if it counts."""
    requests: int
    """Requests in its window; 0 if it broke."""
    failures: int
    """Those of them that failed."""
    mean_ms: Known
    """Of successful requests."""
    goodput_rps: Known
    """Successful requests per second."""


class AbMetric(Model):
    """A figure of both commits. Values are geometric means over the pairs that count."""

    a: Known
    b: Known
    ratio: Bounded | None
    """B divided by A, with the interval at the comparison's `confidence`."""
    finding: AbFinding | None
    """None if the figure is shown and not judged."""


class AbFailures(Model):
    """How much failed with each commit, A first."""

    runs: tuple[int, int]
    """Runs that broke or had too many errors."""
    shares: tuple[Known, Known]
    """Share of requests that failed: the mean over runs. Broken and invalid runs are left out."""
    finding: AbFinding | None
    """*fails more* if that is shown, *can't tell* if B failed more and it is not shown; None otherwise."""
    reason: str
    """What the finding rests on, in words; empty without one."""


class AbExperiment(Model):
    """One experiment under both commits."""

    experiment: FolderName
    finding: AbFinding
    reason: str
    """What the finding rests on, in words."""
    pairs: int
    """Pairs that count."""
    planned_pairs: int
    limits: tuple[str, str]
    """What limited throughput with A and with B."""
    mean_ms: AbMetric
    goodput_rps: AbMetric
    failures: AbFailures
    runs: tuple[AbRun, ...]
    expected_s: float
    """Wall-clock seconds that its runs were expected to take."""


class AbResult(Model):
    """A comparison of two commits."""

    a: AbSide
    b: AbSide
    margin: float
    """Relative change up to which nothing counts as slower or faster."""
    confidence: float
    """Of each interval, so that all intervals of all experiments hold together with 95 %."""
    outcome: str
    """The answer in one sentence."""
    experiments: tuple[AbExperiment, ...]

    @property
    def finding(self) -> AbFinding:
        """The gravest finding of its experiments."""
        return min((compared.finding for compared in self.experiments), key=tuple(AbFinding).index)

    @property
    def exit_code(self) -> int:
        """1 if something is slower or fails more, otherwise 2 if something cannot be told, otherwise 0."""
        return {AbFinding.FAILS_MORE: 1, AbFinding.SLOWER: 1, AbFinding.CANNOT_TELL: 2}.get(self.finding, 0)


def read_ab(path: Path) -> AbResult:
    """Read `ab.json`. Raises `ResultError` if it is missing, `DamagedError` if it is damaged."""
    return read_json(AbResult, path)
