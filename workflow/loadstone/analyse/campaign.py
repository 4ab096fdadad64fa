"""What all runs of a suite say together: one summary table, one file of scaling fits."""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from loadstone.analyse.fitting import fit_amdahl
from loadstone.analyse.requests import ALL, ENDPOINT_COLUMNS
from loadstone.errors import ResultError
from loadstone.plan import Plan, Run
from loadstone.suite import Sweep


def gather(plan: Plan, summaries: Path, table: str) -> pd.DataFrame:
    """Stack one table (`endpoints`, `latency`, `course`, `processes`) of all runs of `plan`, in the order of names.

    Columns `experiment` and `repeat` lead. Raises `ResultError` where a run's table is missing or damaged.
    """
    frames = [
        _read(summaries / run.experiment / str(run.repeat) / f"{table}.csv", run)
        for run in sorted(plan.runs, key=lambda run: (run.experiment, run.repeat))
    ]
    filled = [frame for frame in frames if not frame.empty]
    return pd.concat(filled, ignore_index=True) if filled else frames[0]


def _read(path: Path, run: Run) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype={"failure_kinds": str})
    except (OSError, ValueError) as error:
        raise ResultError(f"{path}: can't be read: {str(error).splitlines()[0]}") from None
    frame.insert(0, "experiment", run.experiment)
    frame.insert(1, "repeat", run.repeat)
    return frame


def summary_table(plan: Plan, summaries: Path) -> pd.DataFrame:
    """Make `summary.csv`: experiment × repeat × endpoint."""
    table = gather(plan, summaries, "endpoints")
    return table[["experiment", "repeat", *ENDPOINT_COLUMNS]]


def fit_sweeps(plan: Plan, summary: pd.DataFrame) -> dict[str, Any]:
    """Fit the laws that the suite asks for: sweep → points and fit with 95 % intervals, or why there is none."""
    return {name: _fit(sweep, summary) for name, sweep in plan.suite.sweeps.items() if "amdahl" in sweep.fit}


def _fit(sweep: Sweep, summary: pd.DataFrame) -> dict[str, Any]:
    together = summary[summary["endpoint"] == ALL]
    points: list[dict[str, Any]] = []
    for level in sweep.levels:
        runs = together[together["experiment"] == level.experiment]
        points += [
            {"level": level.value, "experiment": level.experiment, "repeat": repeat, "goodput_rps": rps}
            for repeat, rps in zip(runs["repeat"].tolist(), runs["goodput_rps"].tolist(), strict=True)
        ]
    unfitted: dict[str, Any] = {"law": "amdahl", "vary": sweep.vary, "points": points, "parameters": None}
    try:
        fit = fit_amdahl([p["level"] for p in points], [p["goodput_rps"] for p in points])
    except ValueError as error:
        return unfitted | {"reason": str(error)}
    return unfitted | {
        "parameters": {name: found.value for name, found in fit.parameters.items()},
        "intervals": {name: [_finite(found.low), _finite(found.high)] for name, found in fit.parameters.items()},
        "max_speedup": _finite(fit.max_speedup),
        "lack_of_fit_p": fit.lack_of_fit_p,
        "warnings": list(fit.warnings),
        "reason": None,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
