"""Rows and columns that the tables of a campaign share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from loadstone.errors import SuiteError
from loadstone.plan.baselines import is_baseline
from loadstone.plan.probes import probed_experiment
from loadstone.plan.schedule import Run
from loadstone.results.bounded import Bounded
from loadstone.results.run_record import RunRecord
from loadstone.results.scaling import SweepLevel
from loadstone.results.summary import LevelValue, places_in_sweeps
from loadstone.results.verdicts import RunVerdict
from loadstone.results.window import Window
from loadstone.suite.differences import dotted_keys
from loadstone.suite.model import Suite
from loadstone.suite.verdict import Verdict
from loadstone.text import listed, short

SWEEP, LEVEL = "sweep", "level"


def add_levels(suite: Suite, table: pd.DataFrame) -> pd.DataFrame:
    """Add the columns `sweep` and `level` behind those that name an experiment and its run."""
    known = places_in_sweeps(suite)
    places = [known.get(name) for name in table["experiment"]]
    after = 2 if "repeat" in table else 1
    table = table.copy()
    table.insert(after, SWEEP, pd.Series([place[0] if place else None for place in places], table.index, dtype=object))
    levels = level_column([place[1] if place else None for place in places])
    table.insert(after + 1, LEVEL, levels.set_axis(table.index))
    return table


def level_column(levels: Sequence[LevelValue | None]) -> pd.Series:
    """Make a column of levels: numbers if all of them are numbers, otherwise the values of the suite."""
    known = [level for level in levels if level is not None]
    numeric = bool(known) and all(isinstance(level, int | float) and not isinstance(level, bool) for level in known)
    column = pd.Series(list(levels), dtype=object)
    return pd.to_numeric(column) if numeric else column


def run_row(run: Run, record: RunRecord | None, window: Window | None) -> dict[str, Any]:
    """Lay out a planned run: what was measured of it, and its settings by their dotted keys."""
    kind = "baseline" if is_baseline(run.experiment) else "probe" if probed_experiment(run.experiment) else "experiment"
    span = window.span if record and window else (None, None)
    return {
        "experiment": run.experiment,
        "repeat": run.repeat,
        "kind": kind,
        "measured": record is not None,
        "started": record.phases.load_started if record else None,
        "window_begin": span[0],
        "window_end": span[1],
        "requests": record.counts.recorded if record else None,
        "checks_ok": all(check.ok for check in record.checks) if record else None,
        **dict(dotted_keys(run.model_dump(exclude={"experiment", "repeat"}))),
    }


def verdict_row(run: RunVerdict, of_experiment: Verdict) -> dict[str, Any]:
    """Lay out the verdict of a run, and the signals of its evidence by their names."""
    return {
        "experiment": run.experiment,
        "repeat": run.repeat,
        "verdict": str(run.verdict),
        "parties": ", ".join(run.parties),
        "counts": run.counts,
        "experiment_verdict": str(of_experiment),
        "runner_up": run.runner_up,
        "remark": run.remark,
        "next_measurement": run.probe,
        **{evidence.signal: evidence.value for evidence in run.evidence},
    }


def sweep_row(level: SweepLevel) -> dict[str, Any]:
    """Lay out a level of a sweep, without its value."""
    return {
        "experiment": level.experiment,
        "verdict": str(level.verdict),
        "runs": len(level.goodput_rps),
        **_bounds(("goodput_rps", "goodput_low", "goodput_high"), level.throughput),
        **_bounds(("mean_ms", "mean_low", "mean_high"), level.response),
        **_bounds(("speedup", "speedup_low", "speedup_high"), level.throughput_ratio),
    }


def choose_columns(path: Path, existing: Sequence[str], columns: str | Sequence[str] | None) -> list[str]:
    """Choose columns of a file, all of them if none is named; a single one may be given as text."""
    if columns is None:
        return list(existing)
    names = list(dict.fromkeys([columns] if isinstance(columns, str) else columns))
    for name in names:
        if name not in existing:
            raise SuiteError(f"{path}: no column {short(name)}; columns: {listed(existing)}")
    return names


def _bounds(names: tuple[str, str, str], figure: Bounded | None) -> dict[str, float]:
    """Give a figure and the ends of its interval their names; NaN where they are not known."""
    values = (figure.value, figure.low, figure.high) if figure else (None, None, None)
    return {name: float("nan") if value is None else value for name, value in zip(names, values, strict=True)}


def period(starts: Sequence[float]) -> str:
    """Write from when to when runs began; nothing if there are none."""
    if not starts:
        return ""
    first, last = (pd.Timestamp(time, unit="s", tz="UTC") for time in (min(starts), max(starts)))
    same_day = first.date() == last.date()
    end = f"{last:%H:%M}" if same_day else f"{last:%Y-%m-%d %H:%M}"
    return f", {first:%Y-%m-%d %H:%M} to {end} UTC"
