"""Calibration: what theory predicts for a sweep of known demand, and what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from loadstone import text
from loadstone.analyse.calibration import MAX_ERROR, MAX_SLOTS
from loadstone.report.means import Mean, estimated
from loadstone.results.bounded import Bounded
from loadstone.results.scaling import SweepResult

THEORY = "known demands (MVA)"
"""Name of the predicted curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRow:
    """One level: predicted and measured throughput, requests/s."""

    level: str
    slots: int
    predicted: float
    with_cpu: float | None
    measured: Mean | None
    ratio: float
    outcome: str
    passed: bool | None
    host: float | None
    """Share of the machine's CPUs that was busy; None where it is not known."""


def reading_rows(found: SweepResult) -> list[ReadingRow]:
    """List the levels of a sweep of known demand; empty for any other sweep."""
    return [
        ReadingRow(
            level=text.plain(reading.value),
            slots=reading.slots,
            predicted=reading.predicted,
            with_cpu=reading.predicted_with_cpu,
            measured=estimated(Bounded(value=reading.measured, low=reading.low, high=reading.high), reading.values),
            ratio=reading.ratio,
            outcome={True: "passed", False: "failed", None: "shown only"}[reading.passed],
            passed=reading.passed,
            host=reading.host,
        )
        for reading in found.calibration or ()
    ]


def calibration_sentence(rows: Sequence[ReadingRow]) -> str:
    """State whether the measurement agrees with theory."""
    judged = [row for row in rows if row.passed is not None]
    within = f"within {text.limit(MAX_ERROR)} of the prediction"
    if not judged:
        return f"No level is judged, because all have more than {MAX_SLOTS} slots." if rows else ""
    failed = [row.level for row in judged if not row.passed]
    if failed:
        return (
            f"{len(failed)} of {text.several(len(judged), 'level')} up to {MAX_SLOTS} slots are not {within}: "
            f"{text.named(failed, 6)}. The measurement is in doubt, or other processes were running."
        )
    which = "The level" if len(judged) == 1 else f"All {len(judged)} levels"
    return f"{which} up to {MAX_SLOTS} slots {'is' if len(judged) == 1 else 'are'} {within}."


def theory(found: SweepResult) -> pd.DataFrame:
    """Lay out the predicted throughput over the levels, as the laws are: law, level, throughput, low, high."""
    readings, curve = found.calibration or (), found.calibration_curve or ()
    slots_a_level = {reading.slots / reading.value for reading in readings if reading.value}
    rows: list[tuple[str, float, float, None, None]] = []
    if len(slots_a_level) == 1:  # else the levels are no axis for slots
        scale = slots_a_level.pop()
        lowest = min(reading.value for reading in readings)
        rows = [
            (THEORY, point.slots / scale, point.throughput, None, None)
            for point in curve
            if point.slots / scale >= lowest
        ]
    return pd.DataFrame(rows, columns=["law", "level", "throughput", "low", "high"])


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationView:
    """What is shown of one sweep of known demand."""

    rows: list[ReadingRow]
    sentence: str


def calibration_view(found: SweepResult) -> CalibrationView | None:
    """Lay out a sweep of known demand; None where it is not one."""
    rows = reading_rows(found)
    return CalibrationView(rows=rows, sentence=calibration_sentence(rows)) if rows else None
