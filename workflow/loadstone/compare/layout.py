"""Lay out a comparison as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from loadstone.compare import wording
from loadstone.compare.model import CampaignComparison, ExperimentComparison, MetricChange


def comparison_json(
    comparison: CampaignComparison, failed_on: Sequence[str], undecided: Sequence[str] = ()
) -> dict[str, Any]:
    """Lay out the whole comparison.

    `failed_on` holds the lines of the changes that `--fail-on` names, `undecided` those that the machine could explain.
    """
    return {
        "summary": wording.summary(comparison),
        "margin": comparison.margin,
        "confidence": comparison.confidence,
        "experiments": {
            compared.experiment: _experiment_json(compared, comparison) for compared in comparison.experiments
        },
        "only_before": list(comparison.only_before),
        "only_after": list(comparison.only_after),
        "environment": [asdict(change) for change in comparison.environment],
        "suite": [asdict(change) for change in comparison.suite],
        "both_uncommitted": comparison.both_dirty,
        "failed_on": list(failed_on),
        "undecided": list(undecided),
    }


def _experiment_json(compared: ExperimentComparison, comparison: CampaignComparison) -> dict[str, Any]:
    return {
        "finding": compared.finding,
        "cause": compared.cause,
        "reason": wording.reason(compared, comparison),
        "hides_slowdown": compared.hides_slowdown,
        "metrics": {change.metric: _metric_json(change) for change in compared.metrics},
        "runs": _both_sides(compared.runs),
        "left_out": [asdict(run) for run in compared.left_out],
        "not_judged": compared.not_judged,
        "same_runs": compared.same_runs,
        "others": _both_sides(compared.others),
        "verdict": _both_sides(compared.verdicts) | {"changed": compared.verdict_changed},
        "settings": [asdict(change) for change in compared.settings],
    }


def _metric_json(change: MetricChange) -> dict[str, Any]:
    ratio = change.ratio
    return {
        "before": change.before,
        "after": change.after,
        "ratio": None if ratio is None else {"value": ratio.value, "low": ratio.low, "high": ratio.high},
        "finding": change.finding,
        "by_figures": change.by_figures,
        "cause": change.cause,
    }


def _both_sides(values: tuple[object, object]) -> dict[str, object]:
    return dict(zip(("before", "after"), values, strict=True))
