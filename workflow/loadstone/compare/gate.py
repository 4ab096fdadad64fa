"""`--fail-on` of `loadstone compare`: what of a comparison ends in exit code 1, and how that is told."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadstone.compare.comparison import (
    DEFAULT_MARGIN,
    METRICS,
    NOT_JUDGED,
    REGRESSION,
    Compared,
    Comparison,
    MetricChange,
)
from loadstone.compare.words import bounds, joined, one_line, percentage, quantity, ratio
from loadstone.errors import SuiteError
from loadstone.suite.types import parse_percentage

ALLOWED = "regression:5% (more than 0%, less than 100%), or verdict"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailOn:
    """What is not to happen from one campaign to the other."""

    regression: float | None = None
    """Relative change that no metric may be worse by; None where that isn't asked."""
    verdict: bool = False
    """Whether a verdict may not change."""

    @property
    def margin(self) -> float:
        """The change that everything is held against."""
        return DEFAULT_MARGIN if self.regression is None else self.regression


def parse_fail_on(texts: Sequence[str]) -> FailOn:
    """Read `regression:5%` and `verdict`, as often as given; of several regressions the smallest counts.

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
        if kind != REGRESSION or not 0 < margin < 1:
            raise SuiteError(f"--fail-on: {one_line(text)!r} is not allowed; allowed: {ALLOWED}")
        margins.append(margin)
    return FailOn(regression=min(margins, default=None), verdict=verdict)


def failures(comparison: Comparison, fail_on: FailOn) -> list[str]:
    """List what happened that was not to, a line an experiment, regressions first."""
    lines = []
    if fail_on.regression is not None:
        lines += [_regressed(compared, comparison.margin) for compared in comparison.of(REGRESSION)]
    if fail_on.verdict:
        lines += [
            one_line(f"{compared.experiment}: verdict changed: {' → '.join(compared.verdicts)}")
            for compared in comparison.experiments
            if compared.verdict_changed
        ]
    return lines


def cautions(comparison: Comparison) -> list[str]:
    """List why a regression may be there and not be seen, a line a reason."""
    lines = []
    if single := [compared.experiment for compared in comparison.experiments if compared.single]:
        lines.append(f"repeats are needed, 2 or more on both sides: one run proves nothing: {joined(single)}")
    if unjudged := [f"{c.experiment} ({c.not_judged})" for c in comparison.of(NOT_JUDGED) if c.not_judged]:
        lines.append(f"not judged: {joined(unjudged)}")
    return [one_line(line) for line in lines]


def _regressed(compared: Compared, margin: float) -> str:
    line = f"{compared.experiment}: regression beyond {percentage(margin)}: "
    line += "; ".join(_changed(change) for change in compared.of(REGRESSION))
    if compared.settings:
        line += f"; its suite changed too: {joined([change.key for change in compared.settings])}"
    return one_line(line)


def _changed(change: MetricChange) -> str:
    metric = METRICS[change.metric]
    values = f"{quantity(change.before)} → {quantity(change.after)} {metric.unit}"
    found = change.ratio
    return f"{metric.name} {values}, ratio {ratio(found)}, 95 % interval {bounds(found, 'to')}"
