"""Lay out a comparison as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from loadstone.compare.model import CampaignComparison, ExperimentComparison, MetricChange


def comparison_json(comparison: CampaignComparison, failed_on: Sequence[str]) -> dict[str, Any]:
    """Lay out the whole comparison; `failed_on` holds the lines of the changes that `--fail-on` names."""
    return {
        "margin": comparison.margin,
        "experiments": {compared.experiment: _experiment_json(compared) for compared in comparison.experiments},
        "only_before": list(comparison.only_before),
        "only_after": list(comparison.only_after),
        "environment": [asdict(change) for change in comparison.environment],
        "suite": [asdict(change) for change in comparison.suite],
        "both_uncommitted": comparison.both_dirty,
        "failed_on": list(failed_on),
    }


def _experiment_json(compared: ExperimentComparison) -> dict[str, Any]:
    return {
        "finding": compared.finding,
        "metrics": {change.metric: _metric_json(change) for change in compared.metrics},
        "runs": _both_sides(compared.runs),
        "left_out": [asdict(run) for run in compared.left_out],
        "not_judged": compared.not_judged,
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
    }


def _both_sides(values: tuple[object, object]) -> dict[str, object]:
    return dict(zip(("before", "after"), values, strict=True))
