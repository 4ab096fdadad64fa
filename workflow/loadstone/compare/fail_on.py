"""`--fail-on` of `loadstone compare`: the changes that end it with exit code 1, and their lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadstone.compare.model import (
    DEFAULT_MARGIN,
    METRICS,
    CampaignComparison,
    ChangeFinding,
    ExperimentComparison,
    MetricChange,
)
from loadstone.compare.wording import MAX_NAMED, bounds, one_line, percentage, quantity, ratio
from loadstone.errors import SuiteError
from loadstone.suite.types import parse_percentage
from loadstone.text import named

ALLOWED = "regression:5% (more than 0%, less than 100%), or verdict"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailOn:
    """The changes from one campaign to the other that are failures."""

    regression: float | None = None
    """Relative change by which no metric may get worse; None if regressions do not fail."""
    verdict: bool = False
    """Whether a changed verdict fails."""

    @property
    def margin(self) -> float:
        """The relative change beyond which changes count."""
        return DEFAULT_MARGIN if self.regression is None else self.regression


def parse_fail_on(texts: Sequence[str]) -> FailOn:
    """Read `regression:5%` and `verdict`; if several regressions are given, the smallest counts.

    Raises `SuiteError` for anything else.
    """
    margins, verdict = [], False
    for text in texts:
        kind, _, share = text.partition(":")
        if text == "verdict":
            verdict = True
            continue
        try:
            margin = parse_percentage(share)
        except ValueError:
            margin = 0.0
        if kind != ChangeFinding.REGRESSION or not 0 < margin < 1:
            raise SuiteError(f"--fail-on: {one_line(text)!r} is not allowed; allowed: {ALLOWED}")
        margins.append(margin)
    return FailOn(regression=min(margins, default=None), verdict=verdict)


def list_failures(comparison: CampaignComparison, fail_on: FailOn) -> list[str]:
    """List the changes that fail, one line per experiment and kind, regressions first."""
    lines = []
    if fail_on.regression is not None:
        lines += [
            _describe_regression(compared, comparison.margin)
            for compared in comparison.experiments_with(ChangeFinding.REGRESSION)
        ]
    if fail_on.verdict:
        lines += [
            one_line(f"{compared.experiment}: verdict changed: {' → '.join(compared.verdicts)}")
            for compared in comparison.experiments
            if compared.verdict_changed
        ]
    return lines


def list_cautions(comparison: CampaignComparison) -> list[str]:
    """List why a regression could be missed, one line per reason."""
    lines = []
    if single := [compared.experiment for compared in comparison.experiments if compared.has_single_run]:
        lines.append(
            f"a single run has no interval: measure at least 2 repeats, before and after: {named(single, MAX_NAMED)}"
        )
    not_judged = comparison.experiments_with(ChangeFinding.NOT_JUDGED)
    if unjudged := [f"{compared.experiment} ({compared.not_judged})" for compared in not_judged if compared.not_judged]:
        lines.append(f"not judged: {named(unjudged, MAX_NAMED)}")
    return [one_line(line) for line in lines]


def _describe_regression(compared: ExperimentComparison, margin: float) -> str:
    line = f"{compared.experiment}: regression beyond {percentage(margin)}: "
    line += "; ".join(_describe_change(change) for change in compared.metrics_with(ChangeFinding.REGRESSION))
    if compared.settings:
        line += f"; settings that changed too: {named([change.key for change in compared.settings], MAX_NAMED)}"
    return one_line(line)


def _describe_change(change: MetricChange) -> str:
    metric = METRICS[change.metric]
    values = f"{quantity(change.before)} → {quantity(change.after)} {metric.unit}"
    return f"{metric.name} {values}, ratio {ratio(change.ratio)}, 95 % interval {bounds(change.ratio, 'to')}"
