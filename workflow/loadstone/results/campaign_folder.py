"""A campaign's folder: where its results are, and whether a file of them has the runs of its plan."""

from collections.abc import Collection
from pathlib import Path

from loadstone.errors import ResultError, SuiteError
from loadstone.plan.schedule import Plan
from loadstone.results.tables import RunKey

IMPORTED_MARK = "IMPORTED"
"""File in `results/` that shows that the results were imported. A suite is not measured there."""
FINISH_FIRST = "finish the campaign first (run snakemake)"


def find_results(folder: Path) -> Path:
    """Find a campaign's results: `results/` in the folder, or the folder itself. Raises `SuiteError` without any."""
    if not folder.is_dir():
        raise SuiteError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}")
    for results in (folder / "results", folder):
        if (results / "plan.json").exists():
            return results
    raise SuiteError(f"{folder}: contains no results: neither results/plan.json nor plan.json exists")


def refuse_imported(results: Path) -> None:
    """Raise `SuiteError` if the results in a folder were imported: those of a suite would replace them."""
    if (results / IMPORTED_MARK).exists():
        raise SuiteError(
            f"{results.absolute()}: imported results, which a measurement would replace: measure in another folder "
            "(--directory DIR)"
        )


def check_runs(path: Path, plan: Plan, keys: Collection[RunKey]) -> None:
    """Raise `ResultError` if the runs of a file are not exactly those of the plan."""
    planned = {(run.experiment, run.repeat) for run in plan.runs}
    for name, repeat in sorted(planned.symmetric_difference(keys)):
        is_planned = (name, repeat) in planned
        where = "in plan.json but not in this file" if is_planned else "in this file but not in plan.json"
        raise ResultError(f"{path}: run {repeat} of {name} is {where}: {FINISH_FIRST}")
