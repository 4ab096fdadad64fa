"""The tables and figures of all runs of a plan, read once and stacked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from loadstone.analyse.repeats import RunFigures
from loadstone.plan.schedule import Plan
from loadstone.results.integrity import check_sums
from loadstone.results.signals import Signals, read_signals
from loadstone.results.summary import summary_table
from loadstone.results.tables import PERCENTILES, RunKey, read_run_tables, without_unshown
from loadstone.results.window import Window, read_window
from loadstone.suite.hypotheses import ALL

METRICS = ("throughput_rps", "goodput_rps", "mean_ms", *PERCENTILES)
"""Figures of a run that are averaged over repeats."""


@dataclass(frozen=True, slots=True)
class MeasuredCampaign:
    """What `summarise` wrote about all runs of a plan."""

    plan: Plan
    summary: pd.DataFrame
    """Experiment × repeat × endpoint, with the columns of `summary.csv`."""
    signals: dict[RunKey, Signals]
    """Without the figures of baselines: those are added by `loadstone.analyse.verdicts.against_baselines`."""
    windows: dict[RunKey, Window]
    counting: frozenset[RunKey] | None = None
    """The runs that means include, as in `verdicts.json`; None, before there are verdicts, means all runs."""

    def together(self, experiment: str) -> pd.DataFrame:
        """Select an experiment's rows for all endpoints together, one per repeat that counts."""
        table = self.summary
        rows = table[(table["experiment"] == experiment) & (table["endpoint"] == ALL)]
        return rows[[self.counts((experiment, int(repeat))) for repeat in rows["repeat"]]]

    def rows(self, experiment: str, endpoint: str) -> pd.DataFrame:
        """Select an experiment's rows for one endpoint. Percentiles that so few requests do not show are NaN."""
        table = self.summary
        return without_unshown(table[(table["experiment"] == experiment) & (table["endpoint"] == endpoint)])

    def counts(self, run: RunKey) -> bool:
        """Whether means include a run."""
        return self.counting is None or run in self.counting

    def figures(self, experiments: Sequence[str]) -> list[RunFigures]:
        """List the metrics of each run that counts, of some experiments; NaN for percentiles of too few requests."""
        return [
            RunFigures(
                experiment=name,
                repeat=int(row["repeat"]),
                started=self.windows[name, int(row["repeat"])].started,
                metrics={metric: float(row[metric]) for metric in METRICS},
                steal=self.signals[name, int(row["repeat"])].host_steal,
            )
            for name in experiments
            for _, row in without_unshown(self.together(name)).iterrows()
        ]


def load_measured(plan: Plan, summaries: Path) -> MeasuredCampaign:
    """Read the tables of all runs of a plan. Raises `ResultError` where one is missing or damaged."""
    check_sums(summaries / run.experiment / str(run.repeat) for run in plan.runs)
    folders = {(run.experiment, run.repeat): summaries / run.experiment / str(run.repeat) for run in plan.runs}
    return MeasuredCampaign(
        plan=plan,
        summary=summary_table(plan, read_run_tables(plan, summaries, "endpoints")),
        signals={key: read_signals(folder / "signals.json") for key, folder in folders.items()},
        windows={key: read_window(folder / "window.json") for key, folder in folders.items()},
    )
