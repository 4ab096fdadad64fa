"""What all runs of a suite have in common: their tables and figures, read once and stacked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from loadstone.analyse.repeats import RunFigures
from loadstone.plan.schedule import Plan
from loadstone.results.integrity import check_sums
from loadstone.results.signals import Signals, read_signals
from loadstone.results.tables import ENDPOINT_COLUMNS, PERCENTILES, RunKey, read_run_tables
from loadstone.results.window import Window, read_window
from loadstone.suite.hypotheses import ALL

METRICS = ("throughput_rps", "goodput_rps", "mean_ms", *PERCENTILES)
"""Figures of a run that are put together over repeats."""


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
        summary=read_run_tables(plan, summaries, "endpoints")[["experiment", "repeat", *ENDPOINT_COLUMNS]],
        signals={key: read_signals(folder / "signals.json") for key, folder in folders.items()},
        windows={key: read_window(folder / "window.json") for key, folder in folders.items()},
    )
