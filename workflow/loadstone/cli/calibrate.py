"""`loadstone calibrate`: measured throughput next to what theory predicts."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from loadstone.cli.console import make_console, make_table
from loadstone.cli.options import Results
from loadstone.errors import ResultError
from loadstone.text import each_run, printable

if TYPE_CHECKING:
    from loadstone.results.scaling import CalibrationReading

WIDTH = 100
"""Columns of the output where it is not a terminal."""


def calibrate(results: Results = Path("results")) -> None:
    """Compare measured throughput with theory for a server of known demand; exit 1 if they differ by more than 10 %.

    Example: loadstone calibrate --results calibration/results

    `make calibrate` measures such a campaign. Points with up to 8 slots are
    judged; points with more slots are only shown.

    Exit code: 1 if a judged point differs by more than 10 %, if there is no
    point to judge, or if the results cannot be read.
    """
    if not show_calibration(read_calibration(results)):
        raise typer.Exit(1)


def read_calibration(results: Path) -> dict[str, tuple["CalibrationReading", ...]]:
    """Read a campaign's sweeps of known demand: sweep → readings. Raises `ResultError` if there are none."""
    from loadstone.results.scaling import read_scaling

    path = results / "scaling.json"
    swept = read_scaling(path, "; `make calibrate` measures one")
    found = {name: sweep.calibration for name, sweep in swept.items() if sweep.calibration}
    if not found:
        raise ResultError(f"{path}: no sweep of known demand; `make calibrate` measures one")
    return found


def show_calibration(found: Mapping[str, tuple["CalibrationReading", ...]]) -> bool:
    """Print predicted and measured throughput, and the outcome. Return whether all judged points passed."""
    console = make_console(WIDTH)
    figures = ("slots", "predicted", "with CPU", "measured", "interval or runs", "ratio", "CPUs busy")
    table = make_table("sweep", *figures, "", right=figures)
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


def _cells(reading: "CalibrationReading") -> Iterator[str]:
    low, high, with_cpu, host = reading.low, reading.high, reading.predicted_with_cpu, reading.host
    yield str(reading.slots)
    yield f"{reading.predicted:.1f}"
    yield "–" if with_cpu is None else f"{with_cpu:.1f}"
    yield f"{reading.measured:.1f}"
    yield f"{low:.1f} to {high:.1f}" if low is not None and high is not None else each_run(reading.values) or "one run"
    yield f"{reading.ratio:.3f}"
    yield "–" if host is None else f"{100 * host:.0f} %"
    yield {True: "pass", False: "FAIL", None: "shown"}[reading.passed]


def _outcome(judged: int, failed: Mapping[str, "CalibrationReading"]) -> Iterator[str]:
    from loadstone.analyse.calibration import MAX_ERROR, MAX_SLOTS
    from loadstone.suite.thresholds import DEFAULTS

    yield (
        "Throughput is in successful requests/s. It is predicted by exact MVA: from the known sleeps alone, and with "
        "the server's measured CPU time per request. CPUs busy is the share of the machine's CPUs; a server that "
        "sleeps needs few of them."
    )
    within, points = f"within {100 * MAX_ERROR:g} % of the prediction", f"{judged} points with up to {MAX_SLOTS} slots"
    if not judged:
        yield f"Nothing was judged: no point has at most {MAX_SLOTS} slots."
    elif failed:
        yield f"Not {within}: {len(failed)} of {points}: {', '.join(failed)}."
        if any((at.host or 0.0) >= DEFAULTS.slack for at in failed.values()):
            yield "Another process used the CPUs, so that the server's sleeps ended late: stop it and measure again."
        else:
            yield "Measure again with nothing else running before you draw conclusions."
    else:
        yield f"{within.capitalize()}: {judged} of {points}."
