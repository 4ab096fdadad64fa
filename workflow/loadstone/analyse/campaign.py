"""What all runs of a suite have in common: their tables and figures, read once and stacked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import NonNegativeInt, TypeAdapter, ValidationError

from loadstone.analyse.damage import check_sums
from loadstone.analyse.heat import HEAT_COLUMNS
from loadstone.analyse.processes import COLUMNS as PROCESS_COLUMNS
from loadstone.analyse.repeats import RunFigures
from loadstone.analyse.requests import ALL, COURSE_COLUMNS, ENDPOINT_COLUMNS, LATENCY_COLUMNS, PERCENTILES
from loadstone.analyse.signals import Signals
from loadstone.analyse.signalsfile import read_signals
from loadstone.analyse.window import Window, read_window
from loadstone.errors import DamagedError, ResultError
from loadstone.plan import Plan, Run
from loadstone.text import listed

METRICS = ("throughput_rps", "goodput_rps", "mean_ms", *PERCENTILES)
"""Figures of a run that are put together over repeats."""

COLUMNS: dict[str, Collection[str]] = {
    "endpoints": ENDPOINT_COLUMNS,
    "latency": LATENCY_COLUMNS,
    "course": COURSE_COLUMNS,
    "heat": HEAT_COLUMNS,
    "processes": PROCESS_COLUMNS,
}
"""Table of a run → its columns."""
TEXTS = frozenset({"endpoint", "role", "failure_kinds"})
NEVER_EMPTY = frozenset({"endpoint", "role", "requests", "failures", "second", "pid", "probability"})

RunKey = tuple[str, int]
"""Experiment and repeat."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What `summarise` left of all runs of a plan."""

    plan: Plan
    summary: pd.DataFrame
    """Experiment × repeat × endpoint."""
    signals: dict[RunKey, Signals]
    """Without the baselines' figures, which only all runs together know."""
    windows: dict[RunKey, Window]
    unsound: frozenset[RunKey] = frozenset()
    """Runs that are not to be used: they take no part in means."""

    def together(self, experiment: str) -> pd.DataFrame:
        """Take the rows of an experiment in which all endpoints are together, one a sound repeat.

        Where no repeat is sound, all of them: something has to be shown, and its verdict says what to make of it.
        """
        table = self.summary
        rows = table[(table["experiment"] == experiment) & (table["endpoint"] == ALL)]
        sound = rows[[(experiment, repeat) not in self.unsound for repeat in rows["repeat"]]]
        return rows if sound.empty else sound

    def figures(self, experiments: Sequence[str]) -> list[RunFigures]:
        """List the metrics of all runs of some experiments."""
        return [
            RunFigures(
                experiment=name,
                repeat=int(row["repeat"]),
                started=self.windows[name, int(row["repeat"])].started,
                metrics={metric: float(row[metric]) for metric in METRICS},
                steal=self.signals[name, int(row["repeat"])].host_steal,
            )
            for name in experiments
            for _, row in self.together(name).iterrows()
        ]


def load_measured(plan: Plan, summaries: Path) -> Measured:
    """Read the tables of all runs. Raises `ResultError` where one is missing or damaged."""
    check_sums(summaries / run.experiment / str(run.repeat) for run in plan.runs)
    folders = {(run.experiment, run.repeat): summaries / run.experiment / str(run.repeat) for run in plan.runs}
    return Measured(
        plan=plan,
        summary=gather(plan, summaries, "endpoints")[["experiment", "repeat", *ENDPOINT_COLUMNS]],
        signals={key: read_signals(folder / "signals.json") for key, folder in folders.items()},
        windows={key: read_window(folder / "window.json") for key, folder in folders.items()},
    )


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
    expected = COLUMNS[path.stem]
    if list(frame.columns) != list(expected):
        whose = "damaged, or of another version of Loadstone"
        raise DamagedError(f"{path}: {whose}: its columns aren't {listed(expected)}", path)
    for name in expected:
        whole = name in NEVER_EMPTY
        is_text = name in TEXTS or not len(frame)
        if not (is_text or pd.api.types.is_numeric_dtype(frame[name])) or (whole and frame[name].isna().any()):
            raise DamagedError(f"{path}: damaged: column {name}", path)
        if not is_text and np.isinf(frame[name].astype(float)).any():
            raise DamagedError(f"{path}: damaged: column {name}", path)
        if name == "failure_kinds" and not all(map(_counts_failures, frame[name].dropna())):
            raise DamagedError(f"{path}: damaged: column {name}", path)
    if path.stem == "endpoints" and not (frame["endpoint"].is_unique and frame["endpoint"].tolist()[:1] == [ALL]):
        raise DamagedError(f"{path}: damaged: its rows aren't {ALL}, then each endpoint once", path)
    frame.insert(0, "experiment", run.experiment)
    frame.insert(1, "repeat", run.repeat)
    return frame


_KINDS = TypeAdapter(dict[str, NonNegativeInt])


def _counts_failures(text: str) -> bool:
    """Whether a text is JSON that gives each kind of failure its number."""
    try:
        _KINDS.validate_json(text, strict=True)
    except ValidationError:
        return False
    return True
