"""What a campaign came to, in a terminal: a line an experiment, and where the page is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from loadstone.baselines import is_baseline
from loadstone.errors import ResultError
from loadstone.plan import read_plan
from loadstone.planview import WIDTH_ELSEWHERE
from loadstone.report.numbers import figure

MOST_STRAYS = 5
"""Folders that are named."""


def show_conclusion(results: Path, page: Path) -> None:
    """Print each experiment's throughput, response time and verdict. Raises `ResultError` where they can't be read."""
    verdicts = _read(results / "verdicts.json")["experiments"]
    measured = _read(results / "repeats.json")["experiments"]
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_ELSEWHERE)
    table = Table("experiment", "runs", "requests/s", "mean ms", "bound by", box=None, header_style="bold")
    for name, found in measured.items():
        if not is_baseline(name):
            figures = [_figure(found["intervals"].get(metric)) for metric in ("throughput_rps", "mean_ms")]
            table.add_row(name, str(found["runs"]), *figures, _bound(verdicts[name]))
    console.print()
    console.print(table)
    outcomes = [hypothesis["outcome"] for hypothesis in _read(results / "hypotheses.json")]
    if outcomes:
        counted = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in dict.fromkeys(sorted(outcomes)))
        console.print(f"\nHypotheses: {counted}.", highlight=False)
    if strays := _strays(results):
        more = f" and {len(strays) - MOST_STRAYS} more" * (len(strays) > MOST_STRAYS)
        named = ", ".join(map(str, strays[:MOST_STRAYS]))
        console.print(f"\nNot in the suite, and not used: {named}{more}", highlight=False, soft_wrap=True)
    console.print(f"\nThe report is {page.absolute()}", highlight=False, soft_wrap=True)


def _strays(results: Path) -> list[Path]:
    """List folders of runs that the plan doesn't have: of an earlier suite, or somebody's."""
    if not (results / "plan.json").exists():
        return []
    planned = {(run.experiment, str(run.repeat)) for run in read_plan(results / "plan.json").runs}
    found = sorted(path for path in (results / "runs").glob("*/*") if not path.name.startswith("."))
    return [path for path in found if (path.parent.name, path.name) not in planned]


def _read(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except OSError as error:
        raise ResultError(f"{path}: can't be read: {error.strerror}") from None
    except ValueError as error:
        raise ResultError(f"{path}: damaged: {error}") from None


def _figure(interval: Mapping[str, float | None] | None) -> str:
    if interval is None or interval["value"] is None:
        return "–"
    if interval["low"] is None or interval["high"] is None:
        return figure(interval["value"])
    return f"{figure(interval['value'])} ± {figure((interval['high'] - interval['low']) / 2)}"


def _bound(verdict: Mapping[str, Any]) -> str:
    parties = " + ".join(verdict["parties"])
    return f"mixed: {parties}" if verdict["verdict"] == "mixed" and parties else str(verdict["verdict"])
