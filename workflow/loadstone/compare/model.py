"""The frozen types of a comparison of two campaigns; nothing is computed here.

`CampaignResults` describes one campaign as far as it is compared; `CampaignComparison` holds the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from loadstone.suite.verdict import Verdict
from loadstone.theory.intervals import Interval


class ChangeFinding(StrEnum):
    """What the change of a metric amounts to. The gravest comes first, and stands for its experiment."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    INCONCLUSIVE = "inconclusive"
    NOT_JUDGED = "not judged"
    SMALL_CHANGE = "small change"
    WITHIN_NOISE = "within noise"


GRAVEST_FIRST = tuple(ChangeFinding)

Side = Literal["before", "after"]

DEFAULT_MARGIN = 0.05
"""Relative change up to which nothing is called a regression, unless the user chooses another margin."""

DIRTY = "source.dirty"
"""The fact of the environment that shows whether the code differed from its commit: `yes` or `no`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMetric:
    """A metric that is compared."""

    name: str
    unit: str
    higher_is_better: bool = False


METRICS = {
    "throughput_rps": ComparedMetric(name="throughput", unit="/s", higher_is_better=True),
    "mean_ms": ComparedMetric(name="mean", unit="ms"),
    "p95_ms": ComparedMetric(name="p95", unit="ms"),
    "p99_ms": ComparedMetric(name="p99", unit="ms"),
}
"""Column of `summary.csv` → the metric it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run of an experiment."""

    repeat: int
    verdict: Verdict
    reason: str
    """Why the run cannot be used, with figures; empty if it can."""
    metrics: Mapping[str, float]
    """Key of `METRICS` → value; NaN if it was not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentResult:
    """One experiment in one campaign."""

    runs: tuple[RunResult, ...]
    verdict: str
    parties: tuple[str, ...]
    settings: Mapping[str, object]
    """Dotted key → value as a suite writes it; keys without a value are absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignResults:
    """One campaign, as far as it is compared."""

    experiments: Mapping[str, ExperimentResult]
    """Name → results, without baselines."""
    suite: Mapping[str, object]
    """What the suite sets for all experiments: dotted key → value."""
    environment: Mapping[str, tuple[str, ...]]
    """Fact about machine or source, such as `machine.cores` → the values that its runs recorded, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """A setting or fact that differs between the campaigns; None on the side that does not have it."""

    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricChange:
    """One metric of one experiment, before and after."""

    metric: str
    """Key of `METRICS`."""
    before: float | None
    """Geometric mean over runs, in the metric's unit; None if no run measured it."""
    after: float | None
    ratio: Interval | None
    """After divided by before; None if the metric is not judged."""
    finding: ChangeFinding


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedRun:
    """A run that is left out of the means."""

    side: Side
    repeat: int
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentComparison:
    """One experiment that both campaigns measured."""

    experiment: str
    metrics: tuple[MetricChange, ...]
    runs: tuple[int, int]
    """Number of runs that count, before and after."""
    left_out: tuple[UnusedRun, ...]
    not_judged: str | None
    """Why none of its metrics is judged."""
    verdicts: tuple[str, str]
    """Before and after; a mixed verdict includes its parties."""
    verdict_changed: bool
    settings: tuple[ValueChange, ...]

    @property
    def finding(self) -> ChangeFinding:
        """The gravest finding of its metrics."""
        return min((change.finding for change in self.metrics), key=GRAVEST_FIRST.index)

    @property
    def has_single_run(self) -> bool:
        """Whether only one run counts on a side, so that there is no interval."""
        return self.not_judged is None and min(self.runs) == 1

    def metrics_with(self, finding: ChangeFinding) -> list[MetricChange]:
        """List the metrics with this finding."""
        return [change for change in self.metrics if change.finding == finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignComparison:
    """Two campaigns, before and after."""

    margin: float
    """Relative change beyond which a whole interval must lie to count; 0.05 is 5 %."""
    experiments: tuple[ExperimentComparison, ...]
    """The experiments that both measured, by name."""
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    environment: tuple[ValueChange, ...]
    """What differs in machine and source; a value lists all that the runs of one campaign recorded."""
    suite: tuple[ValueChange, ...]
    """What differs in the settings for all experiments."""
    both_dirty: bool
    """Whether both were measured with uncommitted changes, which the commit does not show."""

    def experiments_with(self, finding: ChangeFinding) -> list[ExperimentComparison]:
        """List the experiments with this finding."""
        return [compared for compared in self.experiments if compared.finding == finding]
