"""The results of a campaign in a table: one row per experiment, with what everyone asks for first.

The figures are those of the terminal's table (`loadstone.analyse.experiment_rows`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loadstone import text
from loadstone.analyse.experiment_rows import ExperimentRow, experiment_rows
from loadstone.report.campaign import Campaign
from loadstone.report.doubts import Doubts, unusable
from loadstone.suite.verdict import Verdict

FIRST_ROWS = 6
"""Rows that are shown before the reader asks for all."""
DIGITS = 6
"""Significant digits of the figures that the table is sorted by and downloaded with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One experiment. Figures are means over the runs that count; None where they are unknown."""

    experiment: str
    anchor: str
    runs: str
    """How many runs there were, and how many of them the means take in; empty where all do and there are several."""
    rps: float | None
    p50_ms: float | None
    p95_ms: float | None
    failed: float | None
    """Share of the requests that failed."""
    verdict: Verdict
    parties: Sequence[str]
    """The parties, where every run has several limits at once."""
    reason: str | None
    """Why its figures must not be used; None where they can be."""


def result_rows(campaign: Campaign, doubts: Doubts) -> list[ResultRow]:
    """List all experiments in the page's order, the probes after them."""
    suite = campaign.plan.suite.experiments
    rows = sorted(experiment_rows(campaign.outcomes), key=lambda row: row.name not in suite)  # stable
    return [_row(campaign, doubts, row) for row in rows]


def _row(campaign: Campaign, doubts: Doubts, row: ExperimentRow) -> ResultRow:
    keys, agreed = campaign.runs_of(row.name), campaign.verdicts.experiments[row.name]
    used = len(campaign.used_of(row.name))
    return ResultRow(
        experiment=row.name,
        anchor=campaign.anchors[row.name],
        runs=text.runs(used, len(keys)) if used < len(keys) or used == 1 else "",
        rps=_rounded(row.throughput),
        p50_ms=_rounded(row.p50_ms),
        p95_ms=_rounded(row.p95_ms),
        failed=_rounded(row.failed),
        verdict=agreed.verdict,
        parties=agreed.parties if set(agreed.runs) == {Verdict.MIXED} else (),
        reason=unusable(agreed.verdict, [doubt for key in keys for doubt in doubts[key]]),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")
