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
    """What the change of a metric, or of an experiment, amounts to."""

    SLOWER = "slower"
    FASTER = "faster"
    CANNOT_TELL = "can't tell"
    NO_CHANGE = "no change"


class Cause(StrEnum):
    """Why it cannot be told."""

    BUSY = "the machine was busy"
    CHANGED = "the machine became faster or slower"
    UNUSABLE = "too few runs can be used"
    SINGLE_RUN = "a single run has no interval"
    UNKNOWN = "not measured"
    WIDE = "the interval reaches across the margin"


OF_THE_MACHINE = (Cause.BUSY, Cause.CHANGED)
"""Causes that lie neither in the code nor in the number of repeats."""

Side = Literal["before", "after"]

DEFAULT_MARGIN = 0.05
"""Relative change up to which nothing is called slower or faster, unless the user chooses another margin."""

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

JUDGED = ("throughput_rps", "mean_ms", "p95_ms")
"""Metrics that can be judged; the others are shown. p99 rests on a hundredth of a run's requests: a change that matters
shows in the mean as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run of an experiment."""

    repeat: int
    verdict: Verdict
    reason: str
    """Why the run cannot be used, with figures; empty if it can."""
    metrics: Mapping[str, float]
    """Key of `METRICS` → value; NaN if it was not measured."""
    requests: float = 0.0
    """Requests in the window."""
    others: float | None = None
    """Share of the machine that was neither the run's nor idle: CPUs of other processes, the kernel's own work, the
    cost of measuring, and steal. None if it is not known."""
    identity: str = ""
    """The same for a run and its copies, different for any two measurements; empty if it is not known."""


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
    drift: float | None = None
    """Relative change of throughput over the campaign; None if there was none worth naming."""
    spin_ms: float | None = None
    """How long a fixed computation took on this machine, in ms; None if that was not checked."""
    imported: str = ""
    """The logs that it was imported from, in words; empty if Loadstone measured it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """A setting or fact that differs between the campaigns; None on the side that does not have it."""

    key: str
    before: object
    after: object


_GRAVEST_FIRST = (ChangeFinding.SLOWER, None, ChangeFinding.FASTER, ChangeFinding.CANNOT_TELL, ChangeFinding.NO_CHANGE)
"""None is the place of a slowdown that the machine could explain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricChange:
    """One metric of one experiment, before and after."""

    metric: str
    """Key of `METRICS`."""
    before: float | None
    """Geometric mean over runs, in the metric's unit; None if no run measured it."""
    after: float | None
    ratio: Interval | None
    """After divided by before; None if it is not known on one side, or if too few runs can be used."""
    finding: ChangeFinding | None
    """None if the metric is shown and not judged."""
    by_figures: ChangeFinding | None = None
    """What the figures alone would show, whatever the machine did."""
    cause: Cause | None = None
    """Why it cannot be told."""

    @property
    def hides_slowdown(self) -> bool:
        """Whether the figures show a slowdown that the machine could explain."""
        return self.finding != self.by_figures == ChangeFinding.SLOWER

    @property
    def gravity(self) -> int:
        """Its place among the metrics of an experiment: the smallest stands for the experiment."""
        if self.finding is None:
            return len(_GRAVEST_FIRST) + 1
        if self.hides_slowdown:
            return _GRAVEST_FIRST.index(ChangeFinding.SLOWER) + 1
        return _GRAVEST_FIRST.index(self.finding)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedRun:
    """A run that is left out of the means."""

    side: Side
    repeat: int
    verdict: str
    """Its verdict, or *busy* if others used the machine meanwhile."""
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
    """Why none of its metrics is judged: too few runs can be used."""
    same_runs: bool
    """Whether both campaigns hold the very same runs."""
    others: tuple[float | None, float | None]
    """Mean share of the machine that others used in the runs that count, before and after; None if it is not known."""
    machine: str
    """What the machine did that could explain a change, with figures; empty if there is nothing of the kind."""
    verdicts: tuple[str, str]
    """Before and after; several limits are listed."""
    verdict_changed: bool
    settings: tuple[ValueChange, ...]

    @property
    def decisive(self) -> MetricChange:
        """The metric whose finding stands for the experiment."""
        return min(self.metrics, key=lambda change: change.gravity)

    @property
    def finding(self) -> ChangeFinding:
        """Slower if one metric is; can't tell if the machine hides a slowdown; then faster, can't tell, no change."""
        return self.decisive.finding or ChangeFinding.CANNOT_TELL

    @property
    def cause(self) -> Cause | None:
        """Why it cannot be told."""
        return self.decisive.cause if self.finding == ChangeFinding.CANNOT_TELL else None

    @property
    def hides_slowdown(self) -> bool:
        """Whether the figures show a slowdown that the machine could explain, and none that it could not."""
        return self.decisive.hides_slowdown

    @property
    def changed(self) -> bool:
        """Whether the experiment became slower or faster, by the figures at least."""
        return self.finding in (ChangeFinding.SLOWER, ChangeFinding.FASTER) or self.hides_slowdown

    @property
    def has_single_run(self) -> bool:
        """Whether only one run counts on a side, so that there is no interval."""
        return self.not_judged is None and not self.same_runs and min(self.runs) == 1

    def metrics_with(self, finding: ChangeFinding) -> list[MetricChange]:
        """List the metrics with this finding."""
        return [change for change in self.metrics if change.finding == finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignComparison:
    """Two campaigns, before and after."""

    margin: float
    """Relative change up to which nothing counts as slower or faster; 0.05 is 5 %."""
    confidence: float
    """Of each interval, so that all intervals of the comparison hold together with 95 %."""
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
    imported: tuple[str, ...] = ()
    """Of each side that was imported: the side, and the logs."""

    @property
    def changed(self) -> list[ExperimentComparison]:
        """List the experiments that became slower or faster, by the figures at least."""
        return [compared for compared in self.experiments if compared.changed]

    def experiments_with(self, finding: ChangeFinding) -> list[ExperimentComparison]:
        """List the experiments with this finding."""
        return [compared for compared in self.experiments if compared.finding == finding]
