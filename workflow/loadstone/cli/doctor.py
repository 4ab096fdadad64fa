"""`loadstone doctor`: how noisy this machine is, and which differences it can show."""

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadstone.cli.console import make_console, print_json
from loadstone.cli.options import Json
from loadstone.errors import ResultError, SuiteError, SystemFault

if TYPE_CHECKING:
    from loadstone.analyse.noise import Expectation
    from loadstone.results.noise import NoiseCheck
    from loadstone.results.repeats import CampaignRepeats

WIDTH = 100
"""Columns of the output where it is not a terminal."""
PROGRESS_S = 2.0
"""Seconds from which the check states that it runs."""


def doctor(
    seconds: Annotated[
        float, typer.Option(metavar="SECONDS", min=2, max=60, help="Length of the check, 2 to 60 s.")
    ] = 4.0,
    results: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder with an earlier campaign's results, whose repeats show more."),
    ] = Path("results"),
    json: Json = False,
) -> None:
    """Check how noisy this machine is, and which differences repeats can show on it.

    Example: loadstone doctor --seconds 10

    Watches the machine while a fixed computation, the spin, runs on one CPU and
    then on all of them. Names the processes that use the CPUs, and states how
    far repeats will lie apart. A figure that cannot be read is named as missing.

    Each campaign makes a shorter check before its first run.

    Exit code: 0 if the check was made, whatever it shows; 1 if it could not be
    made; 130 if it is interrupted.
    """
    from loadstone.analyse.noise import expect
    from loadstone.measure.noise import check_noise
    from loadstone.measure.stop import StopRequest

    if not math.isfinite(seconds):
        raise SuiteError(f"--seconds: {seconds} is not allowed; allowed: 2 to 60")
    repeats, remark = _read_repeats(results / "repeats.json")
    with SystemFault.at("this machine"), StopRequest("loadstone doctor") as stop:
        if seconds > PROGRESS_S:
            print(f"checking this machine for {seconds:g} s", file=sys.stderr, flush=True)
        check = check_noise(seconds, stop)
    expected = expect(check, repeats, str(results))
    if json:
        print_json(_to_json(check, expected))
    else:
        show_check(check, expected, remark)


def _read_repeats(path: Path) -> tuple["CampaignRepeats | None", str]:
    """Read an earlier campaign's repeats, if there is one; return a remark if the file cannot be used."""
    from loadstone.results.repeats import read_repeats

    try:
        return (read_repeats(path) if path.exists() else None), ""
    except ResultError as error:
        return None, f"{error}; not used"


def _to_json(check: "NoiseCheck", expected: "Expectation | None") -> dict[str, object]:
    """Lay out the check and what it means."""
    from loadstone.analyse.noise import find_remedies

    meaning: dict[str, object] | None = None
    if expected is not None:
        shown = {str(repeats): expected.shown(repeats) for repeats in (3, 5, 10)}
        meaning = {
            "variation": expected.variation,
            "grounds": expected.grounds,
            "range": expected.range,
            "shown": shown,
        }
    return {"check": check.model_dump(mode="json"), "expected": meaning, "remedies": list(find_remedies(check))}


def show_check(check: "NoiseCheck", expected: "Expectation | None", remark: str = "") -> None:
    """Print the figures, what they mean, and what would help."""
    from rich.table import Table

    from loadstone.analyse.noise import find_remedies, write_figures
    from loadstone.text import printable

    console = make_console(WIDTH)
    table = Table(box=None, show_header=False)
    for name, value in write_figures(check):
        table.add_row(name, printable(value))
    console.print(table)
    for phrase in check.missing:
        console.print(f"Not known: {printable(phrase)}", soft_wrap=True)
    console.print()
    if expected is not None:
        console.print(f"{expected.sentence}\n({expected.grounds})", soft_wrap=True, style="bold")
    else:
        console.print("How far repeats will lie apart is not known.", soft_wrap=True)
    if remark:
        console.print(printable(remark), soft_wrap=True)
    for remedy in find_remedies(check):
        console.print(f"• {remedy}", soft_wrap=True)
