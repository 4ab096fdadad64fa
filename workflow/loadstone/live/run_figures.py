"""The figures of one run: from its summary, or from a summary made here."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadstone.results.run_record import read_record
from loadstone.results.signals import Signals, read_signals
from loadstone.results.tables import PERCENTILES
from loadstone.suite.hypotheses import ALL
from loadstone.summarise.stage import summarise_folder
from loadstone.theory.quantiles import shows_quantile

Found = tuple[Signals, Mapping[str, float | None], float, float]
"""Signals; throughput and percentiles; failures; requests."""


def read_figures(summary: Path, since: float) -> Found | None:
    """Read the summary of a run; None if there is none that was written after `since` (unix seconds).

    Raises `LoadstoneError`, `OSError` or `ValueError` if it is damaged.
    """
    sums = summary / "SHA256SUMS"  # the last file that is written
    if not sums.exists() or sums.stat().st_mtime < since:
        return None
    with (summary / "endpoints.csv").open(newline="", encoding="utf-8") as file:
        row = next((row for row in csv.DictReader(file) if row["endpoint"] == ALL), None)
    if row is None:
        raise ValueError(f"no row {ALL}")
    return _found(read_signals(summary / "signals.json"), row)


def summarise_figures(run: Path, max_bytes: int) -> Found | None:
    """Summarise a run as the stage `summarise` does, and write nothing; None if its requests are more than `max_bytes`.

    Raises `LoadstoneError` if its files are damaged.
    """
    if (run / "requests.parquet").stat().st_size > max_bytes:
        return None
    summary = summarise_folder(read_record(run / "run.json"), run)
    table = summary.tables["endpoints"]
    signals = summary.values["signals"]
    if not isinstance(signals, Signals):
        raise TypeError("the signals of a run are signals")
    row = table[table["endpoint"] == ALL].iloc[0]
    return _found(signals, {str(name): value for name, value in row.items()})


def _found(signals: Signals, row: Mapping[str, Any]) -> Found:
    failures, requests = float(row["failures"]), float(row["requests"])
    figures: dict[str, float | None] = {"throughput_rps": float(row["throughput_rps"])}
    for name, probability in PERCENTILES.items():
        value = float(row[name] or "nan")
        shown = bool(shows_quantile(requests - failures, probability))
        figures[name] = value if shown and not math.isnan(value) else None
    return signals, figures, failures, requests
