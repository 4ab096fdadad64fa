"""Show in a terminal whether the instrument read what theory says."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from loadstone.analyse.calibration import MAX_ERROR, MAX_SLOTS
from loadstone.errors import ResultError
from loadstone.results.scaling import CalibrationReading, read_scaling
from loadstone.suite.thresholds import DEFAULTS
from loadstone.text import printable

WIDTH_ELSEWHERE = 100
"""Columns to use where the output is no terminal."""


def read_calibration(results: Path) -> dict[str, tuple[CalibrationReading, ...]]:
    """Read what a campaign says of known demands: sweep → readings. Raises `ResultError` where it says nothing."""
    path = results / "scaling.json"
    swept = read_scaling(path, "; `make calibrate` measures it")
    found = {name: sweep.calibration for name, sweep in swept.items() if sweep.calibration}
    if not found:
        raise ResultError(f"{path}: no sweep with a known demand; `make calibrate` measures some")
    return found


def show_calibration(found: Mapping[str, tuple[CalibrationReading, ...]]) -> bool:
    """Print predicted beside measured throughput, and what follows; tell whether all points passed."""
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(markup=False, emoji=False, width=WIDTH_ELSEWHERE)
    table = Table("sweep", box=None, header_style="bold")
    for title in ("slots", "predicted", "with CPU", "measured", "interval", "ratio", "CPUs busy"):
        table.add_column(title, justify="right")
    table.add_column("")
    for name, readings in found.items():
        for number, reading in enumerate(readings):
            table.add_row(printable(name) if number == 0 else "", *_cells(reading))
    console.print(table)
    console.print()
    judged = {f"{name}={at.value}": at for name, readings in found.items() for at in readings if at.passed is not None}
    failed = {name: at for name, at in judged.items() if not at.passed}
    for line in _outcome(len(judged), failed):
        console.print(printable(line), highlight=False, soft_wrap=True)
    return bool(judged) and not failed


def _cells(reading: CalibrationReading) -> Iterator[str]:
    low, high, with_cpu, host = reading.low, reading.high, reading.predicted_with_cpu, reading.host
    yield str(reading.slots)
    yield f"{reading.predicted:.1f}"
    yield "–" if with_cpu is None else f"{with_cpu:.1f}"
    yield f"{reading.measured:.1f}"
    yield "one run" if low is None or high is None else f"{low:.1f} to {high:.1f}"
    yield f"{reading.ratio:.3f}"
    yield "–" if host is None else f"{100 * host:.0f} %"
    yield {True: "pass", False: "FAIL", None: "shown"}[reading.passed]


def _outcome(judged: int, failed: Mapping[str, CalibrationReading]) -> Iterator[str]:
    yield (
        "Successful requests/s; predicted by exact MVA from the known sleeps alone, and with the server's measured CPU "
        "time a request. The CPUs are the machine's: sleepers leave most of them to others."
    )
    within = f"within {100 * MAX_ERROR:g} % of the prediction, up to {MAX_SLOTS} slots"
    if not judged:
        yield f"Nothing to judge: no point has up to {MAX_SLOTS} slots."
    elif failed:
        yield f"{len(failed)} of {judged} points not {within}: {', '.join(failed)}."
        if any((at.host or 0.0) >= DEFAULTS.slack for at in failed.values()):
            yield "Something else used the CPUs meanwhile, so that sleepers woke up late: measure again without it."
        else:
            yield "Measure again, with nothing else running, before you conclude anything from that."
    else:
        yield f"All {judged} points {within}."
