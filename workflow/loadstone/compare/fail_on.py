"""`--fail-on` of `loadstone compare`: the changes that end it with exit code 1 or 2, and their lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadstone.compare import wording
from loadstone.compare.model import (
    DEFAULT_MARGIN,
    CampaignComparison,
    Cause,
    ChangeFinding,
    ExperimentComparison,
)
from loadstone.compare.wording import MAX_NAMED, one_line
from loadstone.errors import SuiteError
from loadstone.suite.types import parse_percentage
from loadstone.text import named

REGRESSION = "regression"
ALLOWED = "regression:5% (more than 0%, less than 100%), or verdict"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailOn:
    """The changes from one campaign to the other that are failures."""

    regression: float | None = None
    """Margin beyond which nothing may be slower; None if that does not fail."""
    verdict: bool = False
    """Whether a changed verdict fails."""

    @property
    def margin(self) -> float:
        """The relative change up to which nothing counts as slower or faster."""
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
        if kind != REGRESSION or not 0 < margin < 1:
            raise SuiteError(f"--fail-on: {one_line(text)!r} is not allowed; allowed: {ALLOWED}")
        margins.append(margin)
    return FailOn(regression=min(margins, default=None), verdict=verdict)


def list_failures(comparison: CampaignComparison, fail_on: FailOn) -> list[str]:
    """List the changes that fail, one line per experiment and kind, slower experiments first."""
    lines = []
    if fail_on.regression is not None:
        lines += [
            _describe(compared, comparison, f"slower (margin {wording.percentage(comparison.margin)})")
            for compared in comparison.experiments_with(ChangeFinding.SLOWER)
        ]
    if fail_on.verdict:
        lines += [
            one_line(f"{compared.experiment}: verdict changed: {' → '.join(compared.verdicts)}")
            for compared in comparison.experiments
            if compared.verdict_changed
        ]
    return lines


def list_undecided(comparison: CampaignComparison, fail_on: FailOn) -> list[str]:
    """List the experiments that are slower by their figures, where the machine could be the reason."""
    if fail_on.regression is None:
        return []
    return [
        _describe(compared, comparison, f"can't tell: {compared.cause}: {compared.machine}")
        + "; measure again on a quiet machine"
        for compared in comparison.experiments
        if compared.hides_slowdown
    ]


def list_cautions(comparison: CampaignComparison) -> list[str]:
    """List why a slower experiment could be missed, or be nobody's doing; one line per reason."""
    lines = []
    if comparison.imported:
        lines.append(
            f"{' and '.join(comparison.imported)}, not measured by Loadstone: that the machines, the server and the "
            "load generator were the same is not known"
        )
    if single := [compared.experiment for compared in comparison.experiments if compared.has_single_run]:
        lines.append(
            f"a single run has no interval: measure at least 2 repeats, before and after: {named(single, MAX_NAMED)}"
        )
    unusable = [compared for compared in comparison.experiments if compared.not_judged]
    if unjudged := [f"{compared.experiment} ({compared.not_judged})" for compared in unusable]:
        lines.append(f"can't tell: {Cause.UNUSABLE}: {named(unjudged, MAX_NAMED)}")
    unknown = [e.experiment for e in comparison.experiments if None in e.others and not (e.same_runs or e.not_judged)]
    if unknown:
        lines.append(
            "whether other processes used the machine was not recorded, so that they could be why something changed: "
            f"{named(unknown, MAX_NAMED)}"
        )
    return [one_line(line) for line in lines]


def _describe(compared: ExperimentComparison, comparison: CampaignComparison, finding: str) -> str:
    line = f"{compared.experiment}: {finding}: {wording.figures(compared, comparison, ChangeFinding.SLOWER)}"
    if compared.settings:
        line += f"; settings that changed too: {named([change.key for change in compared.settings], MAX_NAMED)}"
    return one_line(line)
